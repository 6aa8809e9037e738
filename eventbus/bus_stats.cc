#include "eventbus/bus_stats.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace eventbus {

namespace {

// Columns as wide as their widest cell, the first to the left and the others to the right.
std::string Columns(const std::vector<std::vector<std::string>>& rows, size_t left_columns) {
  std::vector<size_t> widths(rows.front().size());
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      if (i > 0) line += "  ";
      line += i < left_columns ? row[i] + padding : padding + row[i];
    }
    absl::StrAppend(&text, line.substr(0, line.find_last_not_of(' ') + 1), "\n");
  }
  return text;
}

// How many bytes the character takes that `text`, which is not empty, begins with; 0 if that is no UTF-8.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xc2 && first < 0xe0   ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Too long for what it says, half of a pair, or past the last character.
  const unsigned char second = byte(1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) || (first == 0xf0 && second < 0x90) ||
      (first == 0xf4 && second >= 0x90)) {
    return 0;
  }
  return length;
}

// `text` with each character that `escape` gives something for replaced by that, and valid UTF-8 whatever it was.
template <typename Escape>
std::string Escaped(absl::string_view text, Escape escape) {
  std::string escaped;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(text[0]);
      escaped += static_cast<char>(0xc0 | byte >> 6);
      escaped += static_cast<char>(0x80 | (byte & 0x3f));
    } else if (const std::string replaced = length == 1 ? escape(text[0]) : std::string(); !replaced.empty()) {
      escaped += replaced;
    } else {
      absl::StrAppend(&escaped, text.substr(0, length));
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return escaped;
}

std::string JsonText(absl::string_view text) {
  return absl::StrCat("\"",
                      Escaped(text,
                              [](char c) -> std::string {
                                if (c == '"' || c == '\\') return {'\\', c};
                                if (static_cast<unsigned char>(c) < 0x20)
                                  return absl::StrCat("\\u", absl::Hex(c, absl::kZeroPad4));
                                return {};
                              }),
                      "\"");
}

std::string LabelText(absl::string_view text) {
  return absl::StrCat("\"",
                      Escaped(text,
                              [](char c) -> std::string {
                                if (c == '"' || c == '\\') return {'\\', c};
                                if (c == '\n') return "\\n";
                                return {};
                              }),
                      "\"");
}

constexpr absl::string_view kFalseTrue[] = {"false", "true"};

template <typename T, typename Write>
std::string JsonArray(const std::vector<T>& things, Write write) {
  std::string text = "[";
  for (const T& thing : things) absl::StrAppend(&text, text.size() > 1 ? "," : "", write(thing));
  return text + "]";
}

std::string JsonOf(const TopicStats& topic) {
  return absl::StrCat("{\"name\":", JsonText(topic.name), ",\"type\":", JsonText(topic.type),
                      ",\"is_of_type\":", kFalseTrue[topic.is_of_type], ",\"published\":", topic.published,
                      ",\"unheard\":", topic.unheard, ",\"subscribers\":", topic.subscribers,
                      ",\"waiting\":", topic.waiting, "}");
}

std::string JsonOf(const PatternStats& pattern) {
  return absl::StrCat("{\"pattern\":", JsonText(pattern.pattern), ",\"name\":", JsonText(pattern.name),
                      ",\"type\":", JsonText(pattern.type), ",\"is_tap\":", kFalseTrue[pattern.is_tap],
                      ",\"topics\":", pattern.topics, ",\"clashes\":", pattern.clashes, "}");
}

// The lines of one metric.
class Metric {
 public:
  Metric(absl::string_view name, absl::string_view kind, absl::string_view help)
      : name_(name), text_(absl::StrCat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n")) {}

  void Add(absl::string_view labels, uint64_t value) { absl::StrAppend(&text_, name_, "{", labels, "} ", value, "\n"); }

  const std::string& text() const { return text_; }

 private:
  const absl::string_view name_;
  std::string text_;
};

}  // namespace

std::string BusStats::ToTable() const {
  std::vector<std::vector<std::string>> rows = {{"topic", "type", "published", "unheard", "subscribers", "waiting"}};
  for (const TopicStats& topic : topics) {
    rows.push_back({topic.is_of_type ? "(by type)" : topic.name, topic.type, absl::StrCat(topic.published),
                    absl::StrCat(topic.unheard), absl::StrCat(topic.subscribers), absl::StrCat(topic.waiting)});
  }
  return Columns(rows, 2);
}

std::string BusStats::ToJson() const {
  const auto limit = [](size_t max) { return max == std::numeric_limits<size_t>::max() ? "null" : absl::StrCat(max); };
  return absl::StrCat(
      "{\"name\":", JsonText(name), ",\"subscriptions\":", subscriptions,
      ",\"max_subscriptions\":", limit(max_subscriptions), ",\"max_topics\":", limit(max_topics),
      ",\"topics\":", JsonArray(topics, [](const TopicStats& topic) { return JsonOf(topic); }),
      ",\"patterns\":", JsonArray(patterns, [](const PatternStats& pattern) { return JsonOf(pattern); }), "}");
}

std::string BusStats::ToPrometheus() const {
  const std::string bus = absl::StrCat("bus=", LabelText(name));
  Metric topic_count("eventbus_topics", "gauge", "Topics of the bus.");
  topic_count.Add(bus, topics.size());
  Metric subscription_count("eventbus_subscriptions", "gauge", "Subscriptions that last; a wildcard is one.");
  subscription_count.Add(bus, subscriptions);
  uint64_t clashing = 0;
  for (const PatternStats& pattern : patterns) clashing += pattern.clashes;
  Metric pattern_count("eventbus_patterns", "gauge", "Wildcard subscriptions and taps that last.");
  pattern_count.Add(bus, patterns.size());
  Metric clashes("eventbus_pattern_clashes", "gauge", "Topics that wildcards match and whose type is another.");
  clashes.Add(bus, clashing);
  std::string text = topic_count.text() + subscription_count.text() + pattern_count.text() + clashes.text();
  if (topics.empty()) return text;

  Metric published("eventbus_topic_published_total", "counter", "Events whose delivery has begun.");
  Metric unheard("eventbus_topic_unheard_total", "counter", "Events that nobody took.");
  Metric subscribers("eventbus_topic_subscribers", "gauge", "Subscriptions of the topic that last.");
  Metric waiting("eventbus_topic_waiting_publishers", "gauge", "Publishers that wait for their turn.");
  for (const TopicStats& topic : topics) {
    const std::string labels =
        absl::StrCat(bus, ",topic=", LabelText(topic.is_of_type ? "" : topic.name), ",type=", LabelText(topic.type));
    published.Add(labels, topic.published);
    unheard.Add(labels, topic.unheard);
    subscribers.Add(labels, topic.subscribers);
    waiting.Add(labels, topic.waiting);
  }
  return text + published.text() + unheard.text() + subscribers.text() + waiting.text();
}

}  // namespace eventbus
