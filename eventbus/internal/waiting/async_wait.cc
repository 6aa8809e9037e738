#include "eventbus/internal/waiting/async_wait.h"

namespace eventbus::internal {

class AsyncWait::DueAlarm final : public Alarm {
 public:
  explicit DueAlarm(AsyncWait& wait) : wait_(wait) {}
  void Ring(WakeList& wakes, ReadyWork& ready) override { wait_.Due(wakes, ready); }

 private:
  AsyncWait& wait_;
};

AsyncWait::AsyncWait(Selectable& target, Role role, void* value) : target_(target) {
  waiter_.operation = this;
  waiter_.role = role;
  waiter_.value = value;
}

bool AsyncWait::Suspend(CoroutineActivity& activity, std::coroutine_handle<> here) {
  Instant due = Instant::Never();
  while (true) {
    {
      WakeList wakes;
      MutexLock lock(&target_.mutex);
      if (target_.TryComplete(waiter_, wakes)) return false;
      due = target_.ReadyAt(waiter_);
      if (due.is_never() || alarm_) {
        activity_ = &activity;
        activity.WaitAt(here, *this);
        target_.Enlist(waiter_);
        break;
      }
    }
    alarm_ = std::make_unique<DueAlarm>(*this);  // May throw, so it comes before the wait.
  }
  // The coroutine may be claimed from here on, and is not resumed before the run that this is a part of has ended.
  if (alarm_) AlarmClock::Get().Set(*alarm_, due);
  return true;
}

Outcome AsyncWait::Resume() {
  if (alarm_ && activity_ != nullptr) AlarmClock::Get().Cancel(*alarm_);
  activity_ = nullptr;
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  return waiter_.outcome;
}

void AsyncWait::Withdraw() {
  if (activity_ == nullptr) return;
  if (alarm_) AlarmClock::Get().Cancel(*alarm_);
  bool completed = false;
  {
    WakeList wakes;
    MutexLock lock(&target_.mutex);
    completed = !waiter_.linked();
    if (!completed) {
      waiter_.Unlink();
      target_.Withdrawn(wakes);
    }
  }
  if (completed) activity_->AwaitNotified();
  activity_ = nullptr;
}

void AsyncWait::Due(WakeList& wakes, ReadyWork& ready) {
  bool completed = false;
  Instant due = Instant::Never();
  {
    MutexLock lock(&target_.mutex);
    if (!waiter_.linked()) return;  // Completed, and the coroutine is on its way.
    waiter_.Unlink();
    completed = target_.TryComplete(waiter_, wakes);
    if (!completed) {
      target_.Enlist(waiter_);
      due = target_.ReadyAt(waiter_);
    }
  }
  if (completed) {
    activity_->Notify(ready);
  } else if (!due.is_never()) {
    // It may have been completed meanwhile, and the coroutine be on its way: that cancels the alarm once this has returned.
    AlarmClock::Get().Set(*alarm_, due);
  }
}

}  // namespace eventbus::internal
