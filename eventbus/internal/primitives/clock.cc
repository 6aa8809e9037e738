#include "eventbus/internal/primitives/clock.h"

#ifdef __linux__
#include <time.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

#include "absl/time/clock.h"
#include "eventbus/internal/primitives/process_wide.h"

namespace eventbus::internal {

namespace {

constexpr int64_t kReal = std::numeric_limits<int64_t>::min();

// The virtual time in nanoseconds; or `kReal`. Release when it is written, acquire when it is read: what was done before the
// clock was moved is visible to who finds that a moment has come.
ProcessWord<int64_t> virtual_now{kReal};
// What the steady clock is ahead of the system's, because virtual ones were moved. Relaxed: it is written before `virtual_now`
// goes back to `kReal`, and read after that was seen.
ProcessWord<int64_t> ahead{0};
// What the virtual wall clock is ahead of that, in nanoseconds. Relaxed: it is read after `virtual_now`, and written before.
ProcessWord<int64_t> wall_offset{0};

absl::Time VirtualWallAt(int64_t now) { return absl::FromUnixNanos(now + wall_offset.load(std::memory_order_relaxed)); }

}  // namespace

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

Instant SystemSteadyNow() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return Instant(std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count());
}

Instant SystemCoarseNow() {
#ifdef __linux__  // Where the steady clock is this one, read exactly.
  timespec now;
  if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0) return Instant(now.tv_sec * 1'000'000'000 + now.tv_nsec);
#endif
  return SystemSteadyNow();
}

absl::Time SystemWallNow() { return absl::Now(); }

#endif

Instant SteadyNow() {
  const Instant real = SystemSteadyNow();
  const int64_t now = virtual_now.load(std::memory_order_acquire);
  return now == kReal ? Instant(real.nanoseconds() + ahead.load(std::memory_order_relaxed)) : Instant(now);
}

Instant CoarseNow() {
  const int64_t now = virtual_now.load(std::memory_order_acquire);
  if (now != kReal) return Instant(now);
  return Instant(SystemCoarseNow().nanoseconds() + ahead.load(std::memory_order_relaxed));
}

Instant ToSystem(Instant instant) {
  if (instant.is_never() || instant < Instant(0)) return instant;
  return Instant(instant.nanoseconds() - ahead.load(std::memory_order_relaxed));
}

absl::Time WallNow() {
  const int64_t now = virtual_now.load(std::memory_order_acquire);
  return now == kReal ? SystemWallNow() : VirtualWallAt(now);
}

void BeginVirtualTime(absl::Time wall) {
  const Instant now = SteadyNow();
  wall_offset.store(absl::ToUnixNanos(wall) - now.nanoseconds(), std::memory_order_relaxed);
  virtual_now.store(now.nanoseconds(), std::memory_order_release);
}

void SetVirtualTime(Instant now) { virtual_now.store(now.nanoseconds(), std::memory_order_release); }

void EndVirtualTime() {
  ahead.store(SteadyNow().nanoseconds() - SystemSteadyNow().nanoseconds(), std::memory_order_relaxed);
  virtual_now.store(kReal, std::memory_order_release);
}

bool TimeIsVirtual() { return virtual_now.load(std::memory_order_acquire) != kReal; }

Instant ToInstant(absl::Time time) {
  if (time == absl::InfiniteFuture()) return Instant::Never();
  // Both clocks at one moment: a virtual one may be moved by hours between two looks.
  const int64_t now = virtual_now.load(std::memory_order_acquire);
  const Instant instant =
      now == kReal ? SteadyNow() + (time - SystemWallNow()) : Instant(now) + (time - VirtualWallAt(now));
  // `Past()` is left to those who mean "do not wait": a deadline of the caller's that has passed is still a deadline.
  return std::max(instant, Instant(0));
}

}  // namespace eventbus::internal
