// Prints the lines that match a regular expression.

#ifndef DOCS_EXAMPLES_LOGWATCH_PATTERN_ALERT_H_
#define DOCS_EXAMPLES_LOGWATCH_PATTERN_ALERT_H_

#include <regex.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "docs/examples/logwatch/line_handler.h"
#include "docs/examples/logwatch/log_line.h"

namespace logwatch {

class PatternAlert : public LineHandler {
 public:
  // `pattern` is a POSIX extended regular expression; `kInvalidArgument` if it is not.
  static absl::StatusOr<PatternAlert> Make(const std::string& pattern);

  absl::Status Handle(const LogLine& line) override;

 private:
  // POSIX, because `std::regex` of libstdc++ recurses for each character: a long line would overflow the stack.
  struct Free {
    void operator()(regex_t* regex) const {
      regfree(regex);
      delete regex;
    }
  };
  using Regex = std::unique_ptr<regex_t, Free>;

  explicit PatternAlert(Regex regex) : regex_(std::move(regex)) {}

  Regex regex_;
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_PATTERN_ALERT_H_
