// At most one wake-up that nobody has had yet, and those who wait for one.
//
// Invariants, whenever the mutex is free ("live" waiters are those whose operation nobody has claimed):
//   N1. If a wake-up is pending, no live waiter is in the queue.
//   N2. Each `Notify` is seen by a wait that ends after it: it claims a waiter, or leaves the wake-up pending.
//
// Who wakes whom: `Notify` the oldest waiter.

#ifndef EVENTBUS_INTERNAL_GROUPS_NOTIFIER_CORE_H_
#define EVENTBUS_INTERNAL_GROUPS_NOTIFIER_CORE_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class NotifierCore final : public Selectable {
 public:
  NotifierCore() = default;
  NotifierCore(const NotifierCore&) = delete;
  NotifierCore& operator=(const NotifierCore&) = delete;
  ~NotifierCore();

  void Notify();

  // How many wait. O(n).
  size_t CountWaiting() const;

  // Selectable: complete when the arm has the wake-up.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "notifier"; }

 private:
  bool pending_ ABSL_GUARDED_BY(mutex) = false;
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

// For `TakingCase`: a wake-up that its taker never had is another's.
struct WakeUpRequest {
  void GiveBack() { notifier->Notify(); }

  NotifierCore* notifier;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_NOTIFIER_CORE_H_
