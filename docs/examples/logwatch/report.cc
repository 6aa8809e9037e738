#include "docs/examples/logwatch/report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace logwatch {
namespace {

void AppendRow(absl::string_view label, uint64_t count, absl::string_view remark, std::string& report) {
  absl::StrAppendFormat(&report, "%-20s %10d%s\n", label, count, remark);
}

void AppendSubscriber(const Subscriber& subscriber, std::string& report) {
  const absl::Status& status = subscriber.status();
  AppendRow(absl::StrCat("handled by ", subscriber.name()), subscriber.handled(),
            status.ok() ? "" : absl::StrCat("  ended early: ", status.message()), report);
}

}  // namespace

std::string Report(const ActionCounter& counter, const InputTally& inputs, const Subscribers& subscribers,
                   const absl::Status& stopped) {
  std::string report;
  for (const auto& [action, count] : counter.Counts()) AppendRow(action, count, "", report);
  if (!report.empty()) report.push_back('\n');

  const std::string why = stopped.ok() ? "" : absl::StrCat("  stopped by ", stopped.message());
  AppendRow("lines read", inputs.lines, why, report);
  for (const auto& subscriber : subscribers) AppendSubscriber(*subscriber, report);
  AppendRow("cut lines", inputs.cut_lines, "", report);
  AppendRow("binary lines", inputs.binary_lines, "", report);
  AppendRow("unreadable inputs", inputs.unreadable_inputs, "", report);
  return report;
}

ExitStatus ExitStatusOf(const InputTally& inputs, const Subscribers& subscribers) {
  const bool nothing_lost = std::all_of(subscribers.begin(), subscribers.end(), [&inputs](const auto& subscriber) {
    return subscriber->status().ok() && subscriber->handled() == inputs.lines;
  });
  return nothing_lost && inputs.unreadable_inputs == 0 ? kSuccess : kFailure;
}

}  // namespace logwatch
