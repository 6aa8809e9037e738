#include "docs/examples/logwatch/pattern_alert.h"

#include "absl/strings/str_cat.h"
#include "docs/examples/logwatch/standard_streams.h"

namespace logwatch {
namespace {

std::string ErrorText(int error, const regex_t* regex) {
  char text[256];
  regerror(error, regex, text, sizeof(text));
  return text;
}

}  // namespace

absl::StatusOr<PatternAlert> PatternAlert::Make(const std::string& pattern) {
  auto regex = std::make_unique<regex_t>();
  if (const int error = regcomp(regex.get(), pattern.c_str(), REG_EXTENDED | REG_NOSUB); error != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("bad regular expression '", pattern, "': ", ErrorText(error, regex.get())));
  }
  return PatternAlert(Regex(regex.release()));
}

absl::Status PatternAlert::Handle(const LogLine& line) {
  // REG_STARTEND: the length decides, not a NUL byte in the text.
  regmatch_t range = {.rm_so = 0, .rm_eo = static_cast<regoff_t>(line.text->size())};
  const int error = regexec(regex_.get(), line.text->c_str(), 0, &range, REG_STARTEND);
  if (error == REG_NOMATCH) return absl::OkStatus();
  if (error != 0) return absl::ResourceExhaustedError(ErrorText(error, regex_.get()));
  return Print(absl::StrCat("alert: ", *line.source, ":", line.number, ": ", Printable(*line.text), "\n"));
}

}  // namespace logwatch
