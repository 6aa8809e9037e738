// Values that were sent before a subscription began, and sends that wait until everyone has subscribed.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

std::vector<int> Drained(const Channel<int>& channel) {
  std::vector<int> values;
  while (true) {
    const absl::StatusOr<int> value = channel.TryReceive();
    if (!value.ok()) return values;
    values.push_back(*value);
  }
}

TEST(Replay, AChannelBeginsWithTheLastValues) {
  FeedOf<int> feed({.history = 3});
  for (int i = 1; i <= 5; ++i) feed.Send(i);
  const Channel<int> two(8);
  const Channel<int> three(8);
  const Channel<int> none(8);
  const Subscription a = MustSubscribe(feed.Subscribe(two, {.replay = 2}));
  const Subscription b = MustSubscribe(feed.Subscribe(three, {.replay = 3}));
  const Subscription c = MustSubscribe(feed.Subscribe(none));
  feed.Send(6);
  EXPECT_EQ(Drained(two), (std::vector<int>{4, 5, 6}));
  EXPECT_EQ(Drained(three), (std::vector<int>{3, 4, 5, 6}));
  EXPECT_EQ(Drained(none), (std::vector<int>{6}));
}

// Its end would wait for the replay.
TEST(Replay, ADrainFromInsideIsRefused) {
  FeedOf<int> feed({.history = 1});
  feed.Send(1);
  std::vector<absl::StatusCode> refused;
  const auto drain = [&] {
    const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(1));
    refused.push_back(feed.Drain(budget.context()).status.code());
    refused.push_back(feed.Flush(budget.context()).code());
  };
  const Subscription by_handler = MustSubscribe(feed.Subscribe([&](int) { drain(); }, {.replay = 1}));
  const auto filter = [&](int) {
    drain();
    return true;
  };
  const Channel<int> channel(1);
  const Subscription by_filter = MustSubscribe(feed.Subscribe(channel, {.filter = filter, .replay = 1}));
  EXPECT_EQ(refused, std::vector<absl::StatusCode>(4, absl::StatusCode::kFailedPrecondition));
}

TEST(Replay, ASendFromInsideNeverWaits) {
  FeedOf<int> feed({.history = 1});
  feed.Send(1);
  const Channel<int> full(0);
  const Subscription other = MustSubscribe(feed.Subscribe(full));
  SendResult sent;
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int value) {
        if (value == 1) sent = feed.Send(2);
      },
      {.replay = 1}));
  EXPECT_EQ(sent.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(sent.missed.size(), 1u);
}

TEST(Replay, ThatReachesTheLimitOfOneThatIsClosedMeanwhileIsRefused) {
  ManualExecutor executor;
  FeedOf<int> feed({.history = 1});
  feed.Send(1);
  int handled = 0;
  const auto filter = [&](int) {
    feed.Close();
    return true;
  };
  EXPECT_EQ(feed.Subscribe([&](int) { ++handled; }, {.filter = filter, .executor = &executor, .limit = 1, .replay = 1})
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
  executor.RunAll();
  EXPECT_EQ(handled, 0);
}

TEST(Replay, AShorterHistoryGivesWhatThereIs) {
  FeedOf<int> feed({.history = 3});
  const Channel<int> before(4);
  const Subscription a = MustSubscribe(feed.Subscribe(before, {.replay = 3}));
  feed.Send(1);
  const Channel<int> after(4);
  const Subscription b = MustSubscribe(feed.Subscribe(after, {.replay = 3}));
  EXPECT_EQ(Drained(before), (std::vector<int>{1}));
  EXPECT_EQ(Drained(after), (std::vector<int>{1}));
}

TEST(Replay, AnInlineHandlerIsCalledInSubscribe) {
  FeedOf<int> feed({.history = 2});
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  std::vector<uint64_t> sequences;
  const Subscription subscription = MustSubscribe(
      feed.Subscribe([&](int, const EventInfo& info) { sequences.push_back(info.sequence); }, {.replay = 2}));
  EXPECT_EQ(sequences, (std::vector<uint64_t>{2, 3}));
  feed.Send(4);
  EXPECT_EQ(sequences, (std::vector<uint64_t>{2, 3, 4}));
}

TEST(Replay, AHandlerGetsThemOnItsExecutorHoweverSmallItsQueue) {
  for (const Overflow overflow : {Overflow::kBlock, Overflow::kDropOldest}) {
    ManualExecutor executor;
    FeedOf<std::string> feed({.history = 3});
    for (const char* value : {"a", "b", "c"}) feed.Send(value);
    std::string seen;
    const Subscription subscription =
        MustSubscribe(feed.Subscribe([&](const std::string& value) { seen += value; },
                                     {.executor = &executor, .capacity = 1, .overflow = overflow, .replay = 3}));
    feed.Send("d");
    EXPECT_EQ(seen, "");
    executor.RunAll();
    EXPECT_EQ(seen, "abcd");
  }
}

TEST(Replay, TheFilterIsAskedFirst) {
  ManualExecutor executor;
  FeedOf<int> feed({.history = 4});
  for (int i = 1; i <= 4; ++i) feed.Send(i);
  std::vector<int> seen;
  const Subscription subscription = MustSubscribe(
      feed.Subscribe([&](int value) { seen.push_back(value); },
                     {.filter = [](int value) { return value % 2 == 0; }, .executor = &executor, .replay = 4}));
  executor.RunAll();
  EXPECT_EQ(seen, (std::vector<int>{2, 4}));
}

TEST(Replay, AFilterThatThrowsEndsTheSubscription) {
  FeedOf<int> feed({.history = 1});
  feed.Send(1);
  ManualExecutor executor;
  const auto filter = [](int) -> bool { throw std::runtime_error("no"); };
  const Subscription light =
      MustSubscribe(feed.Subscribe([](int) {}, {.filter = filter, .executor = &executor, .replay = 1}));
  EXPECT_EQ(light.Err().Receive()->message(), "feed: the filter of '' threw: no");
  const Subscription inlined = MustSubscribe(feed.Subscribe([](int) {}, {.filter = filter, .replay = 1}));
  EXPECT_TRUE(inlined.ended());
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST(Replay, AHandlerThatFailsEndsTheSubscriptionIfItShould) {
  FeedOf<int> feed({.history = 2});
  feed.Send(1);
  feed.Send(2);
  int calls = 0;
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int) {
        ++calls;
        return absl::AbortedError("no");
      },
      {.replay = 2, .ends_on_error = true}));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(*subscription.Err().Receive(), absl::AbortedError("no"));
}

