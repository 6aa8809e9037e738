// Something that happens once, for all who wait for it, before or after.

#ifndef EVENTBUS_INTERNAL_WAITING_EVENT_H_
#define EVENTBUS_INTERNAL_WAITING_EVENT_H_

#include <algorithm>
#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/thread_wait.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class Event : public Selectable {
 public:
  Event() = default;
  virtual ~Event() = default;

  // One that has happened, for who asks for the end of nothing.
  static Event& LongAgo() {
    static Event& event = *new Event;  // Never destroyed: it may be waited on until the process ends.
    event.Happen();
    return event;
  }

  // True for the first call. What was done before it is visible to all who find that it has happened.
  bool Happen() {
    WakeList wakes;
    return Happen(wakes);
  }

  // The same; those who wait are left on `wakes`.
  bool Happen(WakeList& wakes) {
    MutexLock lock(&mutex);
    return HappenLocked(wakes);
  }

  bool has_happened() const {
    MutexLock lock(&mutex);
    return happened_;
  }

  // Blocks the calling thread until it has happened.
  void Wait() {
    ThreadWait wait(this);
    {
      MutexLock lock(&mutex);
      if (happened_) return;
      waiting_.PushBack(wait.waiter());
    }
    wait.Await(mutex, Instant::Never());
  }

  // Selectable: complete once it has happened.
  bool TryComplete(Waiter& arm, WakeList&) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (!happened_) return false;
    arm.outcome = Outcome::kDone;
    return true;
  }
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { waiting_.PushBack(arm); }
  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "event"; }

 protected:
  bool HappenLocked(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (happened_) return false;
    happened_ = true;
    waiting_.ClaimAll(Outcome::kDone, wakes);
    return true;
  }
  bool HasHappenedLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return happened_; }

 private:
  bool happened_ ABSL_GUARDED_BY(mutex) = false;
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

// A string that can be the argument of a template.
template <size_t size>
struct Literal {
  consteval Literal(const char (&literal)[size]) { std::copy_n(literal, size, text); }
  char text[size];
};

// An event that says, for people, what it is that happens.
template <Literal what>
class EventCalled final : public Event {
 public:
  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = what.text; }
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_EVENT_H_
