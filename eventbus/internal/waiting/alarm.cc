#include "eventbus/internal/waiting/alarm.h"

#include <utility>

#include "eventbus/internal/waiting/thread_wait.h"
#include "eventbus/internal/waiting/virtual_time.h"

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

Instant AlarmClock::Earliest() const {
  MutexLock lock(&mutex_);
  return alarms_.empty() ? Instant::Never() : alarms_.top()->at_;
}

void AlarmClock::LookAgain() {
  MutexLock lock(&mutex_);
  WakeThreadLocked();
}

void AlarmClock::AwaitRung() {
  while (true) {
    ThreadWait wait;
    {
      MutexLock lock(&mutex_);
      if (!serving_ || server_ == ThisThread()) return;
      const bool is_due = !alarms_.empty() && alarms_.top()->at_ <= SteadyNow();
      if (!is_due && sleeper_ != nullptr) return;
      WakeThreadLocked();
      quiet_.PushBack(wait.waiter());
    }
    wait.Await(mutex_, Instant::Never());
  }
}

void AlarmClock::WakeThreadLocked() {
  if (sleeper_ != nullptr) std::exchange(sleeper_, nullptr)->Unpark(Parker::kWoken);
}

void AlarmClock::PushLocked(Alarm& alarm, Instant at) {
  alarm.at_ = at;
  alarm.set_ = true;
  alarms_.Push(alarm);
  ++size_;
  if (alarms_.top() == &alarm && at < sleeps_until_) WakeThreadLocked();  // L3
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
  {
    MutexLock lock(&mutex_);
    if (!serving_) {
      // Under the mutex: if the system refuses it, nobody has relied on it.
      StartDetachedThread([this] { Serve(); });
      serving_ = true;
    }
    PushLocked(alarm, at);
  }
  VirtualTime::Changed();
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
  bool has_nothing = false;
  Instant leaves = Instant::Never();
  while (true) {
    Parker parker;
    Instant until = Instant::Never();
    Alarm* due = nullptr;
    {
      WakeList wakes;  // Declared before the lock, so wakes after it.
      MutexLock lock(&mutex_);
      server_ = ThisThread();
      const Instant now = SteadyNow();
      Alarm* const first = alarms_.top();
      const bool is_virtual = TimeIsVirtual();  // Once: it may change at any time, and then `LookAgain` follows.
      const bool may_leave = first == nullptr && !is_virtual;
      if (may_leave && !has_nothing) leaves = now + kLinger;
      has_nothing = may_leave;
      if (first != nullptr && first->at_ <= now) {
        RemoveLocked(*first);
        ringing_ = due = first;
      } else {
        quiet_.ClaimAll(Outcome::kDone, wakes);
        if (may_leave && leaves <= now) {
          server_ = nullptr;
          serving_ = false;
          return;
        }
        if (!is_virtual) until = may_leave ? leaves : first->at_;
        sleeper_ = &parker;
        sleeps_until_ = until;
      }
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
