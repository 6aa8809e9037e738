// The blocked operation of a thread that waits for one thing only.

#ifndef EVENTBUS_INTERNAL_WAITING_THREAD_WAIT_H_
#define EVENTBUS_INTERNAL_WAITING_THREAD_WAIT_H_

#include "eventbus/internal/waiting/parker.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/spin_backoff.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class ThreadWait final : public SoleOperation {
 public:
  // `target` is for people, and what the waiter will be enlisted in; null if there is no need to tell.
  explicit ThreadWait(const Selectable* target = nullptr) : target_(target) { waiter_.operation = this; }

  // To be enlisted, once, before `Await`.
  Waiter& waiter() { return waiter_; }

  // Waits awake, for a moment, for the waiter to be completed. For who may hope that the other side comes soon, and has not yet waited
  // for that; holding nothing.
  void StayAwake() const {
    SpinBackoff backoff(SpinBackoff::First::kFew);
    while (backoff.PauseInPlace() && !parker_.Has(Parker::kWoken)) {
    }
  }

  // Sleeps until the waiter has been completed, or takes it out at `until`: `kDeadline`, and nothing happened. `mutex`
  // is that of the selectable where the waiter is enlisted, which is none that has a `Withdrawn`.
  Outcome Await(Mutex& mutex, Instant until) ABSL_LOCKS_EXCLUDED(mutex) {
    if (!parker_.Park(Parker::kWoken, until, target_ != nullptr ? this : nullptr)) {
      {
        MutexLock lock(&mutex);
        if (waiter_.linked()) {
          waiter_.Unlink();
          return Outcome::kDeadline;
        }
      }
      parker_.Park(Parker::kWoken, Instant::Never());  // Completed in the same instant: the wake-up is on its way.
    }
    return waiter_.outcome;
  }

  void Wake(Waiter&, ReadyWork&) override { parker_.Unpark(Parker::kWoken); }

  void DescribeWait(WaiterInfo& info) const override { target_->DescribeWaitFor(waiter_, info.things.emplace_back()); }

 private:
  const Selectable* const target_;
  Waiter waiter_;
  Parker parker_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_THREAD_WAIT_H_
