// When a wait is to be reported, and whom to tell. The wait itself asks (`SlowWait`): there is no thread for this.

#ifndef EVENTBUS_INTERNAL_OBSERVING_STALL_WATCH_H_
#define EVENTBUS_INTERNAL_OBSERVING_STALL_WATCH_H_

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "eventbus/internal/observing/report_limit.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/stall_report.h"

namespace eventbus::internal {

// Thread-safe.
class StallWatch {
 public:
  static StallWatch& Get() { return ProcessWide<StallWatch>(); }

  static absl::Duration Threshold();
  static void SetThreshold(absl::Duration threshold);

  // Tells the hook of stall reports what `report` says; or leaves it out, if there were too many. Calls `report` with no
  // lock held, if at all. Throws nothing.
  void Tell(absl::AnyInvocable<StallReport()> report);

 private:
  Mutex mutex_;  // No other lock is taken under it.
  ReportLimit limit_ ABSL_GUARDED_BY(mutex_);
};

// The moments at which one wait is reported: when the threshold has passed, and each time that the wait has doubled.
class StallClock {
 public:
  // The wait begins now.
  StallClock() {
    const absl::Duration threshold = StallWatch::Threshold();
    if (threshold == absl::InfiniteDuration()) return;
    began_ = SteadyNow();
    due_ = began_ + threshold;
  }

  Instant due() const { return due_; }

  // At `due`, or later: how long the wait has lasted. Sets the next moment.
  absl::Duration Pass();

 private:
  Instant began_ = Instant::Never();
  Instant due_ = Instant::Never();
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OBSERVING_STALL_WATCH_H_
