#include "eventbus/bus_stats.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "eventbus/waiter_info.h"

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

bool IsUnlimited(size_t limit) { return limit == std::numeric_limits<size_t>::max(); }

std::string JsonLimit(size_t limit) { return IsUnlimited(limit) ? "null" : absl::StrCat(limit); }

std::string Seconds(absl::Duration duration) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(duration);
  return absl::StrCat(nanoseconds / kSecond, ".", absl::Dec(nanoseconds % kSecond, absl::kZeroPad9));
}

std::string JsonOf(const LostValues& lost) {
  return absl::StrCat("{\"to_overflow\":", lost.to_overflow, ",\"to_sends\":", lost.to_sends,
                      ",\"to_replay\":", lost.to_replay, "}");
}

std::string JsonOf(const SubscriberStats& subscription) {
  const SubscriptionStats& counts = subscription.counts;
  return absl::StrCat("{\"id\":", subscription.id, ",\"name\":", JsonText(subscription.name),
                      ",\"pattern\":", JsonText(subscription.pattern), ",\"delivered\":", counts.delivered,
                      ",\"lost\":", JsonOf(counts.lost), ",\"filtered\":", counts.filtered,
                      ",\"errors\":", counts.errors, ",\"queued\":", counts.queue.size,
                      ",\"capacity\":", JsonLimit(counts.queue.capacity),
                      ",\"queue_high_water\":", counts.queue_high_water, ",\"waits\":", counts.waits,
                      ",\"blocked\":", Seconds(counts.blocked), "}");
}

std::string JsonOf(const TopicStats& topic) {
  return absl::StrCat("{\"name\":", JsonText(topic.name), ",\"type\":", JsonText(topic.type),
                      ",\"is_of_type\":", kFalseTrue[topic.is_of_type], ",\"published\":", topic.published,
                      ",\"unheard\":", topic.unheard, ",\"subscribers\":", topic.subscribers,
                      ",\"waiting\":", topic.waiting, ",\"slow\":", topic.slow, ",\"blocked\":", Seconds(topic.blocked),
                      ",\"lost\":", JsonOf(topic.lost), ",\"subscriptions\":",
                      JsonArray(topic.subscriptions, [](const SubscriberStats& one) { return JsonOf(one); }), "}");
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

  void Add(absl::string_view labels, const absl::AlphaNum& value) {
    absl::StrAppend(&text_, name_, "{", labels, "} ", value, "\n");
  }

  void AddByCause(absl::string_view labels, const LostValues& lost) {
    Add(absl::StrCat(labels, ",cause=\"overflow\""), lost.to_overflow);
    Add(absl::StrCat(labels, ",cause=\"send\""), lost.to_sends);
    Add(absl::StrCat(labels, ",cause=\"replay\""), lost.to_replay);
  }

  const std::string& text() const { return text_; }

 private:
  const absl::string_view name_;
  std::string text_;
};

std::string QueueCell(const QueueFill& queue) {
  if (queue.capacity == 0) return "";  // It has none, or is a rendezvous.
  return IsUnlimited(queue.capacity) ? absl::StrCat(queue.size) : absl::StrCat(queue.size, "/", queue.capacity);
}

// The metrics of subscriptions at topics; empty if there are none.
std::string SubscriptionMetrics(const BusStats& stats, const std::vector<std::string>& topic_labels) {
  Metric delivered("eventbus_subscription_delivered_total", "counter", "Events that it has got.");
  Metric lost("eventbus_subscription_lost_total", "counter", "Events that were lost to it, by what gave them up.");
  Metric filtered("eventbus_subscription_filtered_total", "counter", "Events that its filter refused.");
  Metric errors("eventbus_subscription_errors_total", "counter", "Calls of its handler that failed.");
  Metric waits("eventbus_subscription_waits_total", "counter", "Events that found no room and waited.");
  Metric blocked("eventbus_subscription_blocked_seconds_total", "counter", "How long publishers slept for it.");
  Metric queued("eventbus_subscription_queued", "gauge", "Events that wait for it.");
  Metric capacity("eventbus_subscription_queue_capacity", "gauge", "How many may wait for it.");
  Metric high_water("eventbus_subscription_queue_high_water", "gauge", "The most that have waited for it at once.");
  bool empty = true;
  for (size_t i = 0; i < stats.topics.size(); ++i) {
    for (const SubscriberStats& subscription : stats.topics[i].subscriptions) {
      empty = false;
      const SubscriptionStats& counts = subscription.counts;
      const std::string labels =
          absl::StrCat(topic_labels[i], ",subscription=", LabelText(subscription.name),
                       ",pattern=", LabelText(subscription.pattern), ",id=\"", subscription.id, "\"");
      delivered.Add(labels, counts.delivered);
      lost.AddByCause(labels, counts.lost);
      filtered.Add(labels, counts.filtered);
      errors.Add(labels, counts.errors);
      waits.Add(labels, counts.waits);
      blocked.Add(labels, Seconds(counts.blocked));
      queued.Add(labels, counts.queue.size);
      capacity.Add(labels, IsUnlimited(counts.queue.capacity) ? "+Inf" : absl::StrCat(counts.queue.capacity));
      high_water.Add(labels, counts.queue_high_water);
    }
  }
  if (empty) return {};
  return absl::StrCat(delivered.text(), lost.text(), filtered.text(), errors.text(), waits.text(), blocked.text(),
                      queued.text(), capacity.text(), high_water.text());
}

}  // namespace

