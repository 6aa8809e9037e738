#include "eventbus/shutdown_report.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace eventbus {

namespace {

std::string ToText(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message());
}

}  // namespace

const char* ToString(ShutdownOutcome outcome) {
  switch (outcome) {
    case ShutdownOutcome::kDone:
      return "done";
    case ShutdownOutcome::kFailed:
      return "failed";
    case ShutdownOutcome::kHung:
      return "hung";
    case ShutdownOutcome::kSkipped:
      return "skipped";
  }
  return "unknown";
}

std::vector<std::string> ShutdownReport::Hung() const {
  std::vector<std::string> hung;
  for (const ShutdownActionReport& action : actions) {
    const std::string name = absl::StrCat(action.stage, "/", action.name);
    if (action.outcome == ShutdownOutcome::kHung) hung.push_back(name);
    if (action.hard_stop == ShutdownOutcome::kHung) hung.push_back(absl::StrCat(name, " (hard stop)"));
  }
  return hung;
}

std::string ShutdownReport::ToString() const {
  std::string text = ok() ? "shut down" : ToText(status);
  for (const ShutdownActionReport& action : actions) {
    absl::StrAppend(&text, "\n  ", action.stage, "/", action.name, ": ", eventbus::ToString(action.outcome));
    if (action.outcome == ShutdownOutcome::kFailed) absl::StrAppend(&text, ", ", ToText(action.status));
    if (action.hard_stop != ShutdownOutcome::kSkipped) {
      absl::StrAppend(&text, "; hard stop ", eventbus::ToString(action.hard_stop));
      if (action.hard_stop == ShutdownOutcome::kFailed) absl::StrAppend(&text, ", ", ToText(action.hard_stop_status));
    }
    for (const DrainEntry& entry : action.drained) absl::StrAppend(&text, "\n    ", entry.ToString());
  }
  return text;
}

int FinishMain(const ShutdownReport& report, const absl::Status& status) {
  std::string text;
  if (!status.ok()) absl::StrAppend(&text, ToText(status), "\n");
  if (!report.ok()) absl::StrAppend(&text, report.ToString(), "\n");
  // Not through a stream: what hangs may hold its lock.
  for (size_t written = 0; written < text.size();) {
    const ssize_t n = write(STDERR_FILENO, text.data() + written, text.size() - written);
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  const int code = text.empty() ? 0 : 1;
  if (!report.Hung().empty()) _exit(code);
  return code;
}

}  // namespace eventbus
