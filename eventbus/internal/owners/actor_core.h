// The queue of an actor and its one owner, an activity that runs requests whenever there are any.
//
// | `turn_` | there are requests | then |
// |---|---|---|
// | idle | no | who enqueues calls the owner: called |
// | called | yes | a notification is on its way; the run that it starts is busy |
// | busy | perhaps | the run takes them until there are none: idle |
//
// Invariants:
//   R1. A request is in `queue_` (accepted) or in `waiting_` (no room yet) from `Enqueue` until it is taken, withdrawn or
//       refused; with a reference of its own. `waiting_` is empty unless `queue_` is full: whoever takes one out of the queue
//       moves the oldest that waits up.
//   R2. If there is a request, the owner is not idle: who makes it idle has seen, under the mutex, that there is none; who
//       enqueues and finds it idle makes it called and notifies it, once.
//   R3. Once `ended_`, nothing is enqueued; what was enqueued before has been refused by the time the end is announced. So
//       every request is settled, whatever ends the actor.
//   R4. Requests run one at a time, by who holds the activity's `running`; the state is used by nobody else.
//   R5. Once `draining_`, nothing is enqueued but by the owner's own functions, nothing waits for room, and an owner that finds no
//       request ends. Who sets it calls the owner if that is idle, so it looks once more.
//
// Who wakes whom: the owner wakes who waits for the request that it has run, accepted or refused; who takes out a request
// wakes the one that it makes room for.

#ifndef EVENTBUS_INTERNAL_OWNERS_ACTOR_CORE_H_
#define EVENTBUS_INTERNAL_OWNERS_ACTOR_CORE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/actor_request.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/event.h"

namespace eventbus::internal {

using ActorErrorHook = absl::AnyInvocable<void(const absl::Status& error)>;

class ActorCore : public RefCounted, private Activity {
 public:
  // Lets the owner wait for its first request. Once, when fully constructed.
  void Begin() { StartWaiting(); }

  // Whether the request may wait for room.
  enum class Room { kAwaited, kRequired };
  // Adds `request` for the owner: OK; or nothing has happened, and the reason.
  absl::Status Enqueue(ActorRequest& request, Room room);

  // True if it was still to run, and now never will. O(1).
  bool Withdraw(ActorRequest& request);

  // Enqueues and blocks until `request` has run: OK; or has been refused: why; or until `context` is done, which is checked
  // first: its status, and the request is withdrawn unless it has begun.
  absl::Status Perform(const Context& context, ActorRequest& request, absl::string_view call);

  // The end of that, for who has waited for the one or the other.
  absl::Status Conclude(const Context& context, ActorRequest& request);

  // The same until `request` is accepted. From inside the owner it does not wait for room.
  absl::Status PerformPost(const Context& context, ActorRequest& request, Room room);

  // Ends the owner: refuses what has not begun, and returns when nothing runs any more; from inside, at once.
  void Stop();

  // As `Actor::Drain` and `Actor::RequestDrain`.
  DrainReport Drain(const Context& context);
  void RequestDrain();

  using Activity::RunsHere;

  // Happens once it has ended.
  Event& end() { return end_; }

  // How many requests have not begun.
  size_t CountPending() const;

  // For requests: what a call came to that threw, and the hook for those whose caller has gone.
  absl::Status Threw(absl::string_view what) const;
  void Report(const absl::Status& error);
  absl::Status NotRun(const Context& context) const;

 protected:
  ActorCore(Executor& executor, std::string name, size_t capacity, ActorErrorHook on_error)
      : Activity(executor), name_(std::move(name)), capacity_(capacity), on_error_(std::move(on_error)) {}

  virtual void* state() = 0;
  // Ends the life of the state. Must not throw.
  virtual void DestroyState() = 0;

 private:
  // How many requests one run takes at most before others of the executor have their turn.
  static constexpr int kBatch = 32;

  enum class Turn : uint8_t { kIdle, kCalled, kBusy };

  Next DoSome() override;
  void CleanUp(bool abandoned) override;
  void Announce(WakeList& wakes) override { end_.Happen(wakes); }
  void Keep() override { AddRef(); }
  void LetGo() override { DropRef(); }

  // The oldest request, with its reference, to be run; or null, and the owner is idle or, if `ends`, is to end. `moved_up`, if not
  // null afterwards, is to be settled without the mutex.
  Ref<ActorRequest> TakeOrIdle(Ref<ActorRequest>& moved_up, bool& ends);
  // One has left the queue: moves the oldest that waits up, if any. Returns it if its caller waits for that.
  Ref<ActorRequest> MoveUpLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Refuses each of `refused`, and drops its reference.
  void Refuse(List<ActorRequest>& refused, const absl::Status& why);
  DrainReport MakeReport() const;
  void AcceptLocked(ActorRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status RefusalLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of a request that is settled: why it was not run or, if it was posted, not accepted.
  absl::Status RefusalOf(const ActorRequest& request) const;

  const std::string name_;
  const size_t capacity_;
  ActorErrorHook on_error_;  // For who holds `running` (R4).

  mutable Mutex mutex_;  // Nothing is run, refused or woken under it.
  Turn turn_ ABSL_GUARDED_BY(mutex_) = Turn::kIdle;
  bool refusing_ ABSL_GUARDED_BY(mutex_) = false;   // `Stop` has been called, or it has ended.
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;   // R5
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;      // R3
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;  // Its executor was shut down.
  List<ActorRequest> queue_ ABSL_GUARDED_BY(mutex_);
  List<ActorRequest> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;       // The length of `queue_`.
  size_t pending_ ABSL_GUARDED_BY(mutex_) = 0;      // That of both.
  bool serves_ ABSL_GUARDED_BY(mutex_) = false;     // A request has begun, and the owner has not looked for another.
  uint64_t handled_ ABSL_GUARDED_BY(mutex_) = 0;    // Requests that have ended since it began to drain.
  uint64_t never_ran_ ABSL_GUARDED_BY(mutex_) = 0;  // Accepted requests that were refused at the end.

  EventCalled<"end of actor"> end_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_ACTOR_CORE_H_
