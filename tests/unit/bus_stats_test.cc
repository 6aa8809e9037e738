// The statistics of a bus, as numbers and in three forms of text.

#include "eventbus/bus_stats.h"

#include <cstddef>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/clock.h"
#include "eventbus/event_bus.h"
#include "eventbus/manual_executor.h"
#include "eventbus/overflow.h"
#include "gtest/gtest.h"
#include "tests/support/prometheus_text.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::MustSubscribe;

BusStats Example() {
  BusStats stats;
  stats.name = "main";
  stats.subscriptions = 3;
  stats.max_subscriptions = EventBusOptions::kNoLimit;
  stats.max_topics = 100;
  stats.max_queued = 1000;
  stats.room = 64;
  const SubscriberStats slow = {.id = 8,
                                .name = "audit",
                                .counts = {.delivered = 100,
                                           .lost = {.to_overflow = 15, .to_sends = 3, .to_replay = 2},
                                           .filtered = 3,
                                           .errors = 4,
                                           .queue = {.size = 5, .capacity = 64},
                                           .queue_high_water = 64,
                                           .waits = 7,
                                           .blocked = absl::Milliseconds(2500)}};
  const SubscriberStats wildcard = {.id = 9,
                                    .pattern = "orders.>",
                                    .counts = {.delivered = 2,
                                               .lost = {.to_sends = 1},
                                               .queue = {.size = 6, .capacity = std::numeric_limits<size_t>::max()}}};
  stats.topics = {
      {.name = "orders.eu",
       .type = "Order",
       .published = 12345,
       .unheard = 1,
       .subscribers = 2,
       .waiting = 0,
       .slow = 7,
       .blocked = absl::Milliseconds(3250),
       .lost = {.to_overflow = 24, .to_sends = 4, .to_replay = 2},
       .subscriptions = {slow, wildcard}},
      {.name = "Trade", .type = "Trade", .is_of_type = true, .published = 7, .subscribers = 1, .waiting = 4}};
  stats.patterns = {{.pattern = "orders.>", .name = "log", .is_tap = true, .topics = 1},
                    {.pattern = "*", .type = "Order", .topics = 0, .clashes = 2}};
  return stats;
}

TEST(BusStats, Table) {
  EXPECT_EQ(Example().ToTable(),
            "topic      type   published  unheard  subscribers  waiting  queued  lost  blocked\n"
            "orders.eu  Order      12345        1            2        0      11    30    3.25s\n"
            "(by type)  Trade          7        0            1        4       0     0        0\n"
            "\n"
            "topic      subscription  pattern   delivered  lost  filtered  errors  queued  waits  blocked\n"
            "orders.eu  audit                         100    20         3       4    5/64      7     2.5s\n"
            "orders.eu  #9            orders.>          2     1         0       0       6      0        0\n");
  EXPECT_EQ(BusStats().ToTable(), "topic  type  published  unheard  subscribers  waiting  queued  lost  blocked\n");
}

TEST(BusStats, Json) {
  EXPECT_EQ(
      Example().ToJson(),
      R"({"name":"main","subscriptions":3,"max_subscriptions":null,"max_topics":100,"max_queued":1000,"room":64,"topics":[)"
      R"({"name":"orders.eu","type":"Order","is_of_type":false,"published":12345,"unheard":1,"subscribers":2,"waiting":0,"slow":7,"blocked":3.250000000,)"
      R"("lost":{"to_overflow":24,"to_sends":4,"to_replay":2},"subscriptions":[)"
      R"({"id":8,"name":"audit","pattern":"","delivered":100,"lost":{"to_overflow":15,"to_sends":3,"to_replay":2},"filtered":3,"errors":4,"queued":5,"capacity":64,)"
      R"("queue_high_water":64,"waits":7,"blocked":2.500000000},)"
      R"({"id":9,"name":"","pattern":"orders.>","delivered":2,"lost":{"to_overflow":0,"to_sends":1,"to_replay":0},"filtered":0,"errors":0,"queued":6,"capacity":null,)"
      R"("queue_high_water":0,"waits":0,"blocked":0.000000000}]},)"
      R"({"name":"Trade","type":"Trade","is_of_type":true,"published":7,"unheard":0,"subscribers":1,"waiting":4,"slow":0,"blocked":0.000000000,)"
      R"("lost":{"to_overflow":0,"to_sends":0,"to_replay":0},"subscriptions":[]}],"patterns":[)"
      R"({"pattern":"orders.>","name":"log","type":"","is_tap":true,"topics":1,"clashes":0},)"
      R"({"pattern":"*","name":"","type":"Order","is_tap":false,"topics":0,"clashes":2}]})");
}

