#include "eventbus/internal/waiting/alarm.h"

#include <utility>

#include "eventbus/internal/waiting/thread_wait.h"

namespace eventbus::internal {

namespace {

// How long the thread stays with nothing to do.
constexpr absl::Duration kLinger = absl::Seconds(5);

}  // namespace

AlarmClock& AlarmClock::Get() { return ProcessWide<AlarmClock>(); }

bool AlarmClock::has_thread() const {
  MutexLock lock(&mutex_);
  return serving_;
}

void AlarmClock::Set(Alarm& alarm, Instant at) {
  bool start = false;
  {
    MutexLock lock(&mutex_);
    alarm.at_ = at;
    alarm.set_ = true;
    alarms_.Push(alarm);
    if (!serving_) {
      serving_ = start = true;
    } else if (alarms_.top() == &alarm && sleeper_ != nullptr) {
      std::exchange(sleeper_, nullptr)->Unpark(Parker::kWoken);  // L3
    }
  }
  if (!start) return;
  try {
    StartDetachedThread([this] { Serve(); });
  } catch (...) {  // The system has no more threads. What others have set meanwhile is rung once one can be started.
    MutexLock lock(&mutex_);
    serving_ = false;
    if (std::exchange(alarm.set_, false)) alarms_.Remove(alarm);
    throw;
  }
}

void AlarmClock::Cancel(Alarm& alarm) {
  while (true) {
    ThreadWait wait;
    {
      MutexLock lock(&mutex_);
      if (std::exchange(alarm.set_, false)) alarms_.Remove(alarm);
      if (ringing_ != &alarm || server_ == ThisThread()) return;
      rung_.PushBack(wait.waiter());
    }
    wait.Await(mutex_, Instant::Never());
  }
}

void AlarmClock::Serve() {
  Instant leaves = SteadyNow() + kLinger;
  while (true) {
    Parker parker;
    Instant until = Instant::Never();
    Alarm* due = nullptr;
    {
      MutexLock lock(&mutex_);
      server_ = ThisThread();
      const Instant now = SteadyNow();
      if (Alarm* const first = alarms_.top()) {
        leaves = now + kLinger;
        until = first->at_;
        if (until <= now) {
          alarms_.Pop();
          first->set_ = false;
          ringing_ = due = first;
        }
      } else if (leaves <= now) {
        server_ = nullptr;
        serving_ = false;
        return;
      } else {
        until = leaves;
      }
      if (due == nullptr) sleeper_ = &parker;
    }
    if (due != nullptr) {
      ReadyWork ready;
      WakeList wakes;  // Declared before the lock, so wakes after it.
      due->Ring(wakes, ready);
      MutexLock lock(&mutex_);
      ringing_ = nullptr;
      rung_.ClaimAll(Outcome::kDone, wakes);
      continue;
    }
    if (parker.Park(Parker::kWoken, until)) continue;
    MutexLock lock(&mutex_);
    // Whoever took the parker leaves the token under the mutex, so it is there by now.
    sleeper_ = nullptr;
  }
}

}  // namespace eventbus::internal