TEST(Replay, CountsForTheLimit) {
  ManualExecutor executor;
  FeedOf<int> feed({.history = 4});
  for (int i = 1; i <= 4; ++i) feed.Send(i);
  const Channel<int> channel(4);
  std::vector<int> light;
  std::vector<int> inlined;
  const Subscription a = MustSubscribe(feed.Subscribe(channel, {.limit = 2, .replay = 3}));
  const Subscription b = MustSubscribe(
      feed.Subscribe([&](int value) { light.push_back(value); }, {.executor = &executor, .limit = 2, .replay = 3}));
  const Subscription c =
      MustSubscribe(feed.Subscribe([&](int value) { inlined.push_back(value); }, {.limit = 2, .replay = 3}));
  EXPECT_EQ(feed.subscribers(), 0u);
  executor.RunAll();
  const std::vector<int> expected = {2, 3};
  EXPECT_EQ(Drained(channel), expected);
  EXPECT_EQ(light, expected);
  EXPECT_EQ(inlined, expected);
  for (const Subscription* subscription : {&a, &b, &c}) {
    EXPECT_TRUE(subscription->ended());
    EXPECT_EQ(subscription->Err().Receive().status().code(), absl::StatusCode::kOutOfRange);
  }
  const Channel<int> more(8);
  const Subscription d = MustSubscribe(feed.Subscribe(more, {.limit = 4, .replay = 3}));
  for (int i = 5; i <= 6; ++i) feed.Send(i);
  EXPECT_EQ(Drained(more), (std::vector<int>{2, 3, 4, 5}));
}

TEST(Replay, WhatAChannelHasNoRoomForIsLostAndTold) {
  FeedOf<int> feed({.history = 3});
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  const Channel<Event<int>> channel(2);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.replay = 3}));
  EXPECT_EQ(channel.Receive()->value, 1);
  EXPECT_EQ(channel.Receive()->info.sequence, 2u);
  feed.Send(4);
  const absl::StatusOr<Event<int>> event = channel.Receive();
  EXPECT_EQ(event->info.sequence, 4u);
  EXPECT_EQ(event->info.lost, 1u);
}

