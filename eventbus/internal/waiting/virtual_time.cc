#include "eventbus/internal/waiting/virtual_time.h"

#include <algorithm>

namespace eventbus::internal {

struct VirtualTime::Sleeper : ListNode<Sleeper> {
  Sleeper(Atomic<uint32_t>& slept_on, Instant moment) : word(slept_on), until(moment) {}

  Atomic<uint32_t>& word;
  const Instant until;
};

bool VirtualTime::Begin(absl::Time start) {
  MutexLock lock(&mutex_);
  if (TimeIsVirtual()) return false;
  BeginVirtualTime(start);
  return true;
}

void VirtualTime::End() {
  {
    MutexLock lock(&mutex_);
    EndVirtualTime();
    while (Sleeper* const sleeper = sleepers_.PopFront()) Nudge(*sleeper);
  }
  TellChange();
}

void VirtualTime::MoveTo(Instant now) {
  MutexLock lock(&mutex_);
  MoveToLocked(now);
}

void VirtualTime::MoveBy(absl::Duration duration) {
  MutexLock lock(&mutex_);
  MoveToLocked(SteadyNow() + duration);
}

void VirtualTime::MoveToLocked(Instant now) {
  now = std::max(now, SteadyNow());
  SetVirtualTime(now);  // V1
  List<Sleeper> rest;
  while (Sleeper* const sleeper = sleepers_.PopFront()) {
    if (sleeper->until <= now) {
      Nudge(*sleeper);  // V3
    } else {
      rest.PushBack(*sleeper);
    }
  }
  sleepers_.TakeAll(rest);
}

void VirtualTime::Nudge(Sleeper& sleeper) {
  // Relaxed: it only keeps the sleeper from sleeping on; the time itself is read under the mutex or with acquire.
  sleeper.word.fetch_or(kNudged, std::memory_order_relaxed);
  Futex::WakeOne(sleeper.word);
}

void VirtualTime::Wait(Atomic<uint32_t>& word, uint32_t expected, Instant until) {
  Sleeper sleeper(word, until);
  {
    MutexLock lock(&mutex_);
    if (!TimeIsVirtual() || SteadyNow() >= until) return;  // V1
    sleepers_.PushBack(sleeper);
  }
  TellChange();  // V4
  Futex::Wait(word, expected, Instant::Never());
  MutexLock lock(&mutex_);
  if (sleeper.linked()) sleeper.Unlink();  // V2
  word.fetch_and(~kNudged, std::memory_order_relaxed);
}

size_t VirtualTime::CountSleepers() const {
  size_t count = 0;
  MutexLock lock(&mutex_);
  sleepers_.ForEach([&count](Sleeper&) { ++count; });
  return count;
}

Instant VirtualTime::Earliest() const {
  Instant earliest = Instant::Never();
  MutexLock lock(&mutex_);
  sleepers_.ForEach([&earliest](Sleeper& sleeper) { earliest = std::min(earliest, sleeper.until); });
  return earliest;
}

void VirtualTime::TellChange() {
  changes_.fetch_add(1, std::memory_order_release);
  Futex::WakeAll(changes_);
}

}  // namespace eventbus::internal
