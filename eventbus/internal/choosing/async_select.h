// A select that a coroutine waits for. A part of its frame.
//
// It differs from that of a thread in what a claim wakes, and in time: a thread sleeps until an arm may be due by itself,
// here an alarm rings then, and who rings it tries the arms that time makes ready.

#ifndef EVENTBUS_INTERNAL_CHOOSING_ASYNC_SELECT_H_
#define EVENTBUS_INTERNAL_CHOOSING_ASYNC_SELECT_H_

#include <coroutine>
#include <exception>
#include <utility>

#include "absl/types/span.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/choosing/select_run.h"
#include "eventbus/internal/waiting/alarm.h"
#include "eventbus/internal/waiting/coroutine_activity.h"

namespace eventbus::internal {

class AsyncSelectWait final : public Operation, private Alarm {
 public:
  // Borrows `arms`.
  AsyncSelectWait(absl::Span<const Arm> arms, Choice choice) : run_(arms, choice) {}
  AsyncSelectWait(const AsyncSelectWait&) = delete;
  AsyncSelectWait& operator=(const AsyncSelectWait&) = delete;
  ~AsyncSelectWait() { Withdraw(); }

  // Lets an arm take effect if one can: false. Otherwise enlists them all, so that `activity` is resumed at `here` once
  // one has taken effect.
  bool Suspend(CoroutineActivity& activity, std::coroutine_handle<> here);

  // Instead of a `Suspend` that threw: has `Resume` throw it.
  void Fail(std::exception_ptr thrown) { thrown_ = std::move(thrown); }

  // Afterwards: which arm took effect, and how.
  Selected Resume();

  // Takes the waiters out, if the coroutine ends instead of going on. Afterwards `selected()` says what had taken effect
  // all the same, if anything.
  void Withdraw();
  Selected selected() const { return selected_; }

  bool TryClaim(Waiter& waiter) override { return word_.Claim(&waiter); }
  void Wake(Waiter&, ReadyWork& ready) override { activity_->Notify(ready); }

  void DescribeWait(WaiterInfo& info) const override { run_.Describe(info); }

 private:
  void Ring(WakeList& wakes, ReadyWork& ready) override;

  // After the end of the wait: sets `selected_` if another claimed it, and takes the waiters out.
  void Conclude();

  SelectRun run_;
  ClaimWord word_;
  Selected selected_ = {.index = -1, .outcome = Outcome::kNotReady};
  CoroutineActivity* activity_ = nullptr;  // Of whom waits; null before and after.
  bool has_alarm_ = false;
  std::exception_ptr thrown_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHOOSING_ASYNC_SELECT_H_
