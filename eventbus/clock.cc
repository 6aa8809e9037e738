#include "eventbus/clock.h"

#include <algorithm>

#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/alarm.h"
#include "eventbus/internal/waiting/virtual_time.h"

namespace eventbus {

namespace {

using internal::AlarmClock;
using internal::Instant;
using internal::VirtualTime;

}  // namespace

absl::Time Clock::Now() { return internal::WallNow(); }

VirtualClock::VirtualClock() : VirtualClock(internal::WallNow()) {}

VirtualClock::VirtualClock(absl::Time start) {
  if (start < absl::UnixEpoch() || start > absl::UnixEpoch() + absl::Hours(24 * 365 * 230)) {
    internal::Fail("VirtualClock", "the start is not in the years 1970 to 2200");
  }
  if (!VirtualTime::Get().Begin(start)) internal::Fail("VirtualClock", "there is one already");
  AlarmClock::Get().LookAgain();
  AlarmClock::Get().AwaitRung();  // Until its thread has looked, it may go to sleep as one that waits for a moment.
}

VirtualClock::~VirtualClock() {
  VirtualTime::Get().End();
  AlarmClock::Get().LookAgain();
}

void VirtualClock::Advance(absl::Duration duration) {
  if (duration < absl::ZeroDuration() || (internal::SteadyNow() + duration).is_never()) {
    internal::Fail("Advance", "the duration must be finite and not negative");
  }
  VirtualTime::Get().MoveBy(duration);
  AlarmClock::Get().AwaitRung();
}

bool VirtualClock::AdvanceToNext() {
  const Instant next = std::min(VirtualTime::Get().Earliest(), AlarmClock::Get().Earliest());
  if (next.is_never()) return false;
  VirtualTime::Get().MoveTo(next);
  AlarmClock::Get().AwaitRung();
  return true;
}

size_t VirtualClock::waiters() const { return VirtualTime::Get().CountSleepers() + AlarmClock::Get().size(); }

void VirtualClock::AwaitWaiters(size_t count) const {
  while (true) {
    const uint32_t seen = VirtualTime::Get().changes();
    if (waiters() >= count) return;
    VirtualTime::Get().AwaitChange(seen);
  }
}

}  // namespace eventbus