TEST(BusStats, Prometheus) {
  EXPECT_EQ(Example().ToPrometheus(),
            R"(# HELP eventbus_topics Topics of the bus.
# TYPE eventbus_topics gauge
eventbus_topics{bus="main"} 2
# HELP eventbus_subscriptions Subscriptions that last; a wildcard is one.
# TYPE eventbus_subscriptions gauge
eventbus_subscriptions{bus="main"} 3
# HELP eventbus_patterns Wildcard subscriptions and taps that last.
# TYPE eventbus_patterns gauge
eventbus_patterns{bus="main"} 2
# HELP eventbus_pattern_clashes Topics that wildcards match and whose type is another.
# TYPE eventbus_pattern_clashes gauge
eventbus_pattern_clashes{bus="main"} 2
# HELP eventbus_queue_room Events that may wait, as far as a limit of them is used; or 0.
# TYPE eventbus_queue_room gauge
eventbus_queue_room{bus="main"} 64
# HELP eventbus_topic_published_total Events whose delivery has begun.
# TYPE eventbus_topic_published_total counter
eventbus_topic_published_total{bus="main",topic="orders.eu",type="Order"} 12345
eventbus_topic_published_total{bus="main",topic="",type="Trade"} 7
# HELP eventbus_topic_unheard_total Events that nobody took.
# TYPE eventbus_topic_unheard_total counter
eventbus_topic_unheard_total{bus="main",topic="orders.eu",type="Order"} 1
eventbus_topic_unheard_total{bus="main",topic="",type="Trade"} 0
# HELP eventbus_topic_subscribers Subscriptions of the topic that last.
# TYPE eventbus_topic_subscribers gauge
eventbus_topic_subscribers{bus="main",topic="orders.eu",type="Order"} 2
eventbus_topic_subscribers{bus="main",topic="",type="Trade"} 1
# HELP eventbus_topic_waiting_publishers Publishers that wait for their turn.
# TYPE eventbus_topic_waiting_publishers gauge
eventbus_topic_waiting_publishers{bus="main",topic="orders.eu",type="Order"} 0
eventbus_topic_waiting_publishers{bus="main",topic="",type="Trade"} 4
# HELP eventbus_topic_slow_publishes_total Events whose publisher slept until there was room.
# TYPE eventbus_topic_slow_publishes_total counter
eventbus_topic_slow_publishes_total{bus="main",topic="orders.eu",type="Order"} 7
eventbus_topic_slow_publishes_total{bus="main",topic="",type="Trade"} 0
# HELP eventbus_topic_blocked_seconds_total How long publishers slept for that.
# TYPE eventbus_topic_blocked_seconds_total counter
eventbus_topic_blocked_seconds_total{bus="main",topic="orders.eu",type="Order"} 3.250000000
eventbus_topic_blocked_seconds_total{bus="main",topic="",type="Trade"} 0.000000000
# HELP eventbus_topic_lost_total Events that were lost to subscriptions, by what gave them up.
# TYPE eventbus_topic_lost_total counter
eventbus_topic_lost_total{bus="main",topic="orders.eu",type="Order",cause="overflow"} 24
eventbus_topic_lost_total{bus="main",topic="orders.eu",type="Order",cause="send"} 4
eventbus_topic_lost_total{bus="main",topic="orders.eu",type="Order",cause="replay"} 2
eventbus_topic_lost_total{bus="main",topic="",type="Trade",cause="overflow"} 0
eventbus_topic_lost_total{bus="main",topic="",type="Trade",cause="send"} 0
eventbus_topic_lost_total{bus="main",topic="",type="Trade",cause="replay"} 0
# HELP eventbus_topic_queued Events that wait for subscriptions of the topic.
# TYPE eventbus_topic_queued gauge
eventbus_topic_queued{bus="main",topic="orders.eu",type="Order"} 11
eventbus_topic_queued{bus="main",topic="",type="Trade"} 0
# HELP eventbus_subscription_delivered_total Events that it has got.
# TYPE eventbus_subscription_delivered_total counter
eventbus_subscription_delivered_total{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8"} 100
eventbus_subscription_delivered_total{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9"} 2
# HELP eventbus_subscription_lost_total Events that were lost to it, by what gave them up.
# TYPE eventbus_subscription_lost_total counter
eventbus_subscription_lost_total{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8",cause="overflow"} 15
eventbus_subscription_lost_total{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8",cause="send"} 3
eventbus_subscription_lost_total{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8",cause="replay"} 2
eventbus_subscription_lost_total{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9",cause="overflow"} 0
eventbus_subscription_lost_total{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9",cause="send"} 1
eventbus_subscription_lost_total{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9",cause="replay"} 0
# HELP eventbus_subscription_filtered_total Events that its filter refused.
# TYPE eventbus_subscription_filtered_total counter
eventbus_subscription_filtered_total{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8"} 3
eventbus_subscription_filtered_total{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9"} 0
# HELP eventbus_subscription_errors_total Calls of its handler that failed.
# TYPE eventbus_subscription_errors_total counter
eventbus_subscription_errors_total{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8"} 4
eventbus_subscription_errors_total{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9"} 0
# HELP eventbus_subscription_waits_total Events that found no room and waited.
# TYPE eventbus_subscription_waits_total counter
eventbus_subscription_waits_total{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8"} 7
eventbus_subscription_waits_total{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9"} 0
# HELP eventbus_subscription_blocked_seconds_total How long publishers slept for it.
# TYPE eventbus_subscription_blocked_seconds_total counter
eventbus_subscription_blocked_seconds_total{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8"} 2.500000000
eventbus_subscription_blocked_seconds_total{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9"} 0.000000000
# HELP eventbus_subscription_queued Events that wait for it.
# TYPE eventbus_subscription_queued gauge
eventbus_subscription_queued{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8"} 5
eventbus_subscription_queued{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9"} 6
# HELP eventbus_subscription_queue_capacity How many may wait for it.
# TYPE eventbus_subscription_queue_capacity gauge
eventbus_subscription_queue_capacity{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8"} 64
eventbus_subscription_queue_capacity{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9"} +Inf
# HELP eventbus_subscription_queue_high_water The most that have waited for it at once.
# TYPE eventbus_subscription_queue_high_water gauge
eventbus_subscription_queue_high_water{bus="main",topic="orders.eu",type="Order",subscription="audit",pattern="",id="8"} 64
eventbus_subscription_queue_high_water{bus="main",topic="orders.eu",type="Order",subscription="",pattern="orders.>",id="9"} 0
)");
}

// By the rules as this project reads them. prometheus_text_test asks Prometheus's own tool, where that is installed.
TEST(BusStats, PrometheusTellsTypesOfOneNameApart) {
  BusStats stats;
  stats.topics.assign(2, {.name = "Trade", .type = "Trade", .is_of_type = true, .published = 7});
  const std::string text = stats.ToPrometheus();
  EXPECT_NE(text.find(R"(published_total{bus="",topic="",type="Trade"} 7)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(published_total{bus="",topic="",type="Trade",number="2"} 7)"), std::string::npos) << text;
}

TEST(BusStats, PrometheusFindsNothingWrong) {
  EXPECT_EQ(testing::PrometheusProblems(Example().ToPrometheus()), std::vector<std::string>());
  EXPECT_EQ(testing::PrometheusProblems(BusStats().ToPrometheus()), std::vector<std::string>());
  BusStats stats = Example();
  stats.name = "a \"quoted\" \\ name\nin two lines, \xff and \xe2\x82\xac";
  stats.topics[0].name = "\xff.\xe4\"\\";
  stats.topics[0].subscriptions[0].name = "{}=,\n\\";
  EXPECT_EQ(testing::PrometheusProblems(stats.ToPrometheus()), std::vector<std::string>());
}

TEST(BusStats, TextsAreEscapedAndAlwaysUtf8) {
  BusStats stats;
  stats.name = "a\"b\\c\nd\x01 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80";
  EXPECT_NE(stats.ToJson().find("\"a\\\"b\\\\c\\u000ad\\u0001 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\""),
            std::string::npos)
      << stats.ToJson();
  EXPECT_NE(stats.ToPrometheus().find("{bus=\"a\\\"b\\\\c\\nd\x01 \xc3\xa4"), std::string::npos)
      << stats.ToPrometheus();
  // Each is no UTF-8: alone, cut short, too long for what it says, half of a pair, past the last character.
  for (const char* text : {"\xff", "\xe4x", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80"}) {
    stats.name = text;
    const auto first = static_cast<unsigned char>(text[0]);
    const std::string latin = {static_cast<char>(0xc0 | first >> 6), static_cast<char>(0x80 | (first & 0x3f))};
    EXPECT_EQ(stats.ToJson().find("{\"name\":\"" + latin), 0u) << stats.ToJson();
  }
}

struct Order {};

TEST(BusStats, SaysWhatHappened) {
  EventBus bus({.name = "main", .max_topics = 10});
  const Channel<int> channel(0);
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("a", channel));
  const Subscription wildcard = MustSubscribe(bus.Subscribe<double>("*", [](double) {}, {.name = "w"}));
  bus.Publish(Order());
  std::thread first([&] { bus.Publish("a", 1); });
  testing::AwaitSenders(channel, 1);
  std::thread second([&] { bus.Publish("a", 2); });
  testing::AwaitTrue([&] { return bus.Stats().topics[0].waiting == 1; });
  const BusStats stats = bus.Stats();
  EXPECT_EQ(*channel.Receive(), 1);
  EXPECT_EQ(*channel.Receive(), 2);
  first.join();
  second.join();
  EXPECT_EQ(stats.name, "main");
  EXPECT_EQ(stats.max_topics, 10u);
  EXPECT_EQ(stats.subscriptions, 2u);
  ASSERT_EQ(stats.topics.size(), 2u);
  EXPECT_EQ(stats.topics[0].name, "a");
  EXPECT_EQ(stats.topics[0].type, "int");
  EXPECT_EQ(stats.topics[0].published, 1u);
  EXPECT_EQ(stats.topics[0].subscribers, 1u);
  EXPECT_TRUE(stats.topics[1].is_of_type);
  EXPECT_EQ(stats.topics[1].unheard, 1u);
  ASSERT_EQ(stats.patterns.size(), 1u);
  EXPECT_EQ(stats.patterns[0].pattern, "*");
  EXPECT_EQ(stats.patterns[0].type, "double");
  EXPECT_EQ(stats.patterns[0].clashes, 1u);
}

TEST(BusStats, SaysWhatBecameOfTheEventsOfEachSubscription) {
  EventBus bus;
  ManualExecutor executor;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  const Channel<int> inbox(2);
  const Subscription losing =
      MustSubscribe(topic.Subscribe(inbox, {.name = "losing", .overflow = Overflow::kDropNewest}));
  const Subscription queueing = MustSubscribe(bus.Subscribe<int>(
      "*", [](int) {},
      {.name = "queueing", .filter = [](int n) { return n != 2; }, .executor = &executor, .capacity = 8}));
  const Subscription failing =
      MustSubscribe(bus.SubscribeAny(">", [](const AnyEvent&) { return absl::DataLossError("bad"); }));
  const Subscription tap = MustSubscribe(bus.Tap(">", [](const AnyEvent&) {}));
  for (int n = 1; n <= 4; ++n) topic.Publish(n);
  const BusStats stats = bus.Stats();
  const std::vector<SubscriberStats>& each = stats.topics[0].subscriptions;
  ASSERT_EQ(each.size(), 3u) << "a tap is none";
  EXPECT_EQ(each[0].name, "losing");
  EXPECT_EQ(each[0].pattern, "");
  EXPECT_EQ(each[0].id, losing.id());
  EXPECT_EQ(each[0].counts.delivered, 2u);
  EXPECT_EQ(each[0].counts.lost.to_overflow, 2u);
  EXPECT_EQ(each[0].counts.queue.size, 2u);
  EXPECT_EQ(each[1].name, "queueing");
  EXPECT_EQ(each[1].pattern, "*");
  EXPECT_EQ(each[1].counts.delivered, 0u);
  EXPECT_EQ(each[1].counts.filtered, 1u);
  EXPECT_EQ(each[1].counts.queue.size, 3u);
  EXPECT_EQ(each[1].counts.queue.capacity, 8u);
  EXPECT_EQ(each[2].pattern, ">");
  EXPECT_EQ(each[2].counts.delivered, 4u);
  EXPECT_EQ(each[2].counts.errors, 4u);
  EXPECT_EQ(stats.topics[0].queued(), 5u);
  EXPECT_EQ(stats.topics[0].lost, (LostValues{.to_overflow = 2}));
  executor.RunAll();
  EXPECT_EQ(bus.Stats().topics[0].subscriptions[1].counts.delivered, 3u);
}

TEST(BusStats, SaysForHowLongPublishersSlept) {
  VirtualClock clock;
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  const Channel<int> channel(0);
  const Subscription subscription = MustSubscribe(topic.Subscribe(channel, {.name = "slow"}));
  std::thread publisher([&] { topic.Publish(1); });
  clock.AwaitWaiters(1);
  clock.Advance(absl::Seconds(90));
  EXPECT_EQ(*channel.Receive(), 1);
  publisher.join();
  const TopicStats stats = bus.Stats().topics[0];
  EXPECT_EQ(stats.slow, 1u);
  EXPECT_EQ(stats.blocked, absl::Seconds(90));
  EXPECT_EQ(stats.subscriptions[0].counts.waits, 1u);
  EXPECT_EQ(stats.subscriptions[0].counts.blocked, absl::Seconds(90));
}

TEST(BusStats, Dump) {
  EventBus bus({.name = "main"});
  const Subscription tap = MustSubscribe(bus.Tap(
      "a.>", [](const AnyEvent&) {}, "trace"));
  const Subscription wildcard = MustSubscribe(bus.Subscribe<double>("a.*", [](double) {}));
  bus.Publish("a.b", 1);
  EXPECT_EQ(bus.Dump(),
            "bus 'main': open, 1 topics, 2 subscriptions\n"
            "topic  type  published  unheard  subscribers  waiting  queued  lost  blocked\n"
            "a.b    int           1        1            0        0       0     0        0\n"
            "tap 'a.>' of 'trace': every type, 1 topics\n"
            "pattern 'a.*': double, 0 topics, 1 of another type\n");
  bus.Close();
  EXPECT_EQ(bus.Dump().find("bus 'main': closed, 1 topics, 0 subscriptions\n"), 0u);
}

}  // namespace
}  // namespace eventbus
