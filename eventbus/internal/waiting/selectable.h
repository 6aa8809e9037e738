// The contract of everything that can be waited on. `Select` knows this and nothing else.
//
// To implement it:
//   1. Keep one or more `WaitQueue`s, guarded by `mutex`.
//   2. `TryComplete(arm)`: do the operation now if it can be done now, and say so in `arm.outcome`. Whom this makes
//      ready (claimed by `WaitQueue::PopClaimed`) goes on `wakes`.
//   3. `Enlist(arm)`: link the waiter. It is called only under the same hold of the mutex as a `TryComplete` that did
//      nothing, so there is no window in which a wake-up could be lost.
//   4. Whatever makes an enlisted waiter's operation possible claims the waiter, completes it and wakes it, as
//      `waiter.h` says.
//   5. If a waiter may hold up those behind it, serve them in `Withdrawn`, once it has given up.
//   6. Say in `DescribeWaitFor` what it is that is waited for: for people.
//   7. If the passing of time alone makes it ready, say when in `ReadyAt`; threads that wait on it sleep no longer than
//      that and then try again.

#ifndef EVENTBUS_INTERNAL_WAITING_SELECTABLE_H_
#define EVENTBUS_INTERNAL_WAITING_SELECTABLE_H_

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class Selectable {
 public:
  // Completes `arm` if that needs no waiting: true, with `arm.outcome` set. False, and nothing happened, otherwise.
  // Moves a value at most; runs no other user code.
  virtual bool TryComplete(Waiter& arm, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) = 0;

  // Links `arm`. It is taken out by whoever claims it or by its owner, with `Waiter::Unlink` under the mutex.
  virtual void Enlist(Waiter& arm) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) = 0;

  // A waiter has given up, and its owner has just taken it out: it may have been first in a queue, and held up those
  // behind it. Whom this makes ready goes on `wakes`. Channels and events need none of this: there each waiter wants one.
  virtual void Withdrawn(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { static_cast<void>(wakes); }

  // When `arm` may become ready with nobody there to wake it; `Instant::Never()` if never.
  virtual Instant ReadyAt(const Waiter& arm) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    static_cast<void>(arm);
    return Instant::Never();
  }

  // Says what `arm`, which is enlisted here and stays so, waits for. From any thread; takes the mutex where it needs it.
  virtual void DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const = 0;

  // Guards the queues and the state. Lock order: `mutex.h`.
  mutable Mutex mutex;

 protected:
  ~Selectable() = default;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_SELECTABLE_H_
