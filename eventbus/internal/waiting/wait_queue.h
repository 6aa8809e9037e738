// The waiters of one selectable and one role, oldest first. Guarded by the selectable's mutex.

#ifndef EVENTBUS_INTERNAL_WAITING_WAIT_QUEUE_H_
#define EVENTBUS_INTERNAL_WAITING_WAIT_QUEUE_H_

#include <cstddef>

#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class WaitQueue {
 public:
  void PushBack(Waiter& waiter) { waiters_.PushBack(waiter); }

  // True if nobody waits. If false, all that wait may still turn out to be claimed elsewhere.
  bool empty() const { return waiters_.empty(); }

  // The oldest waiter, stale or not; null if none.
  Waiter* front() const { return waiters_.front(); }

  // Takes out the oldest waiter whose operation could be claimed, dropping the stale ones before it; null if none.
  // Amortised O(1): each waiter is dropped once.
  Waiter* PopClaimed() {
    while (Waiter* waiter = waiters_.PopFront()) {
      if (waiter->operation->TryClaim(*waiter)) return waiter;
    }
    return nullptr;
  }

  // Claims every waiter that can be claimed, with `outcome`, and empties the queue.
  void ClaimAll(Outcome outcome, WakeList& wakes) {
    while (Waiter* waiter = PopClaimed()) {
      waiter->outcome = outcome;
      wakes.Add(*waiter);
    }
  }

  // How many waiters are linked, stale ones included. O(n): for tests and reports.
  size_t CountLinked() const {
    size_t count = 0;
    waiters_.ForEach([&count](Waiter&) { ++count; });
    return count;
  }

 private:
  List<Waiter> waiters_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_WAIT_QUEUE_H_
