// The command line.

#ifndef DOCS_EXAMPLES_LOGWATCH_OPTIONS_H_
#define DOCS_EXAMPLES_LOGWATCH_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace logwatch {

// What the program exits with. A second signal gives 128 + its number.
enum ExitStatus {
  kSuccess = 0,
  kFailure = 1,
  kUsageError = 2,
};

struct Options {
  bool help = false;
  std::optional<std::string> alert;    // A regular expression.
  std::optional<std::string> archive;  // A file name.
  std::optional<absl::Duration> slow;  // How long the archive dawdles over each line.
  std::vector<std::string> inputs;     // File names; "-" is standard input.
};

extern const absl::string_view kHelp;

// `arguments` are without the program's name. An error says what is wrong with them.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_OPTIONS_H_
