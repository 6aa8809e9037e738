// What becomes of values that a subscriber has no room for, and how it hears of them.

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/overflow.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

struct Seen {
  int value;
  uint64_t sequence;
  uint64_t lost;

  bool operator==(const Seen&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << "{" << seen.value << ", #" << seen.sequence << ", " << seen.lost << " lost}";
  }
};

// A subscriber that receives only when told to.
class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual Subscription Subscribe(FeedOf<int>& feed, size_t capacity, SubscribeOptions<int> options) = 0;
  // Receives all that waits.
  virtual std::vector<Seen> Take() = 0;
};

class HandlerConsumer final : public Consumer {
 public:
  Subscription Subscribe(FeedOf<int>& feed, size_t capacity, SubscribeOptions<int> options) override {
    options.executor = &executor_;
    options.capacity = capacity;
    return MustSubscribe(feed.Subscribe(
        [this](int value, const EventInfo& info) {
          seen_.push_back({value, info.sequence, info.lost});
        },
        std::move(options)));
  }
  std::vector<Seen> Take() override {
    executor_.RunAll();
    return std::exchange(seen_, {});
  }

 private:
  ManualExecutor executor_;
  std::vector<Seen> seen_;
};

class ChannelConsumer final : public Consumer {
 public:
  Subscription Subscribe(FeedOf<int>& feed, size_t capacity, SubscribeOptions<int> options) override {
    channel_.emplace(static_cast<std::ptrdiff_t>(capacity));
    return MustSubscribe(feed.Subscribe(*channel_, std::move(options)));
  }
  std::vector<Seen> Take() override {
    std::vector<Seen> seen;
    while (true) {
      const absl::StatusOr<Event<int>> event = channel_->TryReceive();
      if (!event.ok()) return seen;
      seen.push_back({event->value, event->info.sequence, event->info.lost});
    }
  }

 private:
  std::optional<Channel<Event<int>>> channel_;
};

// Each consumer, with a small and a larger capacity: channels keep their values differently from eight on.
class OverflowOf : public ::testing::TestWithParam<std::tuple<bool, int>> {
 protected:
  OverflowOf()
      : consumer(std::get<0>(GetParam()) ? std::unique_ptr<Consumer>(std::make_unique<ChannelConsumer>())
                                         : std::make_unique<HandlerConsumer>()),
        capacity(std::get<1>(GetParam())) {}

  Subscription Subscribe(SubscribeOptions<int> options) {
    options.name = "slow";
    options.on_lost = [this](int value) { lost.push_back(value); };
    return consumer->Subscribe(feed, static_cast<size_t>(capacity), std::move(options));
  }
  // Sends `first` to `last`.
  void SendAll(int first, int last) {
    for (int i = first; i <= last; ++i) results.push_back(feed.Send(i));
  }

  FeedOf<int> feed{{.name = "ticks"}};
  const std::unique_ptr<Consumer> consumer;
  const int capacity;
  std::vector<int> lost;
  std::vector<SendResult> results;
};

std::string NameOf(const ::testing::TestParamInfo<std::tuple<bool, int>>& parameter) {
  return absl::StrCat(std::get<0>(parameter.param) ? "Channel" : "Handler", std::get<1>(parameter.param));
}

INSTANTIATE_TEST_SUITE_P(All, OverflowOf, ::testing::Combine(::testing::Bool(), ::testing::Values(1, 2, 8, 100)),
                         NameOf);

std::vector<int> Range(int first, int last) {
  std::vector<int> range;
  for (int i = first; i <= last; ++i) range.push_back(i);
  return range;
}

TEST_P(OverflowOf, DropNewestLosesWhatComes) {
  const Subscription subscription = Subscribe({.overflow = Overflow::kDropNewest});
  SendAll(1, capacity + 3);
  EXPECT_EQ(lost, Range(capacity + 1, capacity + 3));
  EXPECT_EQ(results.front().delivered, 1u);
  const SendResult& last = results.back();
  EXPECT_TRUE(last.status.ok()) << last.status;
  EXPECT_EQ(last.delivered, 0u);
  EXPECT_EQ(last.dropped, 1u);
  ASSERT_EQ(last.missed.size(), 1u);
  EXPECT_EQ(last.missed[0].subscription, subscription.id());
  EXPECT_EQ(last.missed[0].name, "slow");

  const std::vector<Seen> seen = consumer->Take();
  ASSERT_EQ(seen.size(), static_cast<size_t>(capacity));
  for (int i = 0; i < capacity; ++i) EXPECT_EQ(seen[i], (Seen{i + 1, static_cast<uint64_t>(i + 1), 0}));
  SendAll(1000, 1001);
  const std::vector<Seen> later = consumer->Take();
  EXPECT_EQ(later.front(), (Seen{1000, static_cast<uint64_t>(capacity + 4), 3}));
  EXPECT_TRUE(capacity == 1 || later.back() == (Seen{1001, static_cast<uint64_t>(capacity + 5), 0})) << later.back();
}

