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

size_t AlarmClock::size() const {
  MutexLock lock(&mutex_);
  return size_;
}

void AlarmClock::PushLocked(Alarm& alarm, Instant at) {
  alarm.at_ = at;
  alarm.set_ = true;
  alarms_.Push(alarm);
  ++size_;
  if (alarms_.top() == &alarm && sleeper_ != nullptr) {
    std::exchange(sleeper_, nullptr)->Unpark(Parker::kWoken);  // L3
  }
}

void AlarmClock::RemoveLocked(Alarm& alarm) {
  if (!std::exchange(alarm.set_, false)) return;
  alarms_.Remove(alarm);
  --size_;
}

void AlarmClock::SetEarlier(Alarm& alarm, Instant at) {
  MutexLock lock(&mutex_);
  if (!alarm.set_ || alarm.at_ <= at) return;
  RemoveLocked(alarm);
  PushLocked(alarm, at);
}

void AlarmClock::Set(Alarm& alarm, Instant at) {
  bool start = false;
  {
    MutexLock lock(&mutex_);
    PushLocked(alarm, at);
    if (!serving_) serving_ = start = true;
  }
  if (!start) return;
  try {
    StartDetachedThread([this] { Serve(); });
  } catch (...) {  // The system has no more threads. What others have set meanwhile is rung once one can be started.
    MutexLock lock(&mutex_);
    serving_ = false;
    RemoveLocked(alarm);
    throw;
  }
}

void AlarmClock::Cancel(Alarm& alarm) {
  while (true) {
    ThreadWait wait;
    {
      MutexLock lock(&mutex_);
      RemoveLocked(alarm);
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
          RemoveLocked(*first);
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
