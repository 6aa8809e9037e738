// What a bus counts, and three ways to write it down.
//
//   std::cout << bus.Stats().ToTable();
//   ServeMetrics(bus.Stats().ToPrometheus());
//
// Numbers of one subscription or topic are taken at one moment or nearly so; those of different ones at different moments.

#ifndef EVENTBUS_BUS_STATS_H_
#define EVENTBUS_BUS_STATS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/subscription_stats.h"

namespace eventbus {

// A subscription at a topic. A wildcard subscription has one of these at each topic that it receives from; taps have none.
struct SubscriberStats {
  // Unique in the process.
  uint64_t id = 0;
  std::string name = {};
  // Empty if it subscribed to this topic alone.
  std::string pattern = {};
  SubscriptionStats counts = {};
};

struct TopicStats {
  std::string name = {};  // For the topic of a type: the name of the type.
  std::string type = {};
  bool is_of_type = false;  // It is the topic of its type, and its name is no name of a topic.
  // Events whose delivery has begun, since the topic was made.
  uint64_t published = 0;
  // Those of them that nobody took: there was no subscriber, or all filters refused it.
  uint64_t unheard = 0;
  // Subscriptions that last, one for each wildcard subscription that matches; taps are not among them.
  size_t subscribers = 0;
  // Publishers that wait for their turn.
  size_t waiting = 0;
  // Events whose publisher slept until subscriptions had room, and for how long all did, to within some milliseconds each.
  uint64_t slow = 0;
  absl::Duration blocked = {};
  // Events that were lost to its subscriptions, those that have ended included.
  LostValues lost = {};
  // Those that last, oldest first. What they have counted goes with them.
  std::vector<SubscriberStats> subscriptions = {};

  // Events that wait for those.
  size_t queued() const;
};

struct PatternStats {
  std::string pattern = {};
  std::string name = {};  // The subscription's.
  std::string type = {};  // Empty if it is for topics of every type.
  bool is_tap = false;
  size_t topics = 0;   // It receives from.
  size_t clashes = 0;  // Match the pattern, and carry another type.
};

struct BusStats {
  std::string name = {};
  size_t subscriptions = 0;  // Of which the limit is; a wildcard subscription and a tap are one each.
  size_t max_subscriptions = 0;
  size_t max_topics = 0;
  size_t max_queued = 0;                // Events that may wait.
  size_t room = 0;                      // Of that, what queues take up, however full they are. 0 if there is no limit.
  std::vector<TopicStats> topics = {};  // Oldest first.
  std::vector<PatternStats> patterns = {};  // Wildcard subscriptions and taps that last, oldest first.

  // For people: a line for each topic, in columns, and one for each subscription at each topic.
  std::string ToTable() const;

  // One object, in one line: what is above under the same names, with null for no limit, and times in seconds. Texts that are not
  // UTF-8 are written byte by byte, as the characters of Latin-1.
  std::string ToJson() const;

  // The text format of Prometheus, version 0.0.4: metrics named `eventbus_...`, with the labels `bus`; `topic` and `type` where it is
  // one topic's; and `subscription`, `pattern` and `id` where it is one subscription's. Who has many more subscriptions than
  // Prometheus should keep lets it drop `eventbus_subscription_.*`.
  std::string ToPrometheus() const;
};

}  // namespace eventbus

#endif  // EVENTBUS_BUS_STATS_H_
