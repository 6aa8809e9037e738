// The blocked operation of a coroutine that waits for one thing only. A part of the coroutine's frame.

#ifndef EVENTBUS_INTERNAL_WAITING_ASYNC_WAIT_H_
#define EVENTBUS_INTERNAL_WAITING_ASYNC_WAIT_H_

#include <coroutine>

#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/coroutine_activity.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class AsyncWait final : public SoleOperation {
 public:
  // `target` and `value` (as in `Waiter`) must outlive this.
  AsyncWait(Selectable& target, Role role, void* value) : target_(target) {
    waiter_.operation = this;
    waiter_.role = role;
    waiter_.value = value;
  }
  AsyncWait(const AsyncWait&) = delete;
  AsyncWait& operator=(const AsyncWait&) = delete;
  ~AsyncWait() { Withdraw(); }

  // Completes the operation if it need not wait.
  bool TryNow() {
    WakeList wakes;
    MutexLock lock(&target_.mutex);
    return target_.TryComplete(waiter_, wakes);
  }

  // The same, or leaves the waiter, so that `activity` is resumed at `here` once it is completed: true.
  bool Suspend(CoroutineActivity& activity, std::coroutine_handle<> here) {
    WakeList wakes;
    MutexLock lock(&target_.mutex);
    if (target_.TryComplete(waiter_, wakes)) return false;
    activity_ = &activity;
    activity.WaitAt(here);
    target_.Enlist(waiter_);
    return true;
  }

  // After either: how it ended.
  Outcome Resume() {
    activity_ = nullptr;
    return waiter_.outcome;
  }

  // Takes the waiter out, if the coroutine ends instead of going on. Afterwards `outcome()` says whether it had been
  // completed all the same.
  void Withdraw() {
    if (activity_ == nullptr) return;
    {
      MutexLock lock(&target_.mutex);
      if (waiter_.linked()) {
        waiter_.Unlink();
        activity_ = nullptr;
        return;
      }
    }
    activity_->AwaitNotified();
    activity_ = nullptr;
  }
  Outcome outcome() const { return waiter_.outcome; }

  void Wake(Waiter&, ReadyWork& ready) override { activity_->Notify(ready); }

 private:
  Selectable& target_;
  CoroutineActivity* activity_ = nullptr;  // Of whom waits; null before and after.
  Waiter waiter_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_ASYNC_WAIT_H_
