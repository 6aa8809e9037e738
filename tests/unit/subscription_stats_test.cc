#include "eventbus/subscription_stats.h"

#include <cstdint>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/join_subscriptions.h"
#include "eventbus/manual_executor.h"
#include "eventbus/overflow.h"
#include "eventbus/subscription.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

TEST(SubscriptionStats, AChannelWithRoom) {
  FeedOf<int> feed;
  const Channel<int> channel(8);
  Subscription subscription =
      MustSubscribe(feed.Subscribe(channel, {.filter = [](int value) { return value % 3 != 0; }}));
  for (int i = 1; i <= 6; ++i) feed.Send(i);
  channel.Receive().IgnoreError();
  SubscriptionStats stats = subscription.stats();
  EXPECT_EQ(stats.delivered, 4u);
  EXPECT_EQ(stats.filtered, 2u);
  EXPECT_EQ(stats.queue.size, 3u);
  EXPECT_EQ(stats.queue.capacity, 8u);
  EXPECT_EQ(stats.queue_high_water, 4u);
  EXPECT_EQ(stats.waits, 0u);
  EXPECT_EQ(stats.blocked, absl::ZeroDuration());
  subscription.Unsubscribe();
  feed.Send(7);
  EXPECT_EQ(subscription.stats().delivered, 4u) << "they stay";
}

TEST(SubscriptionStats, TheHighWaterOfALargeChannelIsSeenToWithinASixteenth) {
  FeedOf<int> feed;
  const Channel<int> channel(64);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  for (int i = 0; i < 32; ++i) feed.Send(i);
  for (int i = 0; i < 32; ++i) channel.Receive().IgnoreError();
  const size_t seen = subscription.stats().queue_high_water;
  EXPECT_GE(seen, 32u - 64 / 16);
  EXPECT_LE(seen, 32u);
}

TEST(SubscriptionStats, HowLongSendsWaitedForEach) {
  VirtualClock clock;
  FeedOf<int> feed;
  const Channel<int> one;
  const Channel<int> two;
  const Subscription first = MustSubscribe(feed.Subscribe(one));
  const Subscription second = MustSubscribe(feed.Subscribe(two));
  std::thread sender([&] { feed.Send(1); });
  clock.AwaitWaiters(1);
  clock.Advance(absl::Seconds(1));
  one.Receive().IgnoreError();
  clock.Advance(absl::Seconds(2));
  two.Receive().IgnoreError();
  sender.join();
  EXPECT_EQ(first.stats().blocked, absl::Seconds(1));
  EXPECT_EQ(second.stats().blocked, absl::Seconds(3));
  EXPECT_EQ(second.stats().waits, 1u);
  EXPECT_EQ(second.stats().delivered, 1u);
  const FeedStats stats = feed.stats();
  EXPECT_EQ(stats.sends, 1u);
  EXPECT_EQ(stats.slow_sends, 1u);
  EXPECT_EQ(stats.blocked, absl::Seconds(3));
  EXPECT_EQ(stats.subscribers, 2u);
}

TEST(SubscriptionStats, WhatWasLostToThoseThatHaveEndedStaysWithTheFeed) {
  FeedOf<int> feed;
  ManualExecutor executor;
  const Channel<int> full(1);
  Subscription lasting = MustSubscribe(feed.Subscribe(full, {.overflow = Overflow::kDropNewest}));
  const Channel<int> small(1);
  const Subscription ending = MustSubscribe(feed.Subscribe(small, {.overflow = Overflow::kDisconnect}));
  const Subscription handling = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 1}));
  for (int i = 1; i <= 3; ++i) feed.TrySend(i);
  ASSERT_TRUE(ending.ended());
  EXPECT_EQ(feed.stats().lost, (LostValues{.to_overflow = 3, .to_sends = 2}));
  lasting.Unsubscribe();
  EXPECT_EQ(feed.stats().lost, (LostValues{.to_overflow = 3, .to_sends = 2}));
  feed.Close();
  EXPECT_EQ(feed.stats().lost, (LostValues{.to_overflow = 3, .to_sends = 2}));
}

