// When a hold of a gate ends by itself.
//
// Those in the line keep their order and are let in a few at a time, so they cannot look at the clock themselves: an alarm ends
// the hold, on behalf of all of them.
//
// Invariants:
//   D1. `alarm_` is that of the latest generation that has a deadline, or null. It is set before it is here, and cancelled once
//       it has been taken out, by whoever took it out.
//   D2. An alarm knows its generation, and ends no other (G4 of the gate): one that rings too late does nothing.

#ifndef EVENTBUS_INTERNAL_OWNERS_HOLD_DEADLINE_H_
#define EVENTBUS_INTERNAL_OWNERS_HOLD_DEADLINE_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/gate_core.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class HoldDeadline {
 public:
  explicit HoldDeadline(Ref<GateCore> gate);
  HoldDeadline(const HoldDeadline&) = delete;
  HoldDeadline& operator=(const HoldDeadline&) = delete;
  ~HoldDeadline();

  // Holds the gate until `until` at the latest. What it throws, it throws with the gate not held by it.
  void HoldUntil(Instant until);

  // The hold of that generation has ended: there is no need of its alarm, or of earlier ones.
  void Drop(uint64_t generation);

 private:
  class HoldAlarm;

  static void Cancel(const Ref<HoldAlarm>& alarm);

  const Ref<GateCore> gate_;
  Mutex mutex_;  // No other lock is taken under it.
  Ref<HoldAlarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_HOLD_DEADLINE_H_
