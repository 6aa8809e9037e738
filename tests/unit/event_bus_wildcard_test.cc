// Subscriptions to many topics: which they receive from, how they end, and those that take every type.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eventbus/clock.h"
#include "eventbus/event.h"
#include "eventbus/event_bus.h"
#include "eventbus/manual_executor.h"
#include "eventbus/overflow.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;
using testing::Counted;
using testing::MustSubscribe;
using Strings = std::vector<std::string>;

// What is left in `channel`, which is closed for that.
std::vector<int> Rest(const Channel<int>& channel) {
  channel.Close();
  std::vector<int> values;
  for (const int value : channel) values.push_back(value);
  return values;
}

TEST(Wildcard, ReceivesFromWhatMatchesNowAndLater) {
  EventBus bus;
  bus.Publish("orders.eu", 1);
  const Channel<int> one(16);
  const Channel<int> rest(16);
  const Subscription star = MustSubscribe(bus.Subscribe<int>("orders.*", one));
  const Subscription greater = MustSubscribe(bus.Subscribe<int>("orders.>", rest));
  EXPECT_EQ(bus.Publish("orders.eu", 2).delivered, 2u);
  EXPECT_EQ(bus.Publish("orders.us", 3).delivered, 2u) << "a topic that is new";
  EXPECT_EQ(bus.Publish("orders.eu.filled", 4).delivered, 1u);
  EXPECT_EQ(bus.Publish("orders", 5).delivered, 0u);
  EXPECT_EQ(bus.Publish("trades.eu", 6).delivered, 0u);
  EXPECT_EQ(Rest(one), (std::vector<int>{2, 3}));
  EXPECT_EQ(Rest(rest), (std::vector<int>{2, 3, 4}));
}

TEST(Wildcard, AHandlerMayAskWhichTopic) {
  EventBus bus;
  Strings seen;
  const auto record = [&](absl::string_view topic, const int& event) {
    seen.push_back(absl::StrCat(topic, "=", event));
  };
  const Subscription many = MustSubscribe(bus.Subscribe<int>("a.*", record));
  const Subscription single = MustSubscribe(bus.Subscribe<int>("b", record));
  bus.Publish("a.x", 1);
  bus.Publish("a.y", 2);
  bus.Publish("b", 3);
  EXPECT_EQ(seen, (Strings{"a.x=1", "a.y=2", "b=3"}));
}

TEST(Wildcard, TopicsOfAnotherTypeAreCountedAndNoError) {
  EventBus bus;
  bus.Publish("a.text", std::string("x"));
  const Channel<int> numbers(4);
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("a.*", numbers, {.name = "numbers"}));
  bus.Publish("a.number", 1);
  bus.Publish("a.real", 1.5);
  EXPECT_EQ(*numbers.TryReceive(), 1);
  EXPECT_FALSE(numbers.TryReceive().ok());
  const BusStats stats = bus.Stats();
  ASSERT_EQ(stats.patterns.size(), 1u);
  EXPECT_EQ(stats.patterns[0].topics, 1u);
  EXPECT_EQ(stats.patterns[0].clashes, 2u);
  EXPECT_EQ(stats.patterns[0].name, "numbers");
}

TEST(Wildcard, TheTopicsOfTypesHaveNoName) {
  EventBus bus;
  const Subscription subscription = MustSubscribe(bus.SubscribeAny(">", [](const AnyEvent&) {}));
  EXPECT_EQ(bus.Publish(7).delivered, 0u);
}

TEST(Wildcard, FiltersAndExecutorsAreThoseOfAFeed) {
  EventBus bus;
  ManualExecutor executor;
  std::vector<int> seen;
  Subscription subscription = MustSubscribe(
      bus.Subscribe<int>("*", [&](int n) { seen.push_back(n); },
                         {.filter = [](int n) { return n % 2 == 0; }, .executor = &executor, .capacity = 2}));
  for (const char* topic : {"a", "b"}) {
    for (int n = 1; n <= 4; ++n) bus.Publish(topic, n);
  }
  EXPECT_TRUE(seen.empty());
  executor.RunAll();
  EXPECT_EQ(seen, (std::vector<int>{2, 4, 2, 4}));
  bus.Publish("a", 6);
  subscription.Unsubscribe();
  executor.RunAll();
  EXPECT_EQ(seen.size(), 4u) << "what waited is dropped";
}