TEST_P(OverflowOf, DropOldestLosesWhatHasWaitedLongest) {
  const Subscription subscription = Subscribe({.overflow = Overflow::kDropOldest});
  SendAll(1, capacity + 3);
  EXPECT_EQ(lost, Range(1, 3));
  for (const SendResult& result : results) {
    EXPECT_EQ(result.delivered, 1u);
    EXPECT_EQ(result.dropped, 0u);
  }
  const std::vector<Seen> seen = consumer->Take();
  ASSERT_EQ(seen.size(), static_cast<size_t>(capacity));
  EXPECT_EQ(seen.front(), (Seen{4, 4, 3}));
  for (int i = 1; i < capacity; ++i) EXPECT_EQ(seen[i], (Seen{i + 4, static_cast<uint64_t>(i + 4), 0}));
}

TEST_P(OverflowOf, LatestLosesAllThatWaits) {
  const Subscription subscription = Subscribe({.overflow = Overflow::kLatest});
  SendAll(1, 2 * capacity + 1);
  EXPECT_EQ(lost, Range(1, 2 * capacity));
  EXPECT_EQ(consumer->Take(), (std::vector<Seen>{{2 * capacity + 1, static_cast<uint64_t>(2 * capacity + 1),
                                                  static_cast<uint64_t>(2 * capacity)}}));
  SendAll(7, 7);
  EXPECT_EQ(consumer->Take(), (std::vector<Seen>{{7, static_cast<uint64_t>(2 * capacity + 2), 0}}));
}

TEST_P(OverflowOf, DisconnectEndsTheSubscriptionAndSaysHowFarItWasBehind) {
  const Subscription subscription = Subscribe({.overflow = Overflow::kDisconnect});
  SendAll(1, capacity);
  EXPECT_FALSE(subscription.ended());
  SendAll(capacity + 1, capacity + 2);
  EXPECT_EQ(results[static_cast<size_t>(capacity)].disconnected, 1u);
  EXPECT_TRUE(results[static_cast<size_t>(capacity)].status.ok());
  EXPECT_EQ(results.back().disconnected, 0u);
  EXPECT_EQ(lost, Range(capacity + 1, capacity + 1));
  EXPECT_EQ(*subscription.Err().Receive(), absl::ResourceExhaustedError(absl::StrCat(
                                               "feed 'ticks': subscription 'slow' was disconnected: no room for event ",
                                               capacity + 1, ", ", capacity, " behind")));
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST_P(OverflowOf, BlockTellsOfWhatASendThatDoesNotWaitLeftOut) {
  const Subscription subscription = Subscribe({});
  for (int i = 1; i <= capacity; ++i) EXPECT_TRUE(feed.TrySend(i).status.ok());
  for (int i = 1; i <= 2; ++i) {
    const SendResult refused = feed.TrySend(-i);
    EXPECT_EQ(refused.status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(refused.missed.size(), 1u);
    EXPECT_EQ(refused.dropped, 0u);
  }
  CancelHandle handle = Context::Background().WithCancel();
  std::thread canceller([&] {
    AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });  // The send has begun, and waits for room.
    handle.Cancel();
  });
  EXPECT_EQ(feed.Send(handle.context(), -3).status.code(), absl::StatusCode::kCancelled);
  canceller.join();
  EXPECT_EQ(lost, (std::vector<int>{-1, -2, -3}));
  EXPECT_EQ(consumer->Take().size(), static_cast<size_t>(capacity));
  SendAll(8, 8);
  EXPECT_EQ(consumer->Take(), (std::vector<Seen>{{8, static_cast<uint64_t>(capacity + 4), 3}}));
  SendAll(9, 9);
  EXPECT_EQ(consumer->Take(), (std::vector<Seen>{{9, static_cast<uint64_t>(capacity + 5), 0}}));
}

