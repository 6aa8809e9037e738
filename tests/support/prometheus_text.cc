#include "tests/support/prometheus_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace eventbus::testing {

namespace {

bool IsName(absl::string_view name, bool colons) {
  const auto begins = [&](char c) { return absl::ascii_isalpha(c) || c == '_' || (colons && c == ':'); };
  return !name.empty() && begins(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return begins(c) || absl::ascii_isdigit(c); });
}

// By the table of RFC 3629.
bool IsUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t at) {
      return at < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[at])) : 0u;
    };
    const unsigned first = byte(i);
    const size_t more = first < 0x80                    ? 0
                        : first >= 0xc2 && first < 0xe0 ? 1
                        : first >= 0xe0 && first < 0xf0 ? 2
                        : first >= 0xf0 && first < 0xf5 ? 3
                                                        : 4;
    if (more == 4) return false;
    unsigned lowest = 0x80;
    unsigned highest = 0xbf;
    if (first == 0xe0) lowest = 0xa0;
    if (first == 0xed) highest = 0x9f;
    if (first == 0xf0) lowest = 0x90;
    if (first == 0xf4) highest = 0x8f;
    for (size_t next = 1; next <= more; ++next) {
      if (byte(i + next) < lowest || byte(i + next) > highest) return false;
      lowest = 0x80;
      highest = 0xbf;
    }
    i += more + 1;
  }
  return true;
}

using Labels = std::map<std::string, std::string>;

// Cuts `{name="text",...}` off `line`. None if it is something else.
std::optional<Labels> CutLabels(absl::string_view& line) {
  Labels labels;
  line.remove_prefix(1);
  while (!absl::StartsWith(line, "}")) {
    const size_t equals = line.find("=\"");
    if (equals == absl::string_view::npos) return std::nullopt;
    const std::string name(line.substr(0, equals));
    line.remove_prefix(equals + 2);
    std::string text;
    while (!absl::StartsWith(line, "\"")) {
      if (line.empty()) return std::nullopt;
      if (line[0] == '\\') {
        if (line.size() < 2 || absl::string_view("\\\"n").find(line[1]) == absl::string_view::npos) return std::nullopt;
        text += line[1] == 'n' ? '\n' : line[1];
        line.remove_prefix(2);
      } else {
        text += line[0];
        line.remove_prefix(1);
      }
    }
    line.remove_prefix(1);
    if (!IsName(name, /*colons=*/false) || !labels.emplace(name, text).second) return std::nullopt;
    if (absl::StartsWith(line, ",")) line.remove_prefix(1);
  }
  line.remove_prefix(1);
  return labels;
}

class Reader {
 public:
  std::vector<std::string> Read(absl::string_view text) {
    if (!text.empty() && text.back() != '\n') Say("the last line has no end");
    if (!IsUtf8(text)) Say("not UTF-8");
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      line_ = std::string(line);
      if (absl::StartsWith(line, "# HELP ") || absl::StartsWith(line, "# TYPE ")) {
        ReadHeader(line);
      } else if (!line.empty() && line[0] != '#') {
        ReadSample(line);
      }
    }
    for (const auto& [name, metric] : metrics_) {
      line_ = name;
      if (metric.samples > 0 && metric.help.empty()) Say("no HELP");
      if (metric.samples > 0 && metric.kind.empty()) Say("no TYPE");
      if ((metric.kind == "counter") != absl::EndsWith(name, "_total")) Say("_total is for counters");
      for (const char* unit : {"milliseconds", "microseconds", "nanoseconds", "minutes", "hours"}) {
        if (absl::StrContains(name, unit)) Say("times are in seconds");
      }
    }
    return std::move(problems_);
  }

 private:
  struct Metric {
    std::string help;
    std::string kind;
    int samples = 0;
  };

  void Say(absl::string_view problem) { problems_.push_back(absl::StrCat(problem, ": ", line_)); }

  // The metric that the line is of: the same as before, or a new one.
  Metric& Enter(absl::string_view name) {
    if (!IsName(name, /*colons=*/true)) Say("not a name");
    const bool is_new = metrics_.find(std::string(name)) == metrics_.end();
    if (!is_new && current_ != name) Say("lines of one metric are apart");
    current_ = std::string(name);
    return metrics_[current_];
  }

  void ReadHeader(absl::string_view line) {
    const bool is_help = absl::StartsWith(line, "# HELP ");
    const std::vector<std::string> parts = absl::StrSplit(line.substr(7), absl::MaxSplits(' ', 1));
    Metric& metric = Enter(parts[0]);
    std::string& what = is_help ? metric.help : metric.kind;
    if (!what.empty()) Say("said twice");
    if (metric.samples > 0) Say("said after the samples");
    what = parts.size() > 1 ? parts[1] : "";
    if (what.empty()) Say("says nothing");
    if (!is_help && what != "counter" && what != "gauge" && what != "histogram" && what != "summary" &&
        what != "untyped") {
      Say("not a type");
    }
  }

  void ReadSample(absl::string_view line) {
    const size_t end = line.find_first_of("{ ");
    Metric& metric = Enter(line.substr(0, end));
    ++metric.samples;
    line.remove_prefix(end == absl::string_view::npos ? line.size() : end);
    std::optional<Labels> labels = Labels();
    if (absl::StartsWith(line, "{")) labels = CutLabels(line);
    if (!labels) return Say("not labels");
    if (!series_.insert(absl::StrCat(current_, "\n", absl::StrJoin(*labels, "\n", absl::PairFormatter("\n")))).second) {
      Say("the same sample again");
    }
    double value = 0;
    if (!absl::StartsWith(line, " ") || !absl::SimpleAtod(line.substr(1), &value)) return Say("not a number");
    if (metric.kind == "counter" && (!std::isfinite(value) || value < 0)) Say("not a count");
  }

  std::vector<std::string> problems_;
  std::string line_;
  std::string current_;
  std::map<std::string, Metric> metrics_;
  std::set<std::string> series_;
};

}  // namespace

std::vector<std::string> PrometheusProblems(absl::string_view text) { return Reader().Read(text); }

}  // namespace eventbus::testing