size_t TopicStats::queued() const {
  size_t sum = 0;
  for (const SubscriberStats& subscription : subscriptions) sum += subscription.counts.queue.size;
  return sum;
}

std::string BusStats::ToTable() const {
  std::vector<std::vector<std::string>> rows = {
      {"topic", "type", "published", "unheard", "subscribers", "waiting", "queued", "lost", "blocked"}};
  std::vector<std::vector<std::string>> subscriber_rows = {
      {"topic", "subscription", "pattern", "delivered", "lost", "filtered", "errors", "queued", "waits", "blocked"}};
  for (const TopicStats& topic : topics) {
    const std::string topic_name = topic.is_of_type ? "(by type)" : topic.name;
    rows.push_back({topic_name, topic.type, absl::StrCat(topic.published), absl::StrCat(topic.unheard),
                    absl::StrCat(topic.subscribers), absl::StrCat(topic.waiting), absl::StrCat(topic.queued()),
                    absl::StrCat(topic.lost.total()), absl::FormatDuration(topic.blocked)});
    for (const SubscriberStats& subscription : topic.subscriptions) {
      const SubscriptionStats& counts = subscription.counts;
      subscriber_rows.push_back({topic.is_of_type ? topic.type : topic.name,
                                 subscription.name.empty() ? absl::StrCat("#", subscription.id) : subscription.name,
                                 subscription.pattern, absl::StrCat(counts.delivered),
                                 absl::StrCat(counts.lost.total()), absl::StrCat(counts.filtered),
                                 absl::StrCat(counts.errors), QueueCell(counts.queue), absl::StrCat(counts.waits),
                                 absl::FormatDuration(counts.blocked)});
    }
  }
  std::string text = Columns(rows, 2);
  if (subscriber_rows.size() > 1) absl::StrAppend(&text, "\n", Columns(subscriber_rows, 3));
  return text;
}

std::string BusStats::ToJson() const {
  return absl::StrCat(
      "{\"name\":", JsonText(name), ",\"subscriptions\":", subscriptions,
      ",\"max_subscriptions\":", JsonLimit(max_subscriptions), ",\"max_topics\":", JsonLimit(max_topics),
      ",\"max_queued\":", JsonLimit(max_queued), ",\"room\":", room,
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
  Metric room_taken("eventbus_queue_room", "gauge", "Events that may wait, as far as a limit of them is used; or 0.");
  room_taken.Add(bus, room);
  std::string text =
      topic_count.text() + subscription_count.text() + pattern_count.text() + clashes.text() + room_taken.text();
  if (topics.empty()) return text;

  Metric published("eventbus_topic_published_total", "counter", "Events whose delivery has begun.");
  Metric unheard("eventbus_topic_unheard_total", "counter", "Events that nobody took.");
  Metric subscribers("eventbus_topic_subscribers", "gauge", "Subscriptions of the topic that last.");
  Metric waiting("eventbus_topic_waiting_publishers", "gauge", "Publishers that wait for their turn.");
  Metric slow("eventbus_topic_slow_publishes_total", "counter", "Events whose publisher slept until there was room.");
  Metric blocked("eventbus_topic_blocked_seconds_total", "counter", "How long publishers slept for that.");
  Metric lost("eventbus_topic_lost_total", "counter", "Events that were lost to subscriptions, by what gave them up.");
  Metric queued("eventbus_topic_queued", "gauge", "Events that wait for subscriptions of the topic.");
  std::vector<std::string> topic_labels;
  std::map<std::string, size_t> topics_with;
  for (const TopicStats& topic : topics) {
    std::string labels =
        absl::StrCat(bus, ",topic=", LabelText(topic.is_of_type ? "" : topic.name), ",type=", LabelText(topic.type));
    // Types of one name, such as those that two files keep to themselves, have a topic each.
    if (const size_t number = ++topics_with[labels]; number > 1) absl::StrAppend(&labels, ",number=\"", number, "\"");
    published.Add(labels, topic.published);
    unheard.Add(labels, topic.unheard);
    subscribers.Add(labels, topic.subscribers);
    waiting.Add(labels, topic.waiting);
    slow.Add(labels, topic.slow);
    blocked.Add(labels, Seconds(topic.blocked));
    lost.AddByCause(labels, topic.lost);
    queued.Add(labels, topic.queued());
    topic_labels.push_back(labels);
  }
  return absl::StrCat(text, published.text(), unheard.text(), subscribers.text(), waiting.text(), slow.text(),
                      blocked.text(), lost.text(), queued.text(), SubscriptionMetrics(*this, topic_labels));
}

}  // namespace eventbus