TEST_P(OverflowOf, ABlockedSendTellsOfWhatWasLostBefore) {
  const Subscription subscription = Subscribe({});
  for (int i = 1; i <= capacity; ++i) feed.TrySend(i);
  feed.TrySend(-1);
  std::thread sender([&] { EXPECT_EQ(feed.Send(1000).delivered, 1u); });
  std::vector<Seen> seen;
  while (seen.empty() || seen.back().value != 1000) {
    for (const Seen& one : consumer->Take()) seen.push_back(one);
  }
  sender.join();
  EXPECT_EQ(seen.back(), (Seen{1000, static_cast<uint64_t>(capacity + 2), 1}));
  SendAll(1001, 1001);
  EXPECT_EQ(consumer->Take(), (std::vector<Seen>{{1001, static_cast<uint64_t>(capacity + 3), 0}}));
}

TEST_P(OverflowOf, WhatAFilterRefusesIsNotLost) {
  const Subscription subscription =
      Subscribe({.filter = [](int value) { return value % 2 == 0; }, .overflow = Overflow::kDropOldest});
  SendAll(1, 2 * capacity + 2);
  EXPECT_EQ(lost, (std::vector<int>{2}));
  EXPECT_EQ(consumer->Take().front(), (Seen{4, 4, 1}));
}

TEST_P(OverflowOf, AHookThatThrowsHurtsNobody) {
  SubscribeOptions<int> options = {.overflow = Overflow::kDropOldest};
  options.on_lost = [](int) { throw std::runtime_error("not my day"); };
  const Subscription subscription = consumer->Subscribe(feed, static_cast<size_t>(capacity), std::move(options));
  SendAll(1, capacity + 1);
  EXPECT_TRUE(results.back().status.ok());
  EXPECT_EQ(consumer->Take().front(), (Seen{2, 2, 1}));
}