TEST(Wildcard, OverflowAndWhatIsLostAreThoseOfAFeed) {
  EventBus bus;
  ManualExecutor executor;
  std::vector<int> lost;
  std::vector<uint64_t> sequences;
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>(
      "*", [&](int, const EventInfo& info) { sequences.push_back(info.sequence); },
      {.executor = &executor, .capacity = 1, .overflow = Overflow::kDropOldest, .on_lost = [&](int n) {
         lost.push_back(n);
       }}));
  for (const char* topic : {"a", "b"}) {
    for (int n = 1; n <= 3; ++n) EXPECT_EQ(bus.Publish(topic, n).delivered, 1u);
  }
  executor.RunAll();
  EXPECT_EQ(lost, (std::vector<int>{1, 2, 1, 2}));
  EXPECT_EQ(sequences, (std::vector<uint64_t>{3, 3}));
}

TEST(Wildcard, WhatIsForOneTopicIsRefused) {
  EventBus bus;
  ThreadPool pool(1);
  EXPECT_EQ(bus.Subscribe<int>("*", [](int) {}, {.limit = 1}).status().message(),
            "pattern '*': limit and LatestBy are for subscriptions to one topic");
  EXPECT_EQ(bus.Subscribe<int>("*", [](int) {}, {.executor = &pool, .overflow = LatestBy([](int n) { return n; })})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.Stats().subscriptions, 0u);
}

TEST(Wildcard, UnsubscribeEndsItAtEveryTopic) {
  EventBus bus;
  const Channel<int> channel(8);
  Subscription subscription = MustSubscribe(bus.Subscribe<int>("*", channel));
  bus.Publish("a", 1);
  subscription.Unsubscribe();
  subscription.Unsubscribe();
  EXPECT_TRUE(subscription.ended());
  EXPECT_FALSE(subscription.Err().Receive().ok());
  EXPECT_EQ(bus.Publish("a", 2).delivered, 0u);
  EXPECT_EQ(bus.Publish("b", 2).delivered, 0u);
  EXPECT_EQ(bus.Stats().patterns.size(), 0u);
  EXPECT_EQ(*channel.TryReceive(), 1);
  EXPECT_FALSE(channel.TryReceive().ok());
}

TEST(Wildcard, AClosedChannelEndsItAtEveryTopic) {
  EventBus bus;
  const Channel<int> channel(8);
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("*", channel, {.name = "gone"}));
  bus.Publish("a", 1);
  bus.Publish("b", 1);
  channel.Close();
  EXPECT_EQ(bus.Publish("a", 2).disconnected, 1u);
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(subscription.Err().Receive()->code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(bus.Publish("b", 2).disconnected, 0u);
  EXPECT_EQ(bus.Stats().subscriptions, 0u);
}

TEST(Wildcard, AFailureEndsItByOption) {
  EventBus bus;
  int errors = 0;
  Subscription lasting = MustSubscribe(bus.Subscribe<int>("*", [](int) { return absl::DataLossError("bad"); },
                                                          {.on_error = [&](const absl::Status&) { ++errors; }}));
  const Subscription fragile =
      MustSubscribe(bus.Subscribe<int>("*", [](int) { return absl::DataLossError("bad"); }, {.ends_on_error = true}));
  bus.Publish("a", 1);
  bus.Publish("b", 1);
  EXPECT_EQ(errors, 2);
  EXPECT_FALSE(lasting.ended());
  EXPECT_EQ(*fragile.Err().Receive(), absl::DataLossError("bad"));
  EXPECT_EQ(bus.Publish("b", 1).delivered, 1u);
}

