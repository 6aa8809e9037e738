#include "docs/examples/logwatch/options.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace logwatch {

const absl::string_view kHelp = R"(usage: logwatch [OPTION]... FILE...

Reads log files, "-" for standard input, and counts what is in them. Each line
goes to every subscriber: a counter by action or severity, a rate meter, and,
if asked for, an alert and an archive.

  --alert REGEX    print "alert: FILE:LINE: TEXT" for each line that matches the
                   extended regular expression (as of grep -E)
  --archive FILE   write each line as a JSON object to FILE, replacing it
  --slow MS        slow the archive down by MS milliseconds a line, to see how a
                   slow subscriber holds up the reader
  --help           print this and exit

The alerts, the counts and a report go to standard output; a rate line every
second, or a progress bar if it is a terminal, and messages to standard error.

Lines are cut after 65536 bytes. Those, and lines with NUL bytes, are counted in
the report. In the archive, bytes that are not UTF-8 become \ufffd.

SIGINT and SIGTERM end the reading; lines that were read are still handled, and
the report is printed. A second one ends the program at once.

exit status:
  0    each subscriber handled every line that was read
  1    one did not, an input could not be read, or an output not be written
  2    the command line is wrong; nothing was read
  130  a second signal came and was SIGINT; 143: it was SIGTERM
)";

namespace {

absl::Status UsageError(absl::string_view what, absl::string_view argument) {
  return absl::InvalidArgumentError(absl::StrCat(what, " '", argument, "'"));
}

absl::Status ParseSlow(const std::string& value, Options& options) {
  constexpr int kMaxMilliseconds = 3'600'000;
  int milliseconds = 0;
  if (!absl::SimpleAtoi(value, &milliseconds) || milliseconds < 0 || milliseconds > kMaxMilliseconds) {
    return UsageError("--slow takes milliseconds from 0 to 3600000, not", value);
  }
  options.slow = absl::Milliseconds(milliseconds);
  return absl::OkStatus();
}

// Takes arguments from the front, options with "=" or with their value in the next argument.
class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  absl::StatusOr<Options> Parse() {
    while (next_ < arguments_.size()) {
      if (absl::Status status = ParseOne(arguments_[next_++]); !status.ok()) return status;
    }
    if (absl::Status status = Check(); !status.ok()) return status;
    return std::move(options_);
  }

 private:
  absl::Status ParseOne(const std::string& argument) {
    if (only_inputs_ || argument == "-" || !absl::StartsWith(argument, "-")) {
      options_.inputs.push_back(argument);
      return absl::OkStatus();
    }
    if (argument == "--") {
      only_inputs_ = true;
      return absl::OkStatus();
    }
    if (argument == "--help" || argument == "-h") {
      options_.help = true;
      return absl::OkStatus();
    }
    return ParseWithValue(argument);
  }

  absl::Status ParseWithValue(const std::string& argument) {
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (name != "--alert" && name != "--archive" && name != "--slow") return UsageError("unknown option", name);

    if (equals == std::string::npos && next_ == arguments_.size()) return UsageError("no value for", name);
    const std::string value = equals == std::string::npos ? arguments_[next_++] : argument.substr(equals + 1);

    if (name == "--slow") return options_.slow ? UsageError("given twice:", name) : ParseSlow(value, options_);
    std::optional<std::string>& option = name == "--alert" ? options_.alert : options_.archive;
    if (option) return UsageError("given twice:", name);
    option = value;
    return absl::OkStatus();
  }

  absl::Status Check() const {
    if (options_.help) return absl::OkStatus();
    if (options_.slow && !options_.archive) return absl::InvalidArgumentError("--slow needs --archive");
    if (options_.archive == "-") return absl::InvalidArgumentError("--archive needs the name of a file");
    if (options_.inputs.empty()) return absl::InvalidArgumentError("no input: name a file, or - for standard input");
    return absl::OkStatus();
  }

  const std::vector<std::string>& arguments_;
  size_t next_ = 0;
  bool only_inputs_ = false;
  Options options_;
};

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) { return Parser(arguments).Parse(); }

}  // namespace logwatch
