#include "eventbus/stall_watch.h"

#include <utility>

#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/observing/report_hook.h"
#include "eventbus/internal/observing/stall_watch.h"

namespace eventbus {

void SetStallHook(StallHook hook) { internal::ReportHook<StallReport>::Get().Set(std::move(hook)); }

void SetStallThreshold(absl::Duration threshold) {
  if (threshold <= absl::ZeroDuration()) internal::Fail("SetStallThreshold", "not positive");
  internal::StallWatch::SetThreshold(threshold);
}

}  // namespace eventbus
