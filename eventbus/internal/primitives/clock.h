// The clock behind the door: instants of a steady clock, and how a caller's wall-clock deadline becomes one.
//
// The library measures every wait on the steady clock, so a step of the wall clock neither shortens nor lengthens a
// wait that has begun. A deadline given as an `absl::Time` is converted once, on entry to the call.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_CLOCK_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_CLOCK_H_

#include <compare>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace eventbus::internal {

// A point on the steady clock, in nanoseconds since an arbitrary start. `Never()` is later than all others.
class Instant {
 public:
  constexpr explicit Instant(int64_t nanoseconds) : nanoseconds_(nanoseconds) {}

  static constexpr Instant Never() { return Instant(std::numeric_limits<int64_t>::max()); }
  static constexpr Instant Past() { return Instant(std::numeric_limits<int64_t>::min()); }

  constexpr int64_t nanoseconds() const { return nanoseconds_; }
  constexpr bool is_never() const { return *this == Never(); }

  // Saturates at `Never()` and `Past()`, so an infinite duration is an infinite wait.
  Instant operator+(absl::Duration d) const;

  friend constexpr auto operator<=>(Instant, Instant) = default;

 private:
  int64_t nanoseconds_;
};

// The steady clock now: that of the system, or the virtual one. Never goes back: when virtual time has ended, it goes on from
// there.
Instant SteadyNow();

// The same, up to some milliseconds late, for a fraction of the cost: for what only people read. In model tests not a point.
Instant CoarseNow();

// What the system's steady clock shows at `instant`, which is not virtual: for those who sleep by it.
Instant ToSystem(Instant instant);

// The wall clock now.
absl::Time WallNow();

// What the system's clocks say, whatever time is.
Instant SystemSteadyNow();
Instant SystemCoarseNow();
absl::Time SystemWallNow();

// Time as a test moves it, for `waiting/virtual_time.h` alone, whose mutex guards these calls: both clocks stand still from
// `Begin...`, where the wall clock shows `wall`, until `End...`, but for `Set...`. Then the wall clock is real again.
void BeginVirtualTime(absl::Time wall);
void SetVirtualTime(Instant now);
void EndVirtualTime();

// Whether that is so. Cheap.
bool TimeIsVirtual();

// The instant at which the wall clock would show `time` if it were not adjusted in between.
// `absl::InfiniteFuture()` is `Instant::Never()`.
Instant ToInstant(absl::Time time);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_CLOCK_H_
