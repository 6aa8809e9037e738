// How much of a group has not ended, who waits for that, and which other groups count it as theirs.
//
// A group is busy while its count is positive: of tasks that it runs, of tokens that it gave out, and of busy groups that it is
// linked to. A link from A to B says that A waits for B: B counts once in A for as long as B is busy.
//
// Invariants, whenever the mutex is free:
//   K1. `open_` >= `tasks_` >= 0. Nobody waits for the end of what is zero.
//   K2. `tasks_` is zero once no task will touch the group but to drop its reference.
// Whenever the mutex of the links is free too, and no `Add` is in progress:
//   K3. Each dependent has counted this group once if it is busy (`told_busy_`), and not at all otherwise.
//   K4. Following the links one never comes back: `Link` refuses.
//   K5. A group owns those that it waits for, and those do not own it: `Leave` takes it out of them before it goes. A group that
//       is idle, and that nobody can add to any more, is taken out of those that wait for it.
//   K6. If a group is draining, so is each below it. A draining group begins only what its own tasks begin: looking at that and
//       counting is one step, so what has been found idle while it was draining stays so.
//
// Who wakes whom: the `Add` that makes a count zero wakes all who wait for that. Between idle and busy it also tells the
// dependents, which may go from one to the other by that: one after the other, under the mutex of the links. `Drain` wakes those who
// wait for `draining`.

#ifndef EVENTBUS_INTERNAL_GROUPS_GROUP_COUNT_H_
#define EVENTBUS_INTERNAL_GROUPS_GROUP_COUNT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "eventbus/drain_report.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class GroupCount : public Selectable, public RefCounted {
 public:
  // The roles of a group's waiters.
  static constexpr Role kIdle = Role::kReceive;  // Waits until the group is not busy.
  static constexpr Role kNoTasks = Role::kSend;  // Waits until it runs no task, whatever else it is busy with.

  GroupCount() = default;

  // Who wants something counted.
  enum class By {
    kAnyone,
    kOwnTask,  // And is counted itself.
  };
  // Counts one more: a token, or a task that may begin at once or first waits for an executor. False, and nothing happened, while
  // this is draining (K6). The caller holds a reference.
  bool TryAdd(By by) { return Accept(by, {.open = +1}); }
  bool TryAddTask(By by) { return Accept(by, {.open = +1, .tasks = +1}); }
  bool TryAddQueuedTask(By by) { return Accept(by, {.open = +1, .tasks = +1, .queued = +1}); }
  // A task that waited for an executor does no longer.
  void BeginTask() { queued_.fetch_sub(1, std::memory_order_relaxed); }
  // Counts one less.
  void Remove() {
    WakeList wakes;
    Change({.open = -1, .handled = +1}, wakes);
  }
  // Whom that lets go on is on `wakes`. `ran`: it has not ended before it began.
  void RemoveTask(bool ran, WakeList& wakes) {
    Change({.open = -1, .tasks = -1, .handled = ran ? 1 : 0, .never_ran = ran ? 0 : 1}, wakes);
  }
  // The same for a task that could not be started: it never was.
  void ForgetTask(WakeList& wakes) { Change({.open = -1, .tasks = -1}, wakes); }

  // Refuses, from now on, here and in all groups below. Happens once.
  void RequestDrain();
  Event& draining() { return draining_; }

  // What became of what this has accepted; then the same of those below, and of others that it waits for and that are busy.
  DrainReport Report() const;

  // From now on this waits for `other` too, which may be a part of it and then drains with it. False, and nothing happened, if
  // `other` waits for this, or is it. O(number of groups that `other` waits for, however indirectly). Throws `std::bad_alloc`, and
  // nothing happened.
  enum class Bond { kLinked, kBelow };
  bool Link(GroupCount& other, Bond bond);

  // The owner goes. This waits for no other group any more; a group that waits for this does so until it is idle.
  void Leave();

  int64_t ApproxCount() const;

  // How many wait. O(n).
  size_t CountWaiting() const;

  // How many groups this waits for directly. For tests.
  size_t CountLinked() const;

  // Selectable: complete while what the arm's role says is so.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const override {
    thing.what = arm.role == kIdle ? "end of group" : "end of tasks of group";
  }

 protected:
  ~GroupCount() override = default;

 private:
  struct Delta {
    int64_t open = 0;
    int64_t tasks = 0;
    int64_t queued = 0;
    int64_t linked = 0;
    int64_t handled = 0;
    int64_t never_ran = 0;
  };
  struct WaitedFor {
    Ref<GroupCount> group;
    Bond bond;
  };

  // For people.
  virtual const std::string& drained_name() const = 0;

  // Counts, unless this is draining and `by` says that it may not.
  bool Accept(By by, const Delta& delta);
  void Change(const Delta& delta, WakeList& wakes);

  // Changes the counts. True if that took this from idle to busy or back, and others depend on it.
  bool ChangeLocked(const Delta& delta, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Restores K6.
  void DrainThisAndBelow(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(links_);

  // Adds entries for this, and what it waits for, to the report.
  void AddEntries(Bond bond, std::set<const GroupCount*>& seen, DrainReport& report) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(links_);

  // Restores K3, and K5 if this is idle. A recursion as deep as links follow one another.
  void TellDependents(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(links_);

  // Whether this waits for `other`, or is it.
  bool WaitsFor(const GroupCount& other) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(links_);

  // One for all groups, for a link concerns two, and a change may go through many. Taken before the mutex of a group, and
  // only by groups that others are linked to.
  static Mutex links_;

  int64_t open_ ABSL_GUARDED_BY(mutex) = 0;
  int64_t tasks_ ABSL_GUARDED_BY(mutex) = 0;
  int64_t linked_ ABSL_GUARDED_BY(mutex) = 0;           // Of what is open, the groups that this waits for.
  bool refuses_ ABSL_GUARDED_BY(mutex) = false;         // Draining.
  int64_t handled_ ABSL_GUARDED_BY(mutex) = 0;          // Tasks and tokens that have ended since then...
  int64_t never_ran_ ABSL_GUARDED_BY(mutex) = 0;        // ...but for tasks that never began.
  bool has_dependents_ ABSL_GUARDED_BY(mutex) = false;  // There may be some.
  WaitQueue idle_ ABSL_GUARDED_BY(mutex);
  WaitQueue no_tasks_ ABSL_GUARDED_BY(mutex);

  Event draining_;

  // Of the tasks, those that wait for an executor. Raised under the mutex. Relaxed: only reports look at it.
  Atomic<int64_t> queued_{0};

  bool told_busy_ ABSL_GUARDED_BY(links_) = false;
  bool left_ ABSL_GUARDED_BY(links_) = false;
  std::set<GroupCount*> dependents_ ABSL_GUARDED_BY(links_);
  std::map<GroupCount*, WaitedFor> waits_for_ ABSL_GUARDED_BY(links_);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_GROUP_COUNT_H_
