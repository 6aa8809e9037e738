#include "eventbus/internal/choosing/async_select.h"

namespace eventbus::internal {

bool AsyncSelectWait::Suspend(CoroutineActivity& activity, std::coroutine_handle<> here) {
  if (run_.PollOneByOne(selected_)) return false;
  activity_ = &activity;
  activity.WaitAt(here);
  Instant due = Instant::Never();
  {
    WakeList wakes;
    if (run_.PollTogether(this, wakes, selected_, due)) {
      activity_ = nullptr;
      return false;
    }
  }
  // The coroutine may be claimed from here on, and is not resumed before the run that this is a part of has ended.
  has_alarm_ = !due.is_never();
  if (has_alarm_) AlarmClock::Get().Set(*this, due);
  return true;
}

Selected AsyncSelectWait::Resume() {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (activity_ != nullptr) {
    if (has_alarm_) AlarmClock::Get().Cancel(*this);
    Conclude();
  }
  return selected_;
}

void AsyncSelectWait::Withdraw() {
  if (activity_ == nullptr) return;
  if (has_alarm_) AlarmClock::Get().Cancel(*this);
  if (!word_.Claim(this)) activity_->AwaitNotified();
  Conclude();
}

void AsyncSelectWait::Conclude() {
  activity_ = nullptr;
  {
    WakeList wakes;
    run_.Withdraw(wakes);
  }
  if (word_.claimer() != this) selected_ = run_.SelectedBy(*static_cast<const Waiter*>(word_.claimer()));
}

void AsyncSelectWait::Ring(WakeList& wakes, ReadyWork& ready) {
  if (!word_.Claim(this)) return;  // An arm has taken effect, and the coroutine is on its way.
  run_.Withdraw(wakes);
  word_.Reset();
  Instant due = Instant::Never();
  if (!run_.PollTogether(this, wakes, selected_, due)) {
    // It may have been claimed again, and its coroutine be on its way: that cancels the alarm once this has returned.
    if (!due.is_never()) AlarmClock::Get().Set(*this, due);
    return;
  }
  // Nobody else can claim it, for no waiter is enlisted.
  word_.Claim(this);
  activity_->Notify(ready);
}

}  // namespace eventbus::internal
