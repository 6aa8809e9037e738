// Waiting awake, for something that is likely to happen within a microsecond or two: longer and longer pauses, then a few turns
// of other threads, then no more. A thread that still has to wait sleeps.

#ifndef EVENTBUS_INTERNAL_WAITING_SPIN_BACKOFF_H_
#define EVENTBUS_INTERNAL_WAITING_SPIN_BACKOFF_H_

#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class SpinBackoff {
 public:
  // How many pauses the first wait is: few for one thing that will come; some where the other side has more to do after the first,
  // for each look takes from it a cache line that it writes.
  enum class First : int { kFew = 4, kSome = 16 };

  explicit SpinBackoff(First first) : pauses_(static_cast<int>(first)) {}

  // Waits; false if it has been long enough.
  bool Pause() {
    if (PauseInPlace()) return true;
    if (yields_ == kBackoffYields) return false;
    YieldThread();
    ++yields_;
    return true;
  }

  // The same, but leaves no turn to others. One that never waits, and has the same processor, keeps it for milliseconds.
  bool PauseInPlace() {
    if (pauses_ > kBackoffPauses) return false;
    for (int i = 0; i < pauses_; ++i) SpinPause();
    pauses_ *= 2;
    return true;
  }

 private:
  int pauses_;  // Next time.
  int yields_ = 0;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_SPIN_BACKOFF_H_
