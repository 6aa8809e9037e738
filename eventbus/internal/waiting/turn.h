// Taking turns in arrival order, with a wait that can be part of a select: the lock that the senders of one feed share.
//
// Invariants:
//   T1. If nobody holds the turn, nobody waits for it. `Release` hands it to the oldest waiter directly, so a late comer never
//       overtakes.
//   T2. Once closed, nobody waits for it, whoever holds it and for however long.

#ifndef EVENTBUS_INTERNAL_WAITING_TURN_H_
#define EVENTBUS_INTERNAL_WAITING_TURN_H_

#include <utility>

#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class Turn : public Selectable {
 public:
  virtual ~Turn() = default;

  // Takes the turn if it is free.
  bool TryTake() {
    MutexLock lock(&mutex);
    return !std::exchange(taken_, true);
  }

  // Gives it to the oldest waiter, or frees it. The caller holds it.
  void Release() {
    if (!TryFree()) HandOver();
  }

  // Ends the waits for it, now and later: with the outcome `kClosed`, and without the turn. Who holds it keeps it.
  void Close();

  // How many wait for it. O(n).
  size_t CountWaiting() const;

  // Selectable: an arm is complete when its operation has the turn, or never gets it.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "turn"; }

 private:
  // The same, if nobody waits for it.
  bool TryFree() {
    MutexLock lock(&mutex);
    if (waiting_.front() == nullptr) taken_ = false;
    return !taken_;
  }
  // Where somebody did a moment ago.
  void HandOver();

  bool taken_ ABSL_GUARDED_BY(mutex) = false;
  bool closed_ ABSL_GUARDED_BY(mutex) = false;
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_TURN_H_
