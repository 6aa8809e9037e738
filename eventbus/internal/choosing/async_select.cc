#include "eventbus/internal/choosing/async_select.h"

namespace eventbus::internal {

bool AsyncSelectWait::Suspend(CoroutineActivity& activity, std::coroutine_handle<> here) {
  if (run_.PollOneByOne(selected_)) return false;
  activity_ = &activity;
  activity.WaitAt(here, *this);
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
  Instant due = Instant::Never();
  switch (run_.PollDue(this, word_, wakes, selected_, due)) {
    case SelectRun::Due::kClaimed:
      return;  // The coroutine is on its way.
    case SelectRun::Due::kNotYet:
      // It may have been claimed meanwhile, and its coroutine be on its way: that cancels the alarm once this has returned.
      if (!due.is_never()) AlarmClock::Get().Set(*this, due);
      return;
    case SelectRun::Due::kDone:
      run_.Withdraw(wakes);
      activity_->Notify(ready);
  }
}

}  // namespace eventbus::internal