TEST_P(OverflowOf, AHookMayEndItsSubscription) {
  SubscribeOptions<int> options = {.overflow = Overflow::kDropNewest};
  std::optional<Subscription> subscription;
  int calls = 0;
  options.on_lost = [&](int) {
    ++calls;
    subscription->Unsubscribe();
  };
  subscription = consumer->Subscribe(feed, static_cast<size_t>(capacity), std::move(options));
  SendAll(1, capacity + 3);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST_P(OverflowOf, ManySendsNeverWaitAndAddUp) {
  uint64_t losses = 0;
  SubscribeOptions<int> options = {.overflow = Overflow::kDropOldest};
  options.on_lost = [&](int) { ++losses; };
  const Subscription subscription = consumer->Subscribe(feed, static_cast<size_t>(capacity), std::move(options));
  uint64_t seen = 0;
  uint64_t told = 0;
  for (int i = 1; i <= 100'000; ++i) {
    feed.Send(i);
    if (i % 1000 != 0) continue;
    for (const Seen& one : consumer->Take()) {
      ++seen;
      told += one.lost;
    }
  }
  EXPECT_EQ(told, losses);
  EXPECT_EQ(seen + losses, 100'000u);
}

TEST_P(OverflowOf, EndsAfterItsLimit) {
  const Subscription subscription = Subscribe({.limit = 1});
  SendAll(1, 3);
  EXPECT_EQ(results[0].delivered, 1u);
  EXPECT_EQ(results[1].delivered, 0u);
  EXPECT_EQ(consumer->Take(), (std::vector<Seen>{{1, 1, 0}}));
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(subscription.Err().Receive().status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST_P(OverflowOf, ALimitCountsWhatItGotAndNotWhatItLost) {
  const Subscription subscription =
      Subscribe({.overflow = Overflow::kDropNewest, .limit = static_cast<uint64_t>(capacity) + 1});
  SendAll(1, capacity + 2);
  EXPECT_FALSE(subscription.ended());
  consumer->Take();
  SendAll(100, 101);
  EXPECT_EQ(consumer->Take(), (std::vector<Seen>{{100, static_cast<uint64_t>(capacity + 3), 2}}));
  EXPECT_TRUE(subscription.ended());
}

// Only the newest of each key: the first digit.
class LatestByKey : public ::testing::Test {
 protected:
  Subscription Subscribe(size_t capacity) {
    return MustSubscribe(feed.Subscribe(
        [this](int value, const EventInfo& info) {
          seen.push_back({value, info.sequence, info.lost});
        },
        {.executor = &executor,
         .capacity = capacity,
         .overflow = LatestBy([](int value) { return std::to_string(value / 10); }),
         .on_lost = [this](int value) { lost.push_back(value); }}));
  }
  void SendAll(const std::vector<int>& values) {
    for (const int value : values) EXPECT_EQ(feed.Send(value).delivered, 1u);
  }
  std::vector<Seen> Take() {
    executor.RunAll();
    return std::exchange(seen, {});
  }

  ManualExecutor executor;
  FeedOf<int> feed;
  std::vector<Seen> seen;
  std::vector<int> lost;
};

TEST_F(LatestByKey, KeepsTheNewestOfEachInTheOrderInWhichTheKeysCame) {
  const Subscription subscription = Subscribe(4);
  SendAll({10, 20, 11, 12, 30, 21});
  EXPECT_EQ(Take(), (std::vector<Seen>{{12, 4, 2}, {21, 6, 1}, {30, 5, 0}}));
  EXPECT_EQ(lost, (std::vector<int>{10, 11, 20}));
  SendAll({13, 14});
  EXPECT_EQ(Take(), (std::vector<Seen>{{14, 8, 1}}));
}

TEST_F(LatestByKey, ANewKeyWithoutRoomTakesThatOfTheOldest) {
  const Subscription subscription = Subscribe(2);
  SendAll({10, 11, 20, 30, 12, 31});
  EXPECT_EQ(lost, (std::vector<int>{10, 11, 20, 30}));
  EXPECT_EQ(Take(), (std::vector<Seen>{{31, 6, 4}, {12, 5, 0}}));
}

TEST_F(LatestByKey, AKeyThatThrowsEndsTheSubscription) {
  const Subscription subscription = MustSubscribe(
      feed.Subscribe([](int) {}, {.name = "s", .executor = &executor, .overflow = LatestBy([](int) -> int {
                                                                        throw std::runtime_error("no key");
                                                                      })}));
  EXPECT_EQ(feed.Send(1).disconnected, 1u);
  EXPECT_EQ(*subscription.Err().Receive(), absl::InternalError("feed: the key of 's' threw: no key"));
}

TEST(Overflow, WhatCannotWorkIsRefusedAtSubscribe) {
  ManualExecutor executor;
  FeedOf<int> feed;
  const auto refused = [&](const absl::StatusOr<Subscription>& subscription, absl::string_view message) {
    EXPECT_EQ(subscription.status(), absl::InvalidArgumentError(absl::StrCat("feed: Subscribe: ", message)));
  };
  const auto handler = [](int) {};
  constexpr absl::string_view kInline =
      "overflow, on_lost and on_left are for handlers with an executor; others take every value";
  refused(feed.Subscribe(handler, {.overflow = Overflow::kDropNewest}), kInline);
  refused(feed.Subscribe(handler, {.overflow = LatestBy([](int value) { return value; })}), kInline);
  refused(feed.Subscribe(handler, {.on_lost = [](int) {}}), kInline);
  refused(feed.Subscribe(Channel<int>(4), {.overflow = LatestBy([](int value) { return value; })}),
          "LatestBy is for handlers with an executor");
  for (const Overflow overflow : {Overflow::kDropOldest, Overflow::kLatest}) {
    refused(feed.Subscribe(Channel<int>(), {.overflow = overflow}),
            "an unbuffered channel holds nothing that could make room");
  }
  for (const Overflow overflow :
       {Overflow::kDropNewest, Overflow::kDropOldest, Overflow::kLatest, Overflow::kDisconnect}) {
    refused(feed.Subscribe(Channel<int>(kUnbounded), {.overflow = overflow}),
            "an unbounded channel has room for all, and needs no overflow policy");
  }
  refused(feed.Subscribe(SendChannel<Event<int>>()), "null channel");
  EXPECT_EQ(feed.subscribers(), 0u);
  EXPECT_TRUE(feed.Send(1).status.ok());
}

TEST(Overflow, ARendezvousDropsOrDisconnectsWhereNobodyReceives) {
  FeedOf<int> feed;
  const Channel<int> dropping;
  const Channel<int> leaving;
  const Subscription drops = MustSubscribe(feed.Subscribe(dropping, {.overflow = Overflow::kDropNewest}));
  const Subscription leaves = MustSubscribe(feed.Subscribe(leaving, {.overflow = Overflow::kDisconnect}));
  const SendResult result = feed.Send(1);
  EXPECT_EQ(result.dropped, 1u);
  EXPECT_EQ(result.disconnected, 1u);
  EXPECT_FALSE(drops.ended());
  EXPECT_TRUE(leaves.ended());
}

TEST(Overflow, AnInlineHandlerIsToldWhichEventItIsAndEndsAfterItsLimit) {
  FeedOf<int> feed;
  std::vector<Seen> seen;
  feed.Send(0);
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int value, const EventInfo& info) {
        seen.push_back({value, info.sequence, info.lost});
      },
      {.limit = 2}));
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(feed.Send(i).sequence, static_cast<uint64_t>(i + 1));
  EXPECT_EQ(seen, (std::vector<Seen>{{1, 2, 0}, {2, 3, 0}}));
  EXPECT_TRUE(subscription.ended());
}

TEST(Overflow, AHandlerThatFailsOnItsLastValueEndsWithThatReason) {
  FeedOf<int> feed;
  const Subscription subscription = MustSubscribe(
      feed.Subscribe([](int) { return absl::AbortedError("full"); }, {.limit = 1, .ends_on_error = true}));
  feed.Send(1);
  EXPECT_EQ(*subscription.Err().Receive(), absl::AbortedError("full"));
}

TEST(Overflow, HandlersOfOneRingAreToldWhichEventItIs) {
  ManualExecutor executor;
  FeedOf<std::string> feed;
  std::vector<uint64_t> sequences;
  const auto handler = [&](const std::string&, const EventInfo& info) { sequences.push_back(info.sequence); };
  feed.Send("nobody");
  const Subscription first = MustSubscribe(feed.Subscribe(handler, {.executor = &executor}));
  feed.Send("one");
  const Subscription second = MustSubscribe(feed.Subscribe(handler, {.executor = &executor, .capacity = 1}));
  feed.Send("both");
  executor.RunAll();
  EXPECT_EQ(sequences, (std::vector<uint64_t>{2, 3, 3}));
}

TEST(Overflow, AWaitingSendCountsForTheLimit) {
  FeedOf<int> feed;
  const Channel<int> channel;
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.limit = 2}));
  std::thread receiver([&] {
    EXPECT_EQ(*channel.Receive(), 1);
    EXPECT_EQ(*channel.Receive(), 2);
  });
  EXPECT_EQ(feed.Send(1).delivered, 1u);
  EXPECT_EQ(feed.Send(2).delivered, 1u);
  receiver.join();
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(feed.Send(3).delivered, 0u);
}

