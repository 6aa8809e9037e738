// So many reports a second, and no more; and a count of those that were left out.

#ifndef EVENTBUS_INTERNAL_OBSERVING_REPORT_LIMIT_H_
#define EVENTBUS_INTERNAL_OBSERVING_REPORT_LIMIT_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

// Not thread-safe.
class ReportLimit {
 public:
  static constexpr int kASecond = 10;

  // If a report may be made at `now`: how many were not, since the one before it. None otherwise, and this one is counted.
  std::optional<uint64_t> Pass(Instant now) {
    if (made_ == 0 || now >= began_ + absl::Seconds(1)) {
      began_ = now;
      made_ = 0;
    }
    if (made_ == kASecond) {
      ++left_out_;
      return std::nullopt;
    }
    ++made_;
    return std::exchange(left_out_, 0);
  }

 private:
  Instant began_ = Instant::Past();  // Of the second to which `made_` belongs.
  int made_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OBSERVING_REPORT_LIMIT_H_
