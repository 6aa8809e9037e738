// The blocked operation of a coroutine that waits for one thing only. A part of the coroutine's frame.

#ifndef EVENTBUS_INTERNAL_WAITING_ASYNC_WAIT_H_
#define EVENTBUS_INTERNAL_WAITING_ASYNC_WAIT_H_

#include <coroutine>
#include <exception>
#include <memory>
#include <utility>

#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/alarm.h"
#include "eventbus/internal/waiting/coroutine_activity.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class AsyncWait final : public SoleOperation {
 public:
  // `target` and `value` (as in `Waiter`) must outlive this.
  AsyncWait(Selectable& target, Role role, void* value);
  AsyncWait(const AsyncWait&) = delete;
  AsyncWait& operator=(const AsyncWait&) = delete;
  ~AsyncWait() { Withdraw(); }

  // Completes the operation if it need not wait: false. Otherwise leaves the waiter, so that `activity` is resumed at `here`
  // once it is completed. Allocates if time alone can complete it.
  bool Suspend(CoroutineActivity& activity, std::coroutine_handle<> here);

  // Instead of a `Suspend` that threw: has `Resume` throw it.
  void Fail(std::exception_ptr thrown) { thrown_ = std::move(thrown); }

  // For a target that can complete the waiter by less than its mutex, instead of a `Suspend`.
  Selectable& target() { return target_; }
  Waiter& waiter() { return waiter_; }

  // Afterwards: how it ended.
  Outcome Resume();

  // Takes the waiter out, if the coroutine ends instead of going on. Afterwards `outcome()` says whether it had been
  // completed all the same.
  void Withdraw();
  Outcome outcome() const { return waiter_.outcome; }

  void Wake(Waiter&, ReadyWork& ready) override { activity_->Notify(ready); }

  void DescribeWait(WaiterInfo& info) const override { target_.DescribeWaitFor(waiter_, info.things.emplace_back()); }

 private:
  class DueAlarm;

  // The time has come at which it may be completed by itself.
  void Due(WakeList& wakes, ReadyWork& ready);

  Selectable& target_;
  CoroutineActivity* activity_ = nullptr;  // Of whom waits; null before and after.
  std::unique_ptr<Alarm> alarm_;           // Null unless time alone can complete it.
  std::exception_ptr thrown_;
  Waiter waiter_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_ASYNC_WAIT_H_
