#include "eventbus/internal/owners/hold_deadline.h"

#include <limits>
#include <utility>

#include "eventbus/internal/waiting/alarm.h"

namespace eventbus::internal {

class HoldDeadline::HoldAlarm final : public Alarm, public RefCounted {
 public:
  explicit HoldAlarm(Ref<GateCore> gate) : gate_(std::move(gate)) {}

  uint64_t generation = 0;  // Not changed once the alarm is set.

 private:
  void Ring(WakeList& wakes, ReadyWork&) override { gate_->EndHold(generation, wakes); }

  const Ref<GateCore> gate_;
};

HoldDeadline::HoldDeadline(Ref<GateCore> gate) : gate_(std::move(gate)) {}

HoldDeadline::~HoldDeadline() { Drop(std::numeric_limits<uint64_t>::max()); }

void HoldDeadline::Cancel(const Ref<HoldAlarm>& alarm) {
  if (alarm) AlarmClock::Get().Cancel(*alarm);
}

void HoldDeadline::HoldUntil(Instant until) {
  if (until.is_never()) {
    Drop(gate_->Hold() - 1);
    return;
  }
  const auto alarm = MakeRef<HoldAlarm>(gate_);  // May throw, so it comes before the hold.
  alarm->generation = gate_->Hold();
  try {
    AlarmClock::Get().Set(*alarm, until);
  } catch (...) {  // The system refuses the clock's thread.
    WakeList wakes;
    gate_->EndHold(alarm->generation, wakes);
    throw;
  }
  Ref<HoldAlarm> obsolete = alarm;
  {
    MutexLock lock(&mutex_);
    if (!alarm_ || alarm_->generation < alarm->generation) std::swap(alarm_, obsolete);
  }
  Cancel(obsolete);
  if (!gate_->IsHeldBy(alarm->generation)) Drop(alarm->generation);  // It has ended meanwhile.
}

void HoldDeadline::Drop(uint64_t generation) {
  Ref<HoldAlarm> obsolete;
  {
    MutexLock lock(&mutex_);
    if (alarm_ && alarm_->generation <= generation) std::swap(alarm_, obsolete);
  }
  Cancel(obsolete);
}

}  // namespace eventbus::internal
