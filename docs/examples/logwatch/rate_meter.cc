#include "docs/examples/logwatch/rate_meter.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "docs/examples/logwatch/standard_streams.h"

namespace logwatch {
namespace {

double PerSecond(uint64_t count, std::chrono::steady_clock::duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace

absl::Status RateMeter::Handle(const LogLine& line) {
  ++lines_;
  bytes_ += line.bytes;
  return absl::OkStatus();
}

void RateMeter::Tick() {
  const Clock::time_point now = Clock::now();
  const double rate = PerSecond(lines_ - lines_at_last_tick_, now - last_tick_);
  last_tick_ = now;
  lines_at_last_tick_ = lines_;
  Show(absl::StrFormat("%s%d lines, %.0f lines/s", Bar(), lines_, rate), /*is_last=*/false);
}

absl::Status RateMeter::Finish() {
  const Clock::duration time = Clock::now() - start_;
  Show(absl::StrFormat("%s%d lines in %.2f s, %.0f lines/s", Bar(), lines_, std::chrono::duration<double>(time).count(),
                       PerSecond(lines_, time)),
       /*is_last=*/true);
  return absl::OkStatus();
}

std::string RateMeter::Bar() const {
  constexpr uint64_t kWidth = 40;
  if (style_ != Style::kProgressBar || total_bytes_.value_or(0) == 0) return "";
  // A file may have grown since it was measured.
  const double share = static_cast<double>(std::min(bytes_, *total_bytes_)) / static_cast<double>(*total_bytes_);
  const auto filled = static_cast<size_t>(share * kWidth);
  return absl::StrFormat("[%s%s] %3.0f%% ", std::string(filled, '#'), std::string(kWidth - filled, '.'), share * 100);
}

void RateMeter::Show(const std::string& text, bool is_last) {
  if (style_ == Style::kLines) {
    PrintMessage(text);
    return;
  }
  constexpr char kLineStart[] = "\r";
  constexpr char kEraseRest[] = "\033[K";
  const std::string line = absl::StrCat(kLineStart, text, kEraseRest, is_last ? "\n" : "");
  WriteAll(STDERR_FILENO, "standard error", line).IgnoreError();
}

}  // namespace logwatch
