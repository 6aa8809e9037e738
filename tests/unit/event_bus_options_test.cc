// What a topic is like by its options, and what its subscriptions are like that say nothing else.

#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "eventbus/channel.h"
#include "eventbus/delivery.h"
#include "eventbus/event.h"
#include "eventbus/event_bus.h"
#include "eventbus/manual_executor.h"
#include "eventbus/overflow.h"
#include "eventbus/topic_options.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;
using testing::MustSubscribe;

// What is in `channel` now.
template <typename T>
std::vector<T> Taken(const Channel<T>& channel) {
  std::vector<T> values;
  while (true) {
    absl::StatusOr<T> value = channel.TryReceive();
    if (!value.ok()) return values;
    values.push_back(*std::move(value));
  }
}

TEST(TopicOptions, WhoComesLaterBeginsWithTheLastEvent) {
  EventBus bus;
  const TopicOf<int> price = *bus.Topic<int>("price", {.replay = 1});
  price.Publish(1);
  price.Publish(2);
  const Channel<int> channel(4);
  std::vector<int> handled;
  const Subscription one = MustSubscribe(bus.Subscribe<int>("price", channel));
  const Subscription two = MustSubscribe(price.Subscribe([&](int n) { handled.push_back(n); }));
  price.Publish(3);
  EXPECT_EQ(Taken(channel), (std::vector<int>{2, 3}));
  EXPECT_EQ(handled, (std::vector<int>{2, 3}));
}

TEST(TopicOptions, ASubscriptionMayWantMoreOrNothingOfWhatIsKept) {
  EventBus bus;
  const TopicOf<int> price = *bus.Topic<int>("price", {.history = 3, .replay = 1});
  for (int n = 1; n <= 4; ++n) price.Publish(n);
  const Channel<int> all(4);
  const Channel<int> nothing(4);
  const Subscription one = MustSubscribe(price.Subscribe(all, {.replay = 3}));
  const Subscription two = MustSubscribe(price.Subscribe(nothing, {.replay = 0}));
  EXPECT_EQ(Taken(all), (std::vector<int>{2, 3, 4}));
  EXPECT_TRUE(Taken(nothing).empty());
  EXPECT_EQ(price.Subscribe(all, {.replay = 4}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TopicOptions, AWildcardBeginsWithWhatEachTopicKeeps) {
  EventBus bus;
  ASSERT_TRUE(bus.SetTopicOptions("state.*", {.history = 2, .replay = 1}).ok());
  for (const char* topic : {"state.a", "state.b", "event.a"}) {
    for (int n = 1; n <= 3; ++n) bus.Publish(topic, n);
  }
  const Channel<int> channel(8);
  std::vector<std::string> handled;
  Subscription last = MustSubscribe(bus.Subscribe<int>("*.*", channel));
  EXPECT_EQ(Taken(channel), (std::vector<int>{3, 3}));
  const Subscription every = MustSubscribe(bus.Subscribe<int>(
      "*.*", [&](absl::string_view topic, int n) { handled.push_back(absl::StrCat(topic, " ", n)); }, {.replay = 9}));
  EXPECT_EQ(handled, (std::vector<std::string>{"state.a 2", "state.a 3", "state.b 2", "state.b 3"}));
  const Subscription none = MustSubscribe(bus.Subscribe<int>(">", channel, {.replay = 0}));
  last.Unsubscribe();
  EXPECT_TRUE(Taken(channel).empty());
  bus.Publish("state.a", 4);
  EXPECT_EQ(Taken(channel), (std::vector<int>{4}));
}

// What it was given first ended it; it is not called for the other topics, and is nowhere any more.
TEST(TopicOptions, AWildcardThatEndsInAReplayIsOver) {
  EventBus bus;
  ASSERT_TRUE(bus.SetTopicOptions(">", {.replay = 1}).ok());
  for (const char* topic : {"a", "b", "c"}) bus.Publish(topic, 1);
  int calls = 0;
  const Subscription subscription = MustSubscribe(bus.Subscribe<int>("*",
                                                                     [&](int) {
                                                                       ++calls;
                                                                       return absl::DataLossError("bad");
                                                                     },
                                                                     {.ends_on_error = true}));
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(*subscription.Err().Receive(), absl::DataLossError("bad"));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(bus.Stats().subscriptions, 0u);
  for (const char* topic : {"a", "b", "c", "d"}) EXPECT_EQ(bus.Publish(topic, 2).delivered, 0u);
}

TEST(TopicOptions, SubscribeAnyAndTapsGetWhatIsPublishedFromThenOn) {
  EventBus bus;
  ASSERT_TRUE(bus.SetTopicOptions(">", {.replay = 1}).ok());
  bus.Publish("a", 1);
  int heard = 0;
  const Subscription any = MustSubscribe(bus.SubscribeAny("a", [&](const AnyEvent&) { ++heard; }));
  const Subscription tap = MustSubscribe(bus.Tap("a", [&](const AnyEvent&) { ++heard; }));
  EXPECT_EQ(heard, 0);
  bus.Publish("a", 2);
  EXPECT_EQ(heard, 2);
}

TEST(TopicOptions, AHeldTopicWaitsForItsRelease) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a", {.held = true});
  EXPECT_EQ(topic.TryPublish(0).status.code(), absl::StatusCode::kUnavailable);
  std::thread publisher([&] { EXPECT_EQ(bus.Publish("a", 1).delivered, 2u); });
  AwaitTrue([&] { return bus.Stats().topics[0].waiting == 1; });
  const Channel<int> first(1);
  const Channel<int> second(1);
  const Subscription one = MustSubscribe(topic.Subscribe(first));
  const Subscription two = MustSubscribe(bus.Subscribe<int>("*", second));
  EXPECT_TRUE(topic.Release());
  EXPECT_FALSE(topic.Release());
  publisher.join();
  EXPECT_EQ(*first.Receive(), 1);
  EXPECT_EQ(*second.Receive(), 1);
}

TEST(TopicOptions, ATopicThatIsNotHeldHasNothingToRelease) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  EXPECT_FALSE(topic.Release());
  EXPECT_EQ(topic.Publish(1).sequence, 1u);
}

