#include "eventbus/timer.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/strings/string_view.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/waiting/alarm.h"

namespace eventbus {

namespace internal {

namespace {

// A channel that stores nothing and makes a value when it is asked for one and the time has come.
class TimedCore : public ChannelCore {
 public:
  // `period` is 0 for one value only.
  explicit TimedCore(Instant due, absl::Duration period = absl::ZeroDuration())
      : ChannelCore(kElementOf<absl::Time>, 0), period_(absl::ToInt64Nanoseconds(period)), due_(due) {}

 protected:
  bool IsDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return !due_.is_never() && SteadyNow() >= due_; }

  bool TryProduce(void* to) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (!IsDue()) return false;
    due_ = Next();
    ::new (to) absl::Time(WallNow());
    return true;
  }

  Instant ProducesAt() const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return due_; }

  // The first moment after now that is a multiple of the period from `due_`, which has passed.
  Instant Next() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (period_ == 0) return Instant::Never();
    const Instant now = SteadyNow();
    return now + absl::Nanoseconds(period_ - (now.nanoseconds() - due_.nanoseconds()) % period_);
  }

  const int64_t period_;  // In nanoseconds.
  Instant due_ ABSL_GUARDED_BY(mutex);
};

ReceiveChannel<absl::Time> Handle(Ref<ChannelCore> core) {
  return ChannelAccess::Make<ReceiveChannel<absl::Time>>(std::move(core));
}

}  // namespace

// Invariant D1: who waits wakes by itself at `waited_until_` at the latest, and looks again. If the timer is due before that,
// the alarm is set for no later than when it is due, and serves who waits.
class TimerCore final : public TimedCore, private Alarm {
 public:
  explicit TimerCore(Instant due) : TimedCore(due) {}

  bool Set(Instant due) {
    WakeList wakes;
    MutexLock lock(&mutex);
    const bool was_set = !due_.is_never() && !closed();
    due_ = due;
    ServeOrSetAlarm(wakes);
    TellWatches();
    return was_set;
  }

 private:
  ~TimerCore() override {
    bool has_alarm;
    {
      MutexLock lock(&mutex);
      has_alarm = has_alarm_;
    }
    if (has_alarm) AlarmClock::Get().Cancel(*this);  // Nobody sets it any more.
  }

  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    ChannelCore::Enlist(arm);
    if (arm.role == Role::kReceive) waited_until_ = std::max(waited_until_, due_);
  }

  void Ring(WakeList& wakes, ReadyWork&) override {
    MutexLock lock(&mutex);
    alarm_set_ = false;
    ServeOrSetAlarm(wakes);
  }

  // D1
  void ServeOrSetAlarm(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (due_ >= waited_until_) return;
    if (IsDue()) {
      absl::Time now = WallNow();
      if (TrySendLocked(&now, wakes) == Outcome::kDone) {
        due_ = Instant::Never();
      } else {
        waited_until_ = Instant::Past();  // Nobody waits.
      }
    } else if (alarm_set_) {
      AlarmClock::Get().SetEarlier(*this, due_);
    } else {
      AlarmClock::Get().Set(*this, due_);
      alarm_set_ = has_alarm_ = true;
    }
  }

  Instant waited_until_ ABSL_GUARDED_BY(mutex) = Instant::Past();
  bool alarm_set_ ABSL_GUARDED_BY(mutex) = false;  // Set, or about to ring.
  bool has_alarm_ ABSL_GUARDED_BY(mutex) = false;  // It has been set before.
};

}  // namespace internal

ReceiveChannel<absl::Time> After(absl::Duration delay) {
  return internal::Handle(internal::MakeRef<internal::TimedCore>(internal::SteadyNow() + delay));
}

ReceiveChannel<absl::Time> At(absl::Time time) {
  return internal::Handle(internal::MakeRef<internal::TimedCore>(internal::ToInstant(time)));
}

ReceiveChannel<absl::Time> Tick(absl::Duration period) {
  if (period < absl::Nanoseconds(1)) internal::Fail("Tick", "the period must be at least a nanosecond");
  return internal::Handle(internal::MakeRef<internal::TimedCore>(internal::SteadyNow() + period, period));
}

Timer::Timer() : Timer(absl::InfiniteDuration()) {}

Timer::Timer(absl::Duration delay) : Timer(internal::MakeRef<internal::TimerCore>(internal::SteadyNow() + delay)) {}

Timer::Timer(internal::Ref<internal::TimerCore> core) : ReceiveChannel<absl::Time>(internal::Handle(std::move(core))) {}

internal::TimerCore& Timer::core(absl::string_view call) const { return static_cast<internal::TimerCore&>(Core(call)); }

bool Timer::Reset(absl::Duration delay) const { return core("Reset").Set(internal::SteadyNow() + delay); }

bool Timer::Stop() const { return core("Stop").Set(internal::Instant::Never()); }

}  // namespace eventbus
