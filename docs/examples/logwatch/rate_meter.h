// Says on standard error how fast the lines come.

#ifndef DOCS_EXAMPLES_LOGWATCH_RATE_METER_H_
#define DOCS_EXAMPLES_LOGWATCH_RATE_METER_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "docs/examples/logwatch/line_handler.h"
#include "docs/examples/logwatch/log_line.h"

namespace logwatch {

class RateMeter : public LineHandler {
 public:
  enum class Style {
    kLines,        // A line a second.
    kProgressBar,  // One line that is drawn anew; for terminals.
  };

  // The bar needs to know how many bytes there are in all.
  RateMeter(Style style, std::optional<uint64_t> total_bytes) : style_(style), total_bytes_(total_bytes) {}

  absl::Status Handle(const LogLine& line) override;
  absl::Duration tick_period() const override { return absl::Seconds(1); }
  void Tick() override;
  absl::Status Finish() override;

 private:
  using Clock = std::chrono::steady_clock;

  std::string Bar() const;
  void Show(const std::string& text, bool is_last);

  const Style style_;
  const std::optional<uint64_t> total_bytes_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_tick_ = start_;
  uint64_t lines_ = 0;
  uint64_t lines_at_last_tick_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_RATE_METER_H_