TEST(Wildcard, AnExecutorThatIsShutDownEndsIt) {
  EventBus bus;
  auto pool = std::make_unique<ThreadPool>(1);
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("*", [](int) {}, {.executor = pool.get()}));
  bus.Publish("a", 1);
  pool->Close();
  while (!subscription.ended()) bus.Publish("b", 1);
  EXPECT_EQ(subscription.Err().Receive()->code(), absl::StatusCode::kUnavailable);
}

TEST(Wildcard, ItMayUnsubscribeFromItsOwnHandler) {
  EventBus bus;
  Subscription subscription;
  int calls = 0;
  subscription = MustSubscribe(bus.Subscribe<int>("*", [&](int) {
    ++calls;
    subscription.Unsubscribe();
  }));
  bus.Publish("a", 1);
  bus.Publish("a", 1);
  EXPECT_EQ(calls, 1);
}

// Each handler would wait for the other's end.
TEST(Wildcard, HandlersOfTwoTopicsMayUnsubscribeItAtOnce) {
  EventBus bus;
  ThreadPool pool(2);
  Subscription subscription;
  std::atomic<int> inside{0};
  subscription = MustSubscribe(bus.Subscribe<int>("*",
                                                  [&](int) {
                                                    ++inside;
                                                    AwaitTrue([&] { return inside == 2; });
                                                    subscription.Unsubscribe();
                                                  },
                                                  {.executor = &pool}));
  bus.Publish("a", 1);
  bus.Publish("b", 1);
  AwaitTrue([&] { return inside == 2; });
  pool.Close();
  EXPECT_TRUE(subscription.ended());
}

TEST(Wildcard, UnsubscribeWaitsForHandlersAtEveryTopic) {
  EventBus bus;
  std::atomic<bool> inside{false};
  std::atomic<bool> go_on{false};
  std::atomic<bool> over{false};
  Subscription subscription = MustSubscribe(bus.Subscribe<int>("*", [&](int n) {
    if (n == 0) return;
    inside = true;
    AwaitTrue([&] { return go_on.load(); });
    over = true;
  }));
  bus.Publish("b", 0);
  std::thread publisher([&] { bus.Publish("a", 1); });
  AwaitTrue([&] { return inside.load(); });
  std::thread unsubscriber([&] {
    subscription.Unsubscribe();
    EXPECT_TRUE(over);
  });
  AwaitTrue([&] { return bus.Publish("b", 0).delivered == 0; });
  go_on = true;
  unsubscriber.join();
  publisher.join();
}

// It has ended by itself, without waiting; who unsubscribes it then does.
TEST(Wildcard, UnsubscribeWaitsForHandlersOfOneThatHasEndedByItself) {
  EventBus bus;
  std::atomic<bool> inside{false};
  std::atomic<bool> go_on{false};
  std::atomic<bool> over{false};
  Subscription subscription = MustSubscribe(bus.Subscribe<int>("*",
                                                               [&](int n) {
                                                                 if (n == 0) return absl::DataLossError("bad");
                                                                 inside = true;
                                                                 AwaitTrue([&] { return go_on.load(); });
                                                                 over = true;
                                                                 return absl::OkStatus();
                                                               },
                                                               {.ends_on_error = true}));
  std::thread publisher([&] { bus.Publish("a", 1); });
  AwaitTrue([&] { return inside.load(); });
  bus.Publish("b", 0);
  EXPECT_EQ(*subscription.Err().Receive(), absl::DataLossError("bad"));
  const CancelHandle moment = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(subscription.Unsubscribe(moment.context()).code(), absl::StatusCode::kDeadlineExceeded);
  std::thread unsubscriber([&] {
    subscription = Subscription();
    EXPECT_TRUE(over);
  });
  go_on = true;
  unsubscriber.join();
  publisher.join();
}

