// The statistics of a bus, as numbers and in three forms of text.

#include "eventbus/bus_stats.h"

#include <string>
#include <thread>

#include "eventbus/event_bus.h"
#include "gtest/gtest.h"
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
  stats.topics = {
      {.name = "orders.eu", .type = "Order", .published = 12345, .unheard = 1, .subscribers = 2, .waiting = 0},
      {.name = "Trade", .type = "Trade", .is_of_type = true, .published = 7, .subscribers = 1, .waiting = 4}};
  stats.patterns = {{.pattern = "orders.>", .name = "log", .is_tap = true, .topics = 1},
                    {.pattern = "*", .type = "Order", .topics = 0, .clashes = 2}};
  return stats;
}

TEST(BusStats, Table) {
  EXPECT_EQ(Example().ToTable(),
            "topic      type   published  unheard  subscribers  waiting\n"
            "orders.eu  Order      12345        1            2        0\n"
            "(by type)  Trade          7        0            1        4\n");
  EXPECT_EQ(BusStats().ToTable(), "topic  type  published  unheard  subscribers  waiting\n");
}

TEST(BusStats, Json) {
  EXPECT_EQ(
      Example().ToJson(),
      R"({"name":"main","subscriptions":3,"max_subscriptions":null,"max_topics":100,"topics":[)"
      R"({"name":"orders.eu","type":"Order","is_of_type":false,"published":12345,"unheard":1,"subscribers":2,"waiting":0},)"
      R"({"name":"Trade","type":"Trade","is_of_type":true,"published":7,"unheard":0,"subscribers":1,"waiting":4}],"patterns":[)"
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
)");
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

TEST(BusStats, Dump) {
  EventBus bus({.name = "main"});
  const Subscription tap = MustSubscribe(bus.Tap(
      "a.>", [](const AnyEvent&) {}, "trace"));
  const Subscription wildcard = MustSubscribe(bus.Subscribe<double>("a.*", [](double) {}));
  bus.Publish("a.b", 1);
  EXPECT_EQ(bus.Dump(),
            "bus 'main': open, 1 topics, 2 subscriptions\n"
            "topic  type  published  unheard  subscribers  waiting\n"
            "a.b    int           1        1            0        0\n"
            "tap 'a.>' of 'trace': every type, 1 topics\n"
            "pattern 'a.*': double, 0 topics, 1 of another type\n");
  bus.Close();
  EXPECT_EQ(bus.Dump().find("bus 'main': closed, 1 topics, 0 subscriptions\n"), 0u);
}

}  // namespace
}  // namespace eventbus