TEST(Replay, MoreThanTheHistoryIsRefused) {
  FeedOf<int> feed({.name = "f", .history = 3});
  EXPECT_EQ(feed.Subscribe([](int) {}, {.replay = 4}).status(),
            absl::InvalidArgumentError("feed 'f': Subscribe: replay of 4 values, where the feed has a history of 3"));
  feed.Close();
  EXPECT_EQ(feed.Subscribe([](int) {}, {.replay = 1}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Replay, NothingIsKeptForLongerThanItIsWanted) {
  Counted::Counts counts;
  {
    ManualExecutor executor;
    FeedOf<Counted> feed({.history = 2});
    for (int i = 0; i < 10; ++i) feed.Send(Counted(counts, i));
    EXPECT_EQ(counts.alive, 2);
    Subscription subscription =
        MustSubscribe(feed.Subscribe([](const Counted&) {}, {.executor = &executor, .replay = 2}));
    feed.Send(Counted(counts, 10));
    EXPECT_EQ(counts.alive, 2 + 1 + 1);  // One that is not yet replayed, one in the queue.
    subscription.Unsubscribe();
    EXPECT_EQ(counts.alive, 2);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(Replay, ACopyThatThrowsLeavesTheFeedAsItWas) {
  Counted::Counts counts;
  FeedOf<Counted> feed({.history = 2});
  feed.Send(Counted(counts, 1));
  counts.copies_until_throw = 0;
  EXPECT_THROW(feed.Send(Counted(counts, 2)), std::runtime_error);
  const Channel<Counted> channel(2);
  counts.copies_until_throw = 0;
  EXPECT_THROW(feed.Subscribe(channel, {.replay = 2}).status().IgnoreError(), std::runtime_error);
  EXPECT_EQ(feed.subscribers(), 0u);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.replay = 2}));
  EXPECT_EQ(feed.Send(Counted(counts, 3)).sequence, 2u);
  EXPECT_EQ(channel.Receive()->number(), 1);
  EXPECT_EQ(channel.Receive()->number(), 3);
}

// Every kind of subscriber, while others send: no gap, no repetition.
TEST(Replay, IsOneStepWithTheSubscription) {
  constexpr int kSends = 20'000;
  ThreadPool pool(1);
  FeedOf<int> feed({.history = 16});
  std::atomic<bool> over{false};
  std::thread sender([&] {
    for (int i = 0; i < kSends; ++i) feed.Send(i);
    over = true;
  });
  while (!over) {
    std::atomic<uint64_t> last{0};
    const auto follow = [&](uint64_t sequence) {
      EXPECT_TRUE(last == 0 || sequence == last + 1) << sequence << " after " << last;
      last = sequence;
    };
    {
      Subscription inlined =
          MustSubscribe(feed.Subscribe([&](int, const EventInfo& info) { follow(info.sequence); }, {.replay = 8}));
      AwaitTrue([&] { return over.load() || last > 20; });
      inlined.Unsubscribe();
    }
    last = 0;
    {
      Subscription light = MustSubscribe(feed.Subscribe([&](int, const EventInfo& info) { follow(info.sequence); },
                                                        {.executor = &pool, .capacity = 4, .replay = 8}));
      light.Unsubscribe();
    }
    last = 0;
    {
      const Channel<Event<int>> channel(1000);
      Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.replay = 8}));
      for (int i = 0; i < 20 && !over; ++i) {
        const absl::StatusOr<Event<int>> event = channel.TryReceive();
        if (event.ok()) follow(event->info.sequence);
      }
      subscription.Unsubscribe();
    }
  }
  sender.join();
}

TEST(HeldFeed, SendsWaitUntilItIsReleased) {
  FeedOf<int> feed({.held = true});
  EXPECT_EQ(feed.TrySend(0).status.code(), absl::StatusCode::kUnavailable);
  const CancelHandle timeout = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(feed.Send(timeout.context(), 0).status.code(), absl::StatusCode::kDeadlineExceeded);
  std::thread sender([&] { EXPECT_EQ(feed.Send(1).delivered, 2u); });
  const Channel<int> first(4);
  const Channel<int> second(4);
  const Subscription a = MustSubscribe(feed.Subscribe(first));
  const Subscription b = MustSubscribe(feed.Subscribe(second));
  EXPECT_EQ(first.TryReceive().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(feed.Release());
  sender.join();
  EXPECT_FALSE(feed.Release());
  EXPECT_EQ(feed.Send(2).delivered, 2u);
  EXPECT_EQ(Drained(first), (std::vector<int>{1, 2}));
}

TEST(HeldFeed, CloseFreesWhoWaits) {
  std::optional<FeedOf<int>> feed(std::in_place, FeedOptions{.held = true});
  std::thread sender([&] { EXPECT_EQ(feed->Send(1).status.code(), absl::StatusCode::kFailedPrecondition); });
  AwaitTrue([&] { return WaitingSends(*feed) == 1; });
  feed->Close();
  sender.join();
  EXPECT_FALSE(feed->Release());
  feed.reset();
}

TEST(HeldFeed, OneThatIsNotHasNothingToRelease) {
  FeedOf<int> feed;
  EXPECT_FALSE(feed.Release());
  EXPECT_TRUE(feed.Send(1).status.ok());
  FeedOf<int> never_released({.held = true});
}

}  // namespace
}  // namespace eventbus::testing