TEST(TopicOptions, AHeldTopicIsLetGoByTheEndOfTheBus) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a", {.held = true});
  std::thread publisher([&] { EXPECT_EQ(topic.Publish(1).status.code(), absl::StatusCode::kFailedPrecondition); });
  AwaitTrue([&] { return bus.Stats().topics[0].waiting == 1; });
  bus.Close();
  publisher.join();
}

TEST(TopicOptions, PolicyAndCapacityAreForThoseThatSayNothing) {
  EventBus bus;
  ManualExecutor executor;
  const TopicOf<int> topic = *bus.Topic<int>("a", {.overflow = Overflow::kDropOldest, .capacity = 2});
  std::vector<int> plain;
  std::vector<int> special;
  const auto into = [](std::vector<int>& values) { return [&values](int n) { values.push_back(n); }; };
  const Subscription one = MustSubscribe(topic.Subscribe(into(plain), {.executor = &executor}));
  const Subscription two = MustSubscribe(
      topic.Subscribe(into(special), {.executor = &executor, .capacity = 3, .overflow = Overflow::kDropNewest}));
  const Channel<int> channel(2);
  const Subscription three = MustSubscribe(topic.Subscribe(channel));
  for (int n = 1; n <= 5; ++n) EXPECT_TRUE(topic.Publish(n).status.ok());
  executor.RunAll();
  EXPECT_EQ(plain, (std::vector<int>{4, 5}));
  EXPECT_EQ(special, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(Taken(channel), (std::vector<int>{4, 5}));
}

TEST(TopicOptions, WhoChoseToBlockBlocks) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a", {.overflow = Overflow::kDropNewest});
  const Channel<int> channel(1);
  const Subscription subscription = MustSubscribe(topic.Subscribe(channel, {.overflow = Overflow::kBlock}));
  topic.Publish(1);
  EXPECT_EQ(topic.TryPublish(2).status.code(), absl::StatusCode::kResourceExhausted);
}

