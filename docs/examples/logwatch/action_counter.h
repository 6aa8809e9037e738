// Counts lines by what they report: an action of dpkg, or a severity.

#ifndef DOCS_EXAMPLES_LOGWATCH_ACTION_COUNTER_H_
#define DOCS_EXAMPLES_LOGWATCH_ACTION_COUNTER_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "docs/examples/logwatch/line_handler.h"
#include "docs/examples/logwatch/log_line.h"

namespace logwatch {

class ActionCounter : public LineHandler {
 public:
  absl::Status Handle(const LogLine& line) override;

  // Largest first.
  std::vector<std::pair<absl::string_view, uint64_t>> Counts() const;

 private:
  std::map<absl::string_view, uint64_t> counts_;
};

// For "2025-06-24 14:36:25 install ..." the action; else the first word of severity near the start of the line, as
// ERROR, [error] or error:, in one spelling of each; else "other". Lives for ever.
absl::string_view ActionOf(absl::string_view text);

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_ACTION_COUNTER_H_
