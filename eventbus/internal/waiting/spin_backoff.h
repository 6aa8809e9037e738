// Waiting awake, for something that is likely to happen within a microsecond or two: longer and longer pauses, then a few turns
// of other threads, then no more. A thread that still has to wait sleeps.

#ifndef EVENTBUS_INTERNAL_WAITING_SPIN_BACKOFF_H_
#define EVENTBUS_INTERNAL_WAITING_SPIN_BACKOFF_H_

#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class SpinBackoff {
 public:
  // Waits; false if it has been long enough.
  bool Pause() {
    if (PauseInPlace()) return true;
    if (round_ == kBackoffSpins + kBackoffYields) return false;
    YieldThread();
    ++round_;
    return true;
  }

  // The same, but leaves no turn to others. One that never waits, and has the same processor, keeps it for milliseconds.
  bool PauseInPlace() {
    if (round_ >= kBackoffSpins) return false;
    for (int i = 0; i < kFirstPauses << round_; ++i) SpinPause();
    ++round_;
    return true;
  }

 private:
  // Not one: each look takes a cache line from who is at work on the other side, and a few values more may come meanwhile.
  static constexpr int kFirstPauses = 16;

  int round_ = 0;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_SPIN_BACKOFF_H_