TEST(Wildcard, CountsStayOnceItHasEnded) {
  EventBus bus;
  Subscription subscription = MustSubscribe(bus.Subscribe<int>("*", [](int) {}));
  bus.Publish("a", 1);
  bus.Publish("b", 1);
  subscription.Unsubscribe();
  EXPECT_EQ(subscription.stats().delivered, 2u);
}

// Nobody is left who could wait for it.
TEST(Wildcard, TheHandlerGoesAlsoIfItDestroysItsSubscription) {
  const auto token = std::make_shared<int>(1);
  EventBus bus;
  std::optional<Subscription> subscription;
  subscription = MustSubscribe(bus.Subscribe<int>("*", [&subscription, token](int) { subscription.reset(); }));
  bus.Publish("a", 1);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Wildcard, TheHandlerGoesWithTheSubscription) {
  EventBus bus;
  const auto token = std::make_shared<int>(1);
  Subscription subscription = MustSubscribe(bus.Subscribe<int>("*", [token](int) {}));
  bus.Publish("a", 1);
  EXPECT_EQ(token.use_count(), 2);
  subscription = Subscription();
  EXPECT_EQ(token.use_count(), 1);
}

struct Text {
  std::string words;
};

TEST(SubscribeAny, SeesEveryTypeWithItsPlaceAndTime) {
  VirtualClock clock;
  EventBus bus;
  bus.Publish("a.number", 1);
  Strings seen;
  const Subscription subscription = MustSubscribe(bus.SubscribeAny(
      "a.*",
      [&](const AnyEvent& event) {
        if (const int* number = event.Get<int>())
          seen.push_back(absl::StrCat(event.topic(), "#", event.sequence(), "=", *number));
        if (event.Is<Text>())
          seen.push_back(absl::StrCat(event.topic(), "#", event.sequence(), "=", event.Get<Text>()->words));
        EXPECT_EQ(event.Get<double>(), nullptr);
        EXPECT_EQ(event.time(), clock.Now());
        EXPECT_NE(event.type().find(event.Is<int>() ? "int" : "Text"), absl::string_view::npos) << event.type();
      },
      {.name = "all"}));
  bus.Publish("a.number", 2);
  clock.Advance(absl::Seconds(1));
  bus.Publish("a.text", Text{"x"});
  bus.Publish("a.number", 3);
  EXPECT_EQ(seen, (Strings{"a.number#2=2", "a.text#1=x", "a.number#3=3"}));
}

TEST(SubscribeAny, APlainNameIsWaitedForToo) {
  EventBus bus;
  int seen = 0;
  const Subscription subscription = MustSubscribe(bus.SubscribeAny("a.b", [&](const AnyEvent&) { ++seen; }));
  EXPECT_EQ(bus.topics(), 0u);
  bus.Publish("a.b", 1);
  bus.Publish("a.c", 1);
  EXPECT_EQ(seen, 1);
}

TEST(SubscribeAny, FailuresAreThoseOfAHandler) {
  EventBus bus;
  Strings errors;
  const Subscription lasting = MustSubscribe(bus.SubscribeAny(
      "*", [](const AnyEvent&) { return absl::DataLossError("bad"); },
      {.on_error = [&](const absl::Status& error) { errors.push_back(std::string(error.message())); }}));
  const Subscription fragile = MustSubscribe(bus.SubscribeAny(
      "*", [](const AnyEvent&) { throw std::runtime_error("worse"); }, {.name = "f", .ends_on_error = true}));
  bus.Publish("a", 1);
  bus.Publish("b", 1);
  EXPECT_EQ(errors, (Strings{"bad", "bad"}));
  EXPECT_EQ(fragile.Err().Receive()->message(), "feed 'a': the handler of 'f' threw: worse");
  EXPECT_FALSE(lasting.ended());
}

