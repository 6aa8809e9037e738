#include "eventbus/internal/observing/stall_watch.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "eventbus/internal/observing/report_hook.h"

namespace eventbus::internal {

namespace {

constexpr int64_t kOff = std::numeric_limits<int64_t>::max();

// In nanoseconds. Relaxed: it stands for itself.
ProcessWord<int64_t> threshold_nanoseconds{kStallThresholdNanoseconds};

}  // namespace

absl::Duration StallWatch::Threshold() {
  const int64_t nanoseconds = threshold_nanoseconds.load(std::memory_order_relaxed);
  return nanoseconds == kOff ? absl::InfiniteDuration() : absl::Nanoseconds(nanoseconds);
}

void StallWatch::SetThreshold(absl::Duration threshold) {
  threshold_nanoseconds.store(absl::ToInt64Nanoseconds(threshold), std::memory_order_relaxed);  // Saturates: off.
}

void StallWatch::Tell(absl::AnyInvocable<StallReport()> report) {
  const Instant now = SteadyNow();
  std::optional<uint64_t> left_out;
  {
    MutexLock lock(&mutex_);
    left_out = limit_.Pass(now);
  }
  if (!left_out) return;
  try {
    StallReport made = report();
    if (made.not_taken_by.empty()) return;  // The last has just taken it.
    made.left_out = *left_out;
    ReportHook<StallReport>::Get().Tell(made);
  } catch (...) {  // For want of memory, or in the hook. There will be another.
  }
}

absl::Duration StallClock::Pass() {
  const Instant now = SteadyNow();
  const absl::Duration waited = absl::Nanoseconds(now.nanoseconds() - began_.nanoseconds());
  due_ = now + waited;
  return waited;
}

}  // namespace eventbus::internal