// While the send that it left in the middle of goes on, and after it.
TEST(SubscriptionStats, WhatWasLostToOneThatEndsInASendIsCountedOnce) {
  FeedOf<int> feed;
  const Channel<int> full(1);
  Subscription leaving = MustSubscribe(feed.Subscribe(full, {.overflow = Overflow::kDropNewest}));
  LostValues meanwhile;
  const Subscription other = MustSubscribe(feed.Subscribe([&](int i) {
    if (i < 3) return;
    leaving.Unsubscribe();
    meanwhile = feed.stats().lost;
  }));
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  EXPECT_EQ(meanwhile.to_overflow, 2u);
  EXPECT_EQ(feed.stats().lost.to_overflow, 2u);
}

TEST(SubscriptionStats, ASendThatGaveUpWaitedAndDeliveredNothing) {
  VirtualClock clock;
  FeedOf<int> feed;
  const Channel<int> channel;
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  const CancelHandle limit = Context::Background().WithTimeout(absl::Seconds(2));
  std::thread sender([&] { feed.Send(limit.context(), 1); });
  clock.AwaitWaiters(1);
  clock.Advance(absl::Seconds(2));
  sender.join();
  const SubscriptionStats stats = subscription.stats();
  EXPECT_EQ(stats.delivered, 0u);
  EXPECT_EQ(stats.waits, 1u);
  EXPECT_EQ(stats.blocked, absl::Seconds(2));
  EXPECT_EQ(stats.lost, LostValues{.to_sends = 1});
}

TEST(SubscriptionStats, WhatIsLostIsCountedByCause) {
  FeedOf<int> feed({.history = 3});
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  ManualExecutor executor;
  const Channel<int> newest(1), oldest(1), leaving(1), waiting(1), replayed(2);
  const auto lost_after = [&](const Channel<int>& channel, SubscribeOptions<int> options) {
    const Subscription subscription = MustSubscribe(feed.Subscribe(channel, std::move(options)));
    for (int i = 4; i <= 6; ++i) feed.TrySend(i);
    return subscription.stats().lost;
  };
  EXPECT_EQ(lost_after(newest, {.overflow = Overflow::kDropNewest}), LostValues{.to_overflow = 2});
  EXPECT_EQ(lost_after(oldest, {.overflow = Overflow::kDropOldest}), LostValues{.to_overflow = 2});
  EXPECT_EQ(lost_after(leaving, {.overflow = Overflow::kDisconnect}), LostValues{.to_overflow = 1});
  EXPECT_EQ(lost_after(waiting, {}), LostValues{.to_sends = 2});
  EXPECT_EQ(lost_after(replayed, {.replay = 3}), (LostValues{.to_sends = 3, .to_replay = 1}));

  Subscription by_key = MustSubscribe(
      feed.Subscribe([](int) {}, {.executor = &executor, .overflow = LatestBy([](int) { return std::string("k"); })}));
  Subscription common = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 1}));
  for (int i = 7; i <= 9; ++i) feed.TrySend(i);
  EXPECT_EQ(by_key.stats().lost, LostValues{.to_overflow = 2});
  EXPECT_EQ(common.stats().lost, LostValues{.to_sends = 2});
  EXPECT_EQ(JoinSubscriptions(std::move(by_key), std::move(common)).stats().lost.total(), 4u);
}

TEST(SubscriptionStats, WhatASendWaitsForCountsOnceThatHasEnded) {
  FeedOf<int> feed;
  const Channel<int> one;
  const Channel<int> two;
  const Subscription first = MustSubscribe(feed.Subscribe(one));
  const Subscription second = MustSubscribe(feed.Subscribe(two));
  for (uint64_t round = 0; round < 3; ++round) {
    std::thread sender([&] { feed.Send(1); });
    AwaitSenders(two, 1);
    EXPECT_EQ(second.stats().delivered, round) << "it waits";
    one.Receive().IgnoreError();
    two.Receive().IgnoreError();
    sender.join();
    EXPECT_EQ(first.stats().delivered, round + 1);
    EXPECT_EQ(second.stats().delivered, round + 1);
  }
}

