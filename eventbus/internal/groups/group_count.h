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
//
// Who wakes whom: the `Add` that makes a count zero wakes all who wait for that. Between idle and busy it also tells the
// dependents, which may go from one to the other by that: one after the other, under the mutex of the links.

#ifndef EVENTBUS_INTERNAL_GROUPS_GROUP_COUNT_H_
#define EVENTBUS_INTERNAL_GROUPS_GROUP_COUNT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class GroupCount : public Selectable, public RefCounted {
 public:
  // The roles of a group's waiters.
  static constexpr Role kIdle = Role::kReceive;  // Waits until the group is not busy.
  static constexpr Role kNoTasks = Role::kSend;  // Waits until it runs no task, whatever else it is busy with.

  GroupCount() = default;

  // Counts one more, or one less. The caller holds a reference.
  void Add() { Change(+1, 0); }
  void Remove() { Change(-1, 0); }
  void AddTask() { Change(+1, +1); }
  // Whom that lets go on is on `wakes`.
  void RemoveTask(WakeList& wakes) { Change(-1, -1, wakes); }

  // From now on this waits for `other` too. False, and nothing happened, if `other` waits for this, or is it. O(number of groups that
  // `other` waits for, however indirectly). Throws `std::bad_alloc`, and nothing happened.
  bool Link(GroupCount& other);

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

 protected:
  ~GroupCount() override = default;

 private:
  void Change(int64_t open, int64_t tasks) {
    WakeList wakes;
    Change(open, tasks, wakes);
  }
  void Change(int64_t open, int64_t tasks, WakeList& wakes);

  // Changes the count of what is busy. True if that took this from idle to busy or back, and others depend on it.
  bool ChangeLocked(int64_t open, int64_t tasks, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Restores K3, and K5 if this is idle. A recursion as deep as links follow one another.
  void TellDependents(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(links_);

  // Whether this waits for `other`, or is it.
  bool WaitsFor(const GroupCount& other) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(links_);

  // One for all groups, for a link concerns two, and a change may go through many. Taken before the mutex of a group, and
  // only by groups that others are linked to.
  static Mutex links_;

  int64_t open_ ABSL_GUARDED_BY(mutex) = 0;
  int64_t tasks_ ABSL_GUARDED_BY(mutex) = 0;
  bool has_dependents_ ABSL_GUARDED_BY(mutex) = false;  // There may be some.
  WaitQueue idle_ ABSL_GUARDED_BY(mutex);
  WaitQueue no_tasks_ ABSL_GUARDED_BY(mutex);

  bool told_busy_ ABSL_GUARDED_BY(links_) = false;
  bool left_ ABSL_GUARDED_BY(links_) = false;
  std::set<GroupCount*> dependents_ ABSL_GUARDED_BY(links_);
  std::map<GroupCount*, Ref<GroupCount>> waits_for_ ABSL_GUARDED_BY(links_);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_GROUP_COUNT_H_
