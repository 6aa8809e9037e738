#include "eventbus/internal/primitives/clock.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"

namespace eventbus::internal {

Instant Instant::operator+(absl::Duration d) const {
  if (is_never() || d == absl::InfiniteDuration()) return Never();
  if (d == -absl::InfiniteDuration()) return Past();
  // Both conversions saturate, and so must their sum.
  const int64_t delta = absl::ToInt64Nanoseconds(d);
  int64_t sum;
  if (__builtin_add_overflow(nanoseconds_, delta, &sum)) return delta > 0 ? Never() : Past();
  return Instant(sum);
}

#ifndef EVENTBUS_EXPLORER  // Which has a clock of its own.

Instant SteadyNow() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return Instant(std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count());
}

absl::Time WallNow() { return absl::Now(); }

#endif

Instant ToInstant(absl::Time time) {
  if (time == absl::InfiniteFuture()) return Instant::Never();
  // `Past()` is left to those who mean "do not wait": a deadline of the caller's that has passed is still a deadline.
  return std::max(SteadyNow() + (time - WallNow()), Instant(0));
}

}  // namespace eventbus::internal