TEST(Overflow, NoValueOutlivesItsUse) {
  Counted::Counts counts;
  {
    ManualExecutor executor;
    FeedOf<Counted> feed;
    const Channel<Event<Counted>> events(2);
    const Channel<Counted> plain(8);
    std::vector<Subscription> subscriptions;
    for (const Overflow overflow : {Overflow::kDropNewest, Overflow::kDropOldest, Overflow::kLatest}) {
      subscriptions.push_back(MustSubscribe(feed.Subscribe(events, {.overflow = overflow})));
      subscriptions.push_back(MustSubscribe(feed.Subscribe(plain, {.overflow = overflow})));
      subscriptions.push_back(MustSubscribe(
          feed.Subscribe([](const Counted&) {}, {.executor = &executor, .capacity = 2, .overflow = overflow})));
    }
    subscriptions.push_back(MustSubscribe(feed.Subscribe(
        [](const Counted&) {}, {.executor = &executor, .capacity = 2, .overflow = LatestBy([](const Counted& value) {
                                                                        return value.number();
                                                                      })})));
    for (int i = 0; i < 20; ++i) feed.Send(Counted(counts, i % 4));
    for (int until = 0; until < 12; ++until) {
      counts.copies_until_throw = until;
      try {
        feed.Send(Counted(counts, until));
      } catch (const std::runtime_error&) {
      }
    }
    counts.copies_until_throw = -1;
    EXPECT_EQ(feed.Send(Counted(counts, 1)).delivered, 9u);
    executor.RunAll();
    feed.Send(Counted(counts, 1));
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(Overflow, AnErasedFeedTakesChannelsOfEvents) {
  Feed feed;
  const Channel<Event<int>> channel(1);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  EXPECT_EQ(feed.Send(5).delivered, 1u);
  const absl::StatusOr<Event<int>> event = channel.Receive();
  EXPECT_EQ(event->value, 5);
  EXPECT_EQ(event->info.sequence, 1u);
}

TEST(Overflow, AValueOfOneSubscriberThatGoesOnAsAChannelsOwnSendsIsBounded) {
  FeedOf<int> feed;
  const Channel<int> shared(1);
  const Subscription subscription = MustSubscribe(feed.Subscribe(shared, {.overflow = Overflow::kDropOldest}));
  feed.Send(1);
  std::thread other([&] { EXPECT_TRUE(shared.Send(2).ok()); });
  while (feed.Send(3).delivered == 1) continue;  // Until the blocked sender beside the feed takes the room first.
  other.join();
  EXPECT_EQ(*shared.Receive(), 2);
}

}  // namespace
}  // namespace eventbus::testing
