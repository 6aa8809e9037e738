#include "eventbus/internal/bus/subject.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace eventbus::internal {

namespace {

bool IsAllowed(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != 0x7f;
}

// What is wrong with `token`; empty if nothing is. `is_last`: nothing comes after it.
absl::string_view FaultOf(absl::string_view token, bool is_last, bool is_pattern) {
  if (token.empty()) return "has an empty token";
  for (const char c : token) {
    if (!IsAllowed(c)) return "has a space or a control character";
  }
  if (token.find_first_of("*>") == absl::string_view::npos) return {};
  if (!is_pattern) return "has a wildcard, and names no topic";
  if (token.size() > 1) return "has a wildcard that is not a whole token";
  if (token == ">" && !is_last) return "has a '>' that is not the last token";
  return {};
}

absl::Status Check(absl::string_view kind, absl::string_view subject, bool is_pattern) {
  absl::string_view fault;
  if (subject.empty()) {
    fault = "is empty";
  } else if (subject.size() > kLongestSubject) {
    return absl::InvalidArgumentError(
        absl::StrCat(kind, " of ", subject.size(), " characters is longer than ", kLongestSubject));
  }
  size_t begin = 0;
  while (fault.empty()) {
    const size_t dot = subject.find('.', begin);
    const bool is_last = dot == absl::string_view::npos;
    fault = FaultOf(subject.substr(begin, is_last ? dot : dot - begin), is_last, is_pattern);
    if (is_last) break;
    begin = dot + 1;
  }
  if (fault.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(kind, " '", absl::CHexEscape(subject), "' ", fault));
}

}  // namespace

absl::Status CheckName(absl::string_view name) { return Check("topic name", name, /*is_pattern=*/false); }
absl::Status CheckPattern(absl::string_view pattern) { return Check("pattern", pattern, /*is_pattern=*/true); }

bool HasWildcard(absl::string_view subject) { return subject.find_first_of("*>") != absl::string_view::npos; }

absl::string_view PopToken(absl::string_view& subject) {
  const size_t dot = subject.find('.');
  const absl::string_view token = subject.substr(0, dot);
  subject.remove_prefix(dot == absl::string_view::npos ? subject.size() : dot + 1);
  return token;
}

}  // namespace eventbus::internal