TEST(TopicOptions, APolicyIsForWhatItCanWorkOn) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a", {.overflow = Overflow::kLatest});
  const Channel<int> unbounded(kUnbounded);
  const Channel<int> rendezvous(0);
  std::vector<int> handled;
  const Subscription one = MustSubscribe(topic.Subscribe(unbounded));
  const Subscription two = MustSubscribe(topic.Subscribe(rendezvous, {.name = "nobody receives"}));
  const Subscription three = MustSubscribe(topic.Subscribe([&](int n) { handled.push_back(n); }));
  for (int n = 1; n <= 2; ++n) {
    const SendResult result = topic.Publish(n);
    EXPECT_EQ(result.delivered, 2u);
    EXPECT_EQ(result.dropped, 1u);
  }
  EXPECT_EQ(Taken(unbounded), (std::vector<int>{1, 2}));
  EXPECT_EQ(handled, (std::vector<int>{1, 2}));
  EXPECT_EQ(topic.Subscribe(SendChannel<int>()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TopicOptions, APartOfAWildcardIsAsItsTopicSays) {
  EventBus bus;
  ManualExecutor executor;
  ASSERT_TRUE(bus.SetTopicOptions("fast.>", {.overflow = Overflow::kLatest, .capacity = 1}).ok());
  std::vector<int> handled;
  const Subscription subscription =
      MustSubscribe(bus.Subscribe<int>(">", [&](int n) { handled.push_back(n); }, {.executor = &executor}));
  for (int n = 1; n <= 3; ++n) {
    EXPECT_TRUE(bus.Publish("fast.a", n).status.ok());
    EXPECT_TRUE(bus.Publish("slow.a", n * 10).status.ok());
  }
  executor.RunAll();
  EXPECT_EQ(handled, (std::vector<int>{3, 10, 20, 30}));
}

TEST(TopicOptions, OfSeveralThatWereSetTheLastCount) {
  EventBus bus;
  ASSERT_TRUE(bus.SetTopicOptions("a.b", {.replay = 1}).ok());
  ASSERT_TRUE(bus.SetTopicOptions("a.*", {.replay = 2}).ok());
  ASSERT_TRUE(bus.SetTopicOptions("a.c", {.replay = 3}).ok());
  ASSERT_TRUE(bus.SetTopicOptions("a.c", {.replay = 4}).ok());
  const auto replayed = [&](const char* topic) {
    for (int n = 0; n < 9; ++n) bus.Publish(topic, n);
    const Channel<int> channel(9);
    const Subscription subscription = MustSubscribe(bus.Subscribe<int>(topic, channel));
    return channel.ApproxSize();
  };
  EXPECT_EQ(replayed("a.b"), 2u);
  EXPECT_EQ(replayed("a.c"), 4u);
  EXPECT_EQ(replayed("a.d"), 2u);
  EXPECT_EQ(replayed("b"), 0u);
}

TEST(TopicOptions, AreSetBeforeTheTopicIsMadeOrRefused) {
  EventBus bus({.name = "main"});
  ASSERT_TRUE(bus.Topic<int>("a.b", {.replay = 1}).ok());
  EXPECT_TRUE(bus.Topic<int>("a.b").ok()) << "whatever it has";
  EXPECT_TRUE(bus.Topic<int>("a.b", {.history = 1, .replay = 1}).ok()) << "the same";
  EXPECT_TRUE(bus.SetTopicOptions("a.*", {.replay = 1}).ok()) << "the same";
  EXPECT_EQ(bus.Topic<int>("a.b", {.replay = 2}).status(),
            absl::AlreadyExistsError("bus 'main': topic 'a.b' has been made, with other options"));
  EXPECT_EQ(bus.SetTopicOptions(">", {}).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(bus.Topic<double>("a.b", {.replay = 2}).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(bus.Topic<int>("a.c").ok());
  EXPECT_TRUE(bus.Topic<int>("a.c", {.replay = 1}).ok()) << "what was refused was not set";
}

TEST(TopicOptions, BadOnesAreRefused) {
  EventBus bus({.name = "main"});
  const TopicOptions too_large = {.capacity = std::numeric_limits<size_t>::max()};
  EXPECT_EQ(bus.SetTopicOptions("a", too_large),
            absl::InvalidArgumentError("bus 'main': options of a topic: capacity is too large"));
  EXPECT_EQ(bus.Topic<int>("a", too_large).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.topics(), 0u);
  for (const char* pattern : {"", "a..b", "a b", ">.a", "a*"}) {
    EXPECT_EQ(bus.SetTopicOptions(pattern, {}).code(), absl::StatusCode::kInvalidArgument) << pattern;
  }
  bus.Close();
  EXPECT_EQ(bus.SetTopicOptions("a", {}).code(), absl::StatusCode::kFailedPrecondition);
}

struct Temperature {
  double degrees;
};

TEST(TopicOptions, ATopicOfATypeHasThemToo) {
  EventBus bus;
  ASSERT_TRUE(bus.SetTopicOptions(">", {.replay = 2}).ok());  // It has no name that could match.
  ASSERT_TRUE(bus.Topic<Temperature>({.replay = 1}).ok());
  EXPECT_EQ(bus.Topic<Temperature>({.replay = 2}).status().code(), absl::StatusCode::kAlreadyExists);
  bus.Publish(Temperature{20});
  bus.Publish(Temperature{21});
  std::vector<double> heard;
  const Subscription subscription =
      MustSubscribe(bus.Subscribe<Temperature>([&](const Temperature& now) { heard.push_back(now.degrees); }));
  EXPECT_EQ(heard, std::vector<double>{21});
}

TEST(EventChannel, GetsTheNumberOfEachEventAndWhatWasLost) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  const Channel<Event<int>> through_handle(1);
  const Channel<Event<int>> by_name(4);
  const Channel<Event<int>> by_pattern(4);
  const Subscription one = MustSubscribe(topic.Subscribe(through_handle, {.overflow = Overflow::kDropOldest}));
  const Subscription two = MustSubscribe(bus.Subscribe<int>("a", by_name));
  const Subscription three = MustSubscribe(bus.Subscribe<int>("*", by_pattern));
  for (int n = 1; n <= 3; ++n) topic.Publish(n * 10);
  bus.Publish("b", 7);
  const std::vector<Event<int>> last = Taken(through_handle);
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(last[0].value, 30);
  EXPECT_EQ(last[0].info.sequence, 3u);
  EXPECT_EQ(last[0].info.lost, 2u);
  EXPECT_EQ(Taken(by_name).size(), 3u);
  const std::vector<Event<int>> all = Taken(by_pattern);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[2].info.sequence, 3u);
  EXPECT_EQ(all[3].info.sequence, 1u) << "of its own topic";
  EXPECT_EQ(all[3].value, 7);
}

TEST(EventChannel, OfATypeAndWithTheOptionsOfItsTopic) {
  EventBus bus;
  ASSERT_TRUE(bus.Topic<Temperature>({.replay = 1, .overflow = Overflow::kDropNewest}).ok());
  bus.Publish(Temperature{20});
  const Channel<Event<Temperature>> channel(1);
  const Subscription subscription = MustSubscribe(bus.Subscribe<Temperature>(channel));
  EXPECT_EQ(bus.Publish(Temperature{21}).dropped, 1u);
  EXPECT_EQ(channel.Receive()->value.degrees, 20);
}

TEST(DeliveryChannel, TakesFromATopicWhatLosesNothing) {
  for (const Overflow overflow : {Overflow::kDropNewest, Overflow::kDropOldest, Overflow::kLatest}) {
    EventBus bus;
    ASSERT_TRUE(bus.SetTopicOptions("prices.>", {.overflow = overflow}).ok());
    const Channel<Delivery<int>> by_name(1);
    const Channel<Delivery<int>> by_pattern(1);
    const Subscription one = MustSubscribe(bus.Subscribe<int>("prices.x", by_name));
    const Subscription many = MustSubscribe(bus.Subscribe<int>("prices.*", by_pattern));
    EXPECT_EQ(bus.Publish("prices.x", 1).delivered, 2u);
    const CancelHandle moment = Context::Background().WithTimeout(absl::Milliseconds(1));
    EXPECT_EQ(bus.Publish(moment.context(), "prices.x", 2).status.code(), absl::StatusCode::kDeadlineExceeded);
    by_name.Receive()->Ack();
    by_pattern.Receive()->Ack();
  }
  EventBus bus;
  ASSERT_TRUE(bus.SetTopicOptions("prices.>", {.overflow = Overflow::kDisconnect}).ok());
  const Channel<Delivery<int>> channel(1);
  const Subscription many = MustSubscribe(bus.Subscribe<int>("prices.*", channel));
  bus.Publish("prices.x", 1);
  EXPECT_EQ(bus.Publish("prices.x", 2).disconnected, 1u);
  channel.Receive()->Ack();
}

TEST(DeliveryChannel, OfATopicAPatternAndAType) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  const Channel<Delivery<int>> through_handle(4);
  const Channel<Delivery<int>> by_name(4);
  const Channel<Delivery<int>> by_pattern(4);
  std::vector<int> left;
  const Subscription one = MustSubscribe(topic.Subscribe(through_handle));
  const Subscription two = MustSubscribe(bus.Subscribe<int>("a", by_name));
  Subscription three =
      MustSubscribe(bus.Subscribe<int>("*", by_pattern, {.on_left = [&](int value) { left.push_back(value); }}));
  topic.Publish(10);
  bus.Publish("b", 7);
  EXPECT_TRUE(through_handle.Receive()->Ack());
  EXPECT_EQ(**by_name.Receive(), 10);
  EXPECT_EQ(by_name.Receive()->attempt(), 2u);
  EXPECT_TRUE(by_pattern.Receive()->Ack());
  three.Unsubscribe();
  EXPECT_EQ(left, std::vector<int>{7});

  const Channel<Delivery<Temperature>> channel(1);
  const Subscription subscription = MustSubscribe(bus.Subscribe<Temperature>(channel));
  bus.Publish(Temperature{21});
  EXPECT_TRUE(channel.Receive()->Ack());
  EXPECT_EQ(subscription.stats().outstanding, 0u);
}

}  // namespace
}  // namespace eventbus
