#include "docs/examples/logwatch/action_counter.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace logwatch {
namespace {

// Words further on belong to the message.
constexpr int kWordsToLookAt = 10;

constexpr std::array<absl::string_view, 10> kDpkgActions = {
    "configure", "conffile", "disappear", "install", "purge", "remove", "startup", "status", "trigproc", "upgrade"};

struct Severity {
  absl::string_view spelling;
  absl::string_view name;
};
constexpr std::array<Severity, 16> kSeverities = {{{"EMERG", "EMERG"},
                                                   {"PANIC", "FATAL"},
                                                   {"FATAL", "FATAL"},
                                                   {"ALERT", "ALERT"},
                                                   {"CRIT", "CRITICAL"},
                                                   {"CRITICAL", "CRITICAL"},
                                                   {"SEVERE", "ERROR"},
                                                   {"ERR", "ERROR"},
                                                   {"ERROR", "ERROR"},
                                                   {"WARN", "WARN"},
                                                   {"WARNING", "WARN"},
                                                   {"NOTICE", "NOTICE"},
                                                   {"INFO", "INFO"},
                                                   {"DEBUG", "DEBUG"},
                                                   {"TRACE", "TRACE"},
                                                   {"VERBOSE", "DEBUG"}}};

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

absl::string_view TakeWord(absl::string_view& text) {
  const auto begin = std::find_if_not(text.begin(), text.end(), IsSpace);
  const auto end = std::find_if(begin, text.end(), IsSpace);
  const absl::string_view word = text.substr(begin - text.begin(), end - begin);
  text.remove_prefix(end - text.begin());
  return word;
}

// Whether `word` is as `shape`, in which 0 stands for any digit.
bool HasShape(absl::string_view word, absl::string_view shape) {
  return std::equal(word.begin(), word.end(), shape.begin(), shape.end(),
                    [](char c, char s) { return s == '0' ? absl::ascii_isdigit(c) : c == s; });
}

std::optional<absl::string_view> FindDpkgAction(absl::string_view text) {
  if (!HasShape(TakeWord(text), "0000-00-00") || !HasShape(TakeWord(text), "00:00:00")) return std::nullopt;
  const auto* action = std::find(kDpkgActions.begin(), kDpkgActions.end(), TakeWord(text));
  if (action == kDpkgActions.end()) return std::nullopt;
  return *action;
}

// Lower case alone is prose: "no error was found". With a bracket or a colon it is not: "[error]", "error:".
std::optional<absl::string_view> FindSeverity(absl::string_view word) {
  absl::string_view bare = word;
  while (!bare.empty() && !absl::ascii_isalpha(bare.front())) bare.remove_prefix(1);
  while (!bare.empty() && !absl::ascii_isalpha(bare.back())) bare.remove_suffix(1);
  for (const Severity& severity : kSeverities) {
    const bool is_marked = bare.size() < word.size() && absl::EqualsIgnoreCase(bare, severity.spelling);
    if (bare == severity.spelling || is_marked) return severity.name;
  }
  return std::nullopt;
}

}  // namespace

absl::string_view ActionOf(absl::string_view text) {
  if (const auto action = FindDpkgAction(text)) return *action;
  for (int i = 0; i < kWordsToLookAt && !text.empty(); ++i) {
    if (const auto severity = FindSeverity(TakeWord(text))) return *severity;
  }
  return "other";
}

absl::Status ActionCounter::Handle(const LogLine& line) {
  ++counts_[ActionOf(*line.text)];
  return absl::OkStatus();
}

std::vector<std::pair<absl::string_view, uint64_t>> ActionCounter::Counts() const {
  std::vector<std::pair<absl::string_view, uint64_t>> counts(counts_.begin(), counts_.end());
  std::stable_sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return counts;
}

}  // namespace logwatch
