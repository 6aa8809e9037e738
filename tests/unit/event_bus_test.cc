// Topics: found by name and by type, of one type each, within limits, until the bus is closed.

#include "eventbus/event_bus.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventbus/dump_waiters.h"
#include "eventbus/manual_executor.h"
#include "eventbus/subscription_scope.h"
#include "eventbus/thread_pool.h"
#include "eventbus/topic_options.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitSenders;
using testing::AwaitTrue;
using testing::Counted;
using testing::MustSubscribe;

struct OrderPlaced {
  int number;
};

template <typename T>
TopicOf<T> MustFind(absl::StatusOr<TopicOf<T>> topic) {
  EXPECT_TRUE(topic.ok()) << topic.status();
  return *topic;
}

TEST(EventBus, TheSameNameIsTheSameTopic) {
  EventBus bus;
  const TopicOf<int> here = MustFind(bus.Topic<int>("orders.eu"));
  const TopicOf<int> there = MustFind(bus.Topic<int>("orders.eu"));
  const TopicOf<int> other = MustFind(bus.Topic<int>("orders.us"));
  const Channel<int> channel(4);
  const Subscription subscription = MustSubscribe(here.Subscribe(channel));
  EXPECT_EQ(there.Publish(1).delivered, 1u);
  EXPECT_EQ(other.Publish(2).delivered, 0u);
  EXPECT_EQ(*channel.TryReceive(), 1);
  EXPECT_FALSE(channel.TryReceive().ok());
  EXPECT_EQ(there.name(), "orders.eu");
  EXPECT_EQ(there.subscribers(), 1u);
  EXPECT_EQ(bus.topics(), 2u);
}

TEST(EventBus, WhoSubscribesMakesTheTopicToo) {
  EventBus bus({.name = "events"});
  EXPECT_EQ(bus.name(), "events");
  const Channel<int> channel(4);
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("orders", channel));
  EXPECT_EQ(bus.Publish("orders", 7).delivered, 1u);
  EXPECT_EQ(*channel.TryReceive(), 7);
}

TEST(EventBus, ATypeIsATopicOfItsOwn) {
  EventBus bus;
  int seen = 0;
  const Subscription orders =
      MustSubscribe(bus.Subscribe<OrderPlaced>([&](const OrderPlaced& order) { seen += order.number; }));
  const Channel<int> numbers(1);
  const Subscription counted = MustSubscribe(bus.Subscribe<int>(numbers));
  EXPECT_EQ(bus.Publish(OrderPlaced{7}).delivered, 1u);
  EXPECT_EQ(seen, 7);
  EXPECT_EQ(bus.Publish(3).delivered, 1u);
  EXPECT_EQ(*numbers.TryReceive(), 3);
  EXPECT_NE(MustFind(bus.Topic<OrderPlaced>()).name().find("OrderPlaced"), std::string::npos);
  // One that has its name is another one.
  EXPECT_EQ(bus.Publish("int", 3).delivered, 0u);
}