TEST(AnyEvent, ACopyKeepsTheEventAndSharesIt) {
  Counted::Counts counts;
  std::optional<AnyEvent> kept;
  {
    EventBus bus;
    const Subscription subscription = MustSubscribe(bus.SubscribeAny("a", [&](const AnyEvent& event) {
      EXPECT_EQ(counts.copies, 0) << "it refers to the publisher's";
      kept = event;
    }));
    bus.Publish("a", Counted(counts, 7));
  }
  EXPECT_EQ(counts.alive, 1);
  const AnyEvent again = *kept;
  AnyEvent moved = std::move(*kept);
  kept.reset();
  EXPECT_EQ(counts.copies, 1);
  EXPECT_EQ(moved.Get<Counted>()->number(), 7);
  EXPECT_EQ(moved.topic(), "a");
  EXPECT_EQ(again.Get<Counted>(), moved.Get<Counted>());
  moved = again;
  EXPECT_EQ(moved.sequence(), 1u);
}

TEST(AnyEvent, ACopyThatThrowsLeavesNothing) {
  Counted::Counts counts;
  EventBus bus;
  int threw = 0;
  const Subscription subscription = MustSubscribe(bus.SubscribeAny("a", [&](const AnyEvent& event) {
    counts.copies_until_throw = 0;
    try {
      const AnyEvent copy = event;
    } catch (const std::runtime_error&) {
      ++threw;
    }
  }));
  bus.Publish("a", Counted(counts, 7));
  EXPECT_EQ(threw, 1);
  EXPECT_EQ(counts.alive, 0);
}

TEST(AnyEvent, GoesThroughAChannel) {
  EventBus bus;
  const Channel<AnyEvent> recent(4);
  const Subscription subscription =
      MustSubscribe(bus.SubscribeAny(">", [&](const AnyEvent& event) { return recent.TrySend(event); }));
  bus.Publish("a", std::string("kept"));
  const absl::StatusOr<AnyEvent> event = recent.TryReceive();
  EXPECT_EQ(*event->Get<std::string>(), "kept");
}

TEST(Tap, SeesWhatNobodyElseTakesAndIsNobody) {
  int unheard = 0;
  EventBus bus({.on_unheard = [&](const AnyEvent&) { ++unheard; }});
  Strings seen;
  Subscription tap = MustSubscribe(bus.Tap(
      "a", [&](const AnyEvent& event) { seen.push_back(absl::StrCat(event.sequence(), "=", *event.Get<int>())); },
      "trace"));
  const TopicOf<int> topic = *bus.Topic<int>("a");
  int first = 0;
  EXPECT_TRUE(topic.SetHooks({.on_first_subscriber = [&] { ++first; }}).ok());
  const SendResult result = topic.Publish(1);
  EXPECT_EQ(result.delivered, 0u);
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(unheard, 1);
  EXPECT_EQ(topic.subscribers(), 0u);
  EXPECT_EQ(first, 0);
  const Channel<int> channel(1);
  const Subscription subscription = MustSubscribe(topic.Subscribe(channel));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(topic.Publish(2).delivered, 1u);
  EXPECT_EQ(topic.TryPublish(3).status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(seen, (Strings{"1=1", "2=2", "3=3"}));
  EXPECT_TRUE(bus.Stats().patterns[0].is_tap);
  tap.Unsubscribe();
  *channel.TryReceive();
  topic.Publish(4);
  EXPECT_EQ(seen.size(), 3u);
}

TEST(Tap, OneThatThrowsGoesOnAndHarmsNobody) {
  EventBus bus;
  int seen = 0;
  const Subscription tap = MustSubscribe(bus.Tap(">", [&](const AnyEvent&) {
    ++seen;
    throw 1;
  }));
  EXPECT_TRUE(bus.Publish("a", 1).status.ok());
  EXPECT_TRUE(bus.Publish("a", 1).status.ok());
  EXPECT_EQ(seen, 2);
  EXPECT_FALSE(tap.ended());
}

TEST(Tap, MayUnsubscribeItself) {
  EventBus bus;
  int seen = 0;
  Subscription tap;
  tap = MustSubscribe(bus.Tap("*", [&](const AnyEvent&) {
    ++seen;
    tap.Unsubscribe();
  }));
  bus.Publish("a", 1);
  bus.Publish("a", 1);
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace eventbus