TEST(SubscriptionStats, OfTwoThatASendWaitedForOneGotTheValue) {
  FeedOf<int> feed;
  const Channel<int> one;
  const Channel<int> two;
  const Subscription first = MustSubscribe(feed.Subscribe(one));
  const Subscription second = MustSubscribe(feed.Subscribe(two));
  for (uint64_t round = 1; round <= 2; ++round) {
    CancelHandle limit = Context::Background().WithCancel();
    std::thread sender([&] { feed.Send(limit.context(), 1); });
    AwaitSenders(two, 1);
    one.Receive().IgnoreError();
    limit.Cancel();
    sender.join();
    EXPECT_EQ(first.stats().delivered, round);
    EXPECT_EQ(second.stats().delivered, 0u);
    EXPECT_EQ(second.stats().waits, round);
    EXPECT_EQ(second.stats().lost.to_sends, round);
  }
}

TEST(SubscriptionStats, WhatAReplayLosesAtItsLimitIsTheFeedsToo) {
  FeedOf<int> feed({.history = 2});
  feed.Send(1);
  feed.Send(2);
  const Channel<int> channel(1);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.limit = 2, .replay = 2}));
  EXPECT_EQ(subscription.stats().lost, LostValues{.to_replay = 1});
  EXPECT_EQ(feed.stats().lost, LostValues{.to_replay = 1});
}

TEST(SubscriptionStats, AHandlerInTheSend) {
  FeedOf<int> feed;
  const Subscription subscription =
      MustSubscribe(feed.Subscribe([](int value) { return value == 2 ? absl::AbortedError("") : absl::OkStatus(); }));
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  EXPECT_EQ(subscription.stats().delivered, 3u);
  EXPECT_EQ(subscription.stats().errors, 1u);
}

TEST(SubscriptionStats, HandlersWithAnExecutor) {
  ManualExecutor executor;
  FeedOf<int> feed;
  feed.Send(0);
  const Subscription common = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 4}));
  const Subscription own = MustSubscribe(feed.Subscribe(
      [](int) {}, {.filter = [](int value) { return value > 1; }, .executor = &executor, .capacity = 4}));
  EXPECT_EQ(common.stats().delivered, 0u);
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  EXPECT_EQ(common.stats().queue.size, 3u);
  EXPECT_EQ(own.stats().queue.size, 2u);
  EXPECT_EQ(own.stats().filtered, 1u);
  executor.RunAll();
  for (const Subscription* subscription : {&common, &own}) {
    const SubscriptionStats stats = subscription->stats();
    EXPECT_EQ(stats.delivered, subscription == &common ? 3u : 2u);
    EXPECT_EQ(stats.queue.size, 0u);
    EXPECT_EQ(stats.queue.capacity, 4u);
    EXPECT_EQ(stats.queue_high_water, subscription == &common ? 3u : 2u);
  }
}

TEST(SubscriptionStats, AHandlerWithoutRoomHasSeenItsCapacity) {
  ManualExecutor executor;
  FeedOf<int> feed;
  const Subscription subscription = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 2}));
  feed.Send(1);
  feed.Send(2);
  std::thread sender([&] { feed.Send(3); });
  AwaitTrue([&] { return subscription.stats().waits == 1; });
  EXPECT_EQ(subscription.stats().queue.size, 2u);
  EXPECT_EQ(subscription.stats().queue_high_water, 2u);
  AwaitTrue([&] { return executor.RunAll() == 0 && subscription.stats().delivered == 3; });
  sender.join();
}

TEST(SubscriptionStats, AJoinHasTheSums) {
  FeedOf<int> feed;
  const Channel<int> channel(8);
  const Subscription joined =
      JoinSubscriptions(MustSubscribe(feed.Subscribe(channel)),
                        MustSubscribe(feed.Subscribe([](int) { return absl::AbortedError(""); })));
  feed.Send(1);
  EXPECT_EQ(joined.stats().delivered, 2u);
  EXPECT_EQ(joined.stats().errors, 1u);
  EXPECT_EQ(Subscription().stats().delivered, 0u);
}

}  // namespace
}  // namespace eventbus::testing