TEST(EventBus, AnotherTypeIsRefusedAndBothAreNamed) {
  EventBus bus({.name = "main"});
  const TopicOf<int> topic = MustFind(bus.Topic<int>("orders"));
  const absl::StatusOr<TopicOf<std::string>> other = bus.Topic<std::string>("orders");
  EXPECT_EQ(other.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(other.status().message());
  EXPECT_NE(message.find("bus 'main': topic 'orders' carries int, not "), std::string::npos) << message;
  EXPECT_NE(message.find("string"), std::string::npos) << message;
  EXPECT_EQ(bus.Publish("orders", 1.5).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.Subscribe<double>("orders", [](double) {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(topic.Publish(1).status, absl::OkStatus());
}

TEST(EventBus, WhatIsNoNameIsRefused) {
  EventBus bus;
  for (const absl::string_view name : {"", " ", "a b", "a..b", ".a", "a.", "a\n"}) {
    EXPECT_EQ(bus.Topic<int>(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(bus.Publish(name, 1).status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(bus.Subscribe<int>(name, [](int) {}).status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(bus.SubscribeAny(name, [](const AnyEvent&) {}).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(bus.Tap(name, [](const AnyEvent&) {}).status().code(), absl::StatusCode::kInvalidArgument);
  }
  for (const absl::string_view pattern : {"*", "a.*", ">", "a.>", "a*"}) {
    EXPECT_EQ(bus.Topic<int>(pattern).status().code(), absl::StatusCode::kInvalidArgument) << pattern;
    EXPECT_EQ(bus.Publish(pattern, 1).status.code(), absl::StatusCode::kInvalidArgument) << pattern;
  }
  for (const absl::string_view pattern : {"a*", ">.a", "a.>.b", "*..a"}) {
    EXPECT_EQ(bus.Subscribe<int>(pattern, [](int) {}).status().code(), absl::StatusCode::kInvalidArgument) << pattern;
  }
  EXPECT_EQ(bus.topics(), 0u);
}

TEST(EventBus, ThereAreNoMoreTopicsThanMayBe) {
  EventBus bus({.name = "small", .max_topics = 2});
  EXPECT_TRUE(bus.Topic<int>("a").ok());
  EXPECT_TRUE(bus.Topic<int>().ok());
  const absl::Status refused = bus.Topic<int>("b").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(refused.message(), "bus 'small': has 2 topics, and may have no more than 2: not 'b'");
  EXPECT_EQ(bus.Topic<double>().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(bus.Topic<int>("a").ok()) << "one that there is";
}

TEST(EventBus, ThereAreNoMoreSubscriptionsThanMayBe) {
  EventBus bus({.name = "small", .max_subscriptions = 3});
  Subscription one = MustSubscribe(bus.Subscribe<int>("a", [](int) {}));
  const Subscription two = MustSubscribe(bus.Subscribe<int>("*", [](int) {}));
  Subscription three = MustSubscribe(bus.Tap(">", [](const AnyEvent&) {}));
  const absl::Status refused = bus.Subscribe<int>("a", [](int) {}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(refused.message(), "bus 'small': has 3 subscriptions, and may have no more than 3");
  EXPECT_EQ(bus.Subscribe<int>("*", [](int) {}).status().code(), absl::StatusCode::kResourceExhausted);
  // A topic that a wildcard matches takes its part all the same.
  EXPECT_EQ(bus.Publish("b", 1).delivered, 1u);
  one.Unsubscribe();
  three.Unsubscribe();
  EXPECT_EQ(bus.Stats().subscriptions, 1u);
  one = MustSubscribe(bus.Subscribe<int>("a", [](int) {}));
  three = MustSubscribe(bus.Subscribe<int>("*", [](int) {}));
  EXPECT_EQ(bus.Subscribe<int>("a", [](int) {}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(EventBus, QueuesHaveNoMoreRoomThanMayBe) {
  EventBus bus({.name = "small", .max_queued = 10});
  ManualExecutor executor;
  Subscription one = MustSubscribe(bus.Subscribe<int>("a", Channel<int>(4)));
  const Subscription two = MustSubscribe(bus.Subscribe<int>("b", [](int) {}, {.executor = &executor, .capacity = 5}));
  const Subscription direct = MustSubscribe(bus.Subscribe<int>("a", [](int) {}));
  const Subscription rendezvous = MustSubscribe(bus.Subscribe<int>("a", Channel<int>(0)));
  EXPECT_EQ(bus.Stats().room, 9u);
  EXPECT_EQ(
      bus.Subscribe<int>("a", Channel<int>(2), {.name = "log"}).status(),
      absl::ResourceExhaustedError("bus 'small': subscription 'log': no room for queues of 2, where no more than 10 "
                                   "events may wait, and there are queues for 9"));
  EXPECT_EQ(bus.Subscribe<int>("a", [](int) {}, {.executor = &executor}).status().code(),
            absl::StatusCode::kResourceExhausted)
      << "64 by default";
  EXPECT_EQ(
      bus.Subscribe<int>("a", Channel<int>(kUnbounded), {.name = "log"}).status(),
      absl::InvalidArgumentError("bus 'small': subscription 'log': a queue without a limit, where no more than 10 "
                                 "events may wait"));
  EXPECT_EQ(bus.Stats().subscriptions, 4u) << "those that were refused do not count";
  EXPECT_TRUE(bus.Subscribe<int>("a", Channel<int>(1)).ok()) << "and it ends at once";
  one.Unsubscribe();
  EXPECT_EQ(bus.Stats().room, 5u);
  const Subscription again = MustSubscribe(bus.Subscribe<int>("a", Channel<int>(5)));
  bus.Close();
  EXPECT_EQ(bus.Stats().room, 0u);
}

TEST(EventBus, AWildcardNeedsRoomAtEachTopicOrOnce) {
  EventBus bus({.name = "small", .max_queued = 10});
  ManualExecutor executor;
  ASSERT_TRUE(bus.SetTopicOptions("b.*", {.capacity = 2}).ok());
  for (const char* topic : {"a.1", "a.2", "b.1"}) ASSERT_TRUE(bus.Topic<int>(topic).ok());
  ASSERT_TRUE(bus.Topic<double>("b.double").ok());
  EXPECT_EQ(bus.Subscribe<int>("a.*", [](int) {}, {.executor = &executor, .capacity = 6}).status(),
            absl::ResourceExhaustedError("bus 'small': pattern 'a.*': no room for queues of 12, where no more than 10 "
                                         "events may wait, and there are queues for 0"));
  Subscription handler = MustSubscribe(bus.Subscribe<int>("a.*", [](int) {}, {.executor = &executor, .capacity = 3}));
  EXPECT_EQ(bus.Stats().room, 6u);
  EXPECT_TRUE(bus.Topic<int>("a.3").ok());
  EXPECT_EQ(bus.Stats().room, 9u);
  EXPECT_EQ(
      bus.Topic<int>("a.4").status(),
      absl::ResourceExhaustedError("bus 'small': wildcards at topic 'a.4': no room for queues of 3, where no more "
                                   "than 10 events may wait, and there are queues for 9"));
  EXPECT_EQ(bus.Publish("a.4", 1).status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(bus.Topic<double>("a.5").ok()) << "the handler takes nothing from there";
  EXPECT_EQ(bus.topics(), 6u);
  EXPECT_EQ(bus.Publish("a.3", 1).delivered, 1u);
  handler.Unsubscribe();
  EXPECT_EQ(bus.Stats().room, 0u);

  const Subscription channel = MustSubscribe(bus.Subscribe<int>(">", Channel<int>(8)));
  EXPECT_TRUE(bus.Topic<int>("a.4").ok());
  EXPECT_EQ(bus.Stats().room, 8u) << "one channel, for all topics";
  const Subscription by_option = MustSubscribe(bus.Subscribe<int>("b.*", [](int) {}, {.executor = &executor}));
  EXPECT_EQ(bus.Stats().room, 10u);
  EXPECT_EQ(bus.Subscribe<int>(">", Channel<int>(kUnbounded)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(bus.Tap(">", [](const AnyEvent&) {}).ok());
  EXPECT_TRUE(bus.SubscribeAny(">", [](const AnyEvent&) {}).ok());
}

TEST(EventBus, WithoutALimitNothingIsCountedOfQueues) {
  EventBus bus;
  const Subscription one = MustSubscribe(bus.Subscribe<int>("a", Channel<int>(kUnbounded)));
  const Subscription two = MustSubscribe(bus.Subscribe<int>("*", Channel<int>(4)));
  EXPECT_EQ(bus.Stats().room, 0u);
}

TEST(EventBus, ASubscriptionThatAFeedRefusesIsNotCounted) {
  EventBus bus({.max_subscriptions = 1, .max_queued = 1});
  EXPECT_EQ(bus.Subscribe<int>("a", SendChannel<int>()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.Subscribe<int>("*", SendChannel<int>()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.Subscribe<int>("*", [](int) {}, {.capacity = 3}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.Stats().subscriptions, 0u);
  EXPECT_EQ(bus.Stats().patterns.size(), 0u);
  EXPECT_EQ(bus.Stats().room, 0u);
}

TEST(EventBus, PublishingTakesAContextAndWaitsForTheSlow) {
  EventBus bus;
  const Channel<int> channel(0);
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("a", channel, {.name = "slow"}));
  const TopicOf<int> topic = MustFind(bus.Topic<int>("a"));
  EXPECT_EQ(topic.TryPublish(1).status.code(), absl::StatusCode::kResourceExhausted);
  CancelHandle cancelled = Context::Background().WithCancel();
  cancelled.Cancel();
  EXPECT_EQ(topic.Publish(cancelled.context(), 1).status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(bus.Publish(cancelled.context(), "a", 1).status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(bus.Publish(cancelled.context(), 1).status.code(), absl::StatusCode::kCancelled);
  std::thread publisher([&] { EXPECT_EQ(topic.Publish(2).delivered, 1u); });
  EXPECT_EQ(*channel.Receive(), 2);
  publisher.join();
}

TEST(EventBus, WhoWaitsForATopicIsToldOfItByName) {
  EventBus bus;
  const Channel<int> channel(0);
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("orders", channel, {.name = "audit"}));
  std::thread publisher([&] { bus.Publish("orders", 1); });
  WaiterDump dump;
  AwaitTrue([&] {
    dump = DumpWaiters();
    return dump.waiters.size() == 1;
  });
  EXPECT_EQ(*channel.Receive(), 1);
  publisher.join();
  EXPECT_EQ(dump.waiters[0].things[0].ToString(), "send to feed orders");
  ASSERT_EQ(dump.waiters[0].not_taken_by.size(), 1u);
  EXPECT_EQ(dump.waiters[0].not_taken_by[0].name, "audit");
  EXPECT_TRUE(absl::StrContains(dump.waiters[0].not_taken_by[0].location.file_name(), "event_bus_test.cc"));
}

TEST(EventBus, CloseEndsEverythingWithTheReason) {
  EventBus bus({.name = "main"});
  const TopicOf<int> topic = MustFind(bus.Topic<int>("a"));
  const Channel<int> channel(0);
  const Subscription direct = MustSubscribe(topic.Subscribe(channel));
  const Subscription wildcard = MustSubscribe(bus.Subscribe<int>("*", [](int) {}));
  const Subscription any = MustSubscribe(bus.SubscribeAny(">", [](const AnyEvent&) {}));
  const Subscription of_type = MustSubscribe(bus.Subscribe<int>([](int) {}));
  std::thread blocked([&] { EXPECT_EQ(topic.Publish(1).status.code(), absl::StatusCode::kFailedPrecondition); });
  testing::AwaitSenders(channel, 1);
  EXPECT_FALSE(bus.closed());
  EXPECT_TRUE(bus.Close(absl::AbortedError("over")));
  EXPECT_FALSE(bus.Close());
  blocked.join();
  for (const Subscription* subscription : {&direct, &wildcard, &any, &of_type}) {
    EXPECT_TRUE(subscription->ended());
    EXPECT_EQ(*subscription->Err().Receive(), absl::AbortedError("over"));
  }
  EXPECT_TRUE(bus.closed());
  const absl::Status refused = bus.Topic<int>("a").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(), "bus 'main': is closed");
  EXPECT_EQ(bus.Topic<int>().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(bus.Publish("a", 1).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(topic.Publish(1).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(topic.Subscribe(channel).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(bus.Subscribe<int>("*", [](int) {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(bus.Stats().subscriptions, 0u);
  EXPECT_EQ(bus.Stats().topics.size(), 2u) << "what there was";
}

TEST(EventBus, HandlesAndSubscriptionsMayOutliveTheBus) {
  auto bus = std::make_unique<EventBus>(EventBusOptions{.name = "short"});
  const TopicOf<int> topic = MustFind(bus->Topic<int>("a"));
  const Subscription wildcard = MustSubscribe(bus->Subscribe<int>("*", [](int) {}));
  const Subscription direct = MustSubscribe(topic.Subscribe([](int) {}));
  bus.reset();
  EXPECT_EQ(topic.Publish(1).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(topic.name(), "a");
  EXPECT_EQ(*wildcard.Err().Receive(), absl::CancelledError("bus 'short': was destroyed"));
  EXPECT_EQ(*direct.Err().Receive(), absl::CancelledError("bus 'short': was destroyed"));
}

// A handler that publishes to another topic, where nobody makes room, in each order in which the two may be closed.
void CloseWhileAHandlerPublishes(bool raw_is_older, absl::string_view subject, Executor* executor) {
  EventBus bus;
  if (raw_is_older) MustFind(bus.Topic<int>("raw"));
  const Channel<int> nobody_receives(1);
  const Subscription parsed = MustSubscribe(bus.Subscribe<int>("parsed.x", nobody_receives));
  SendResult result;
  const Subscription raw = MustSubscribe(
      bus.Subscribe<int>(subject, [&](int event) { result = bus.Publish("parsed.x", event); }, {.executor = executor}));
  bus.Publish("parsed.x", 0);
  std::thread publisher([&] { bus.Publish("raw", 1); });
  AwaitSenders(nobody_receives, 1);
  EXPECT_TRUE(bus.Close());
  publisher.join();
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(raw.ended());
}

TEST(EventBus, CloseFreesAHandlerThatPublishesToAnotherTopic) {
  ThreadPool pool(1);
  for (const bool raw_is_older : {true, false}) {
    for (const absl::string_view subject : {"raw", "*"}) {
      CloseWhileAHandlerPublishes(raw_is_older, subject, nullptr);
      CloseWhileAHandlerPublishes(raw_is_older, subject, &pool);
    }
  }
}

// The publisher of b waits for its turn at a, which has it until the close that is called there is over.
TEST(EventBus, CloseFromInsideASendFreesWhoWaitsForThatSend) {
  EventBus bus;
  const TopicOf<int> a = *bus.Topic<int>("a");
  ThreadPool pool(1);
  std::atomic<bool> may_close{false};
  SendResult result;
  const Subscription wildcard = MustSubscribe(bus.Subscribe<int>("b.*",
                                                                 [&](int event) {
                                                                   may_close = true;
                                                                   result = a.Publish(event);
                                                                 },
                                                                 {.executor = &pool}));
  const Subscription closer = MustSubscribe(a.Subscribe([&](int) {
    bus.Publish("b.x", 1);
    AwaitTrue([&] { return may_close && bus.Stats().topics[0].waiting == 1; });
    bus.Close();
  }));
  a.Publish(1);
  pool.Close();
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(EventBus, ABusMayBeClosedByAHandler) {
  EventBus bus;
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("*", [&](int) { bus.Close(); }));
  bus.Publish("a", 1);
  EXPECT_TRUE(bus.closed());
  EXPECT_TRUE(subscription.ended());
}

TEST(EventBus, AScopeEndsWhatWasSubscribed) {
  EventBus bus;
  SubscriptionScope scope;
  EXPECT_TRUE(scope.Adopt(bus.Subscribe<int>("a", [](int) {})).ok());
  EXPECT_TRUE(scope.Adopt(bus.Subscribe<int>("*", [](int) {})).ok());
  EXPECT_TRUE(scope.Adopt(bus.Tap("a", [](const AnyEvent&) {})).ok());
  EXPECT_EQ(scope.Adopt(bus.Subscribe<double>("a", [](double) {})).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.Publish("a", 1).delivered, 2u);
  scope.Close();
  EXPECT_EQ(bus.Publish("a", 1).delivered, 0u);
  EXPECT_EQ(bus.Stats().subscriptions, 0u);
}

TEST(EventBus, EventsThatNobodyTookAreToldOfOnce) {
  std::vector<std::string> unheard;
  EventBus bus({.on_unheard = [&](const AnyEvent& event) {
    unheard.push_back(absl::StrCat(event.topic(), " ", event.sequence(), " ", *event.Get<int>()));
  }});
  bus.Publish("a", 1);
  Subscription even = MustSubscribe(bus.Subscribe<int>("a", [](int) {}, {.filter = [](int n) { return n % 2 == 0; }}));
  bus.Publish("a", 2);
  bus.Publish("a", 3);
  const Channel<int> full(0);
  const Subscription slow = MustSubscribe(bus.Subscribe<int>("a", full));
  MustFind(bus.Topic<int>("a")).TryPublish(5);  // It was missed, and not unheard.
  EXPECT_EQ(unheard, (std::vector<std::string>{"a 1 1", "a 3 3"}));
  EXPECT_EQ(bus.Stats().topics[0].unheard, 2u);
  EXPECT_EQ(bus.Stats().topics[0].published, 4u);
}

TEST(EventBus, AHookThatThrowsHarmsNobody) {
  EventBus bus({.on_unheard = [](const AnyEvent&) { throw 1; }});
  EXPECT_TRUE(bus.Publish("a", 1).status.ok());
  EXPECT_EQ(bus.Stats().topics[0].unheard, 1u);
}

TEST(EventBus, ACopyOfAnEventThatThrowsReachesThePublisher) {
  EventBus bus;
  Counted::Counts counts;
  {
    const Counted value(counts, 1);
    const Channel<Counted> channel(2);
    const Subscription subscription = MustSubscribe(bus.Subscribe<Counted>("a", channel));
    counts.copies_until_throw = 0;
    EXPECT_THROW(bus.Publish("a", value), std::runtime_error);
    EXPECT_EQ(bus.Publish("a", value).delivered, 1u);
    EXPECT_EQ(channel.TryReceive()->number(), 1);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(EventBus, FirstUsesAtOnceAgreeOnOneTopic) {
  EventBus bus;
  std::vector<std::thread> threads;
  std::atomic<int> made{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string name = absl::StrCat("t.", i);
        made += t % 2 == 0 ? bus.Topic<int>(name).ok() : bus.Topic<double>(name).ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bus.topics(), 100u);
  EXPECT_EQ(made, 200) << "those of the type that came first";
}

}  // namespace
}  // namespace eventbus
