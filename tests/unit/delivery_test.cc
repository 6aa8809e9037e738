#include "eventbus/delivery.h"

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
#include "eventbus/on_each.h"
#include "eventbus/overflow.h"
#include "eventbus/send_result.h"
#include "eventbus/subscription.h"
#include "eventbus/subscription_stats.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

using Deliveries = Channel<Delivery<int>>;

std::optional<Delivery<int>> Take(const Deliveries& channel) {
  absl::StatusOr<Delivery<int>> taken = channel.TryReceive();
  if (!taken.ok()) return std::nullopt;
  return *std::move(taken);
}

CancelHandle Budget() { return Context::Background().WithTimeout(absl::Seconds(30)); }

// A subscription whose channel is of deliveries, and what it has handed back.
struct Answered {
  explicit Answered(FeedOf<int>& feed, size_t capacity = 8, SubscribeOptions<int> options = {}) : channel(capacity) {
    options.on_left = [this](int value) { left.push_back(value); };
    subscription = MustSubscribe(feed.Subscribe(channel, std::move(options)));
  }
  SubscriptionStats stats() const { return subscription.stats(); }

  Deliveries channel;
  std::vector<int> left;
  Subscription subscription;
};

TEST(Delivery, AnAcknowledgedValueDoesNotComeAgain) {
  FeedOf<int> feed;
  Answered one(feed);
  feed.Send(7);
  EXPECT_EQ(one.stats().outstanding, 1u);
  {
    std::optional<Delivery<int>> delivery = Take(one.channel);
    EXPECT_EQ(**delivery, 7);
    EXPECT_EQ(delivery->attempt(), 1u);
    EXPECT_EQ(delivery->info().sequence, 1u);
    EXPECT_TRUE(delivery->Ack());
    EXPECT_FALSE(delivery->Ack()) << "once";
    EXPECT_FALSE(delivery->Nack());
    EXPECT_EQ(**delivery, 7) << "it can still be read";
  }
  EXPECT_FALSE(Take(one.channel).has_value());
  EXPECT_EQ(one.stats().outstanding, 0u);
  one.subscription.Unsubscribe();
  EXPECT_TRUE(one.left.empty());
}

TEST(Delivery, OneThatIsSentBackComesAgainAfterTheOthers) {
  FeedOf<int> feed;
  Answered one(feed);
  feed.Send(1);
  feed.Send(2);
  std::optional<Delivery<int>> first = Take(one.channel);
  EXPECT_TRUE(first->Nack());
  EXPECT_FALSE(first->Ack()) << "another has it";
  EXPECT_EQ(**Take(one.channel), 2) << "and, dropped, comes again too";
  std::optional<Delivery<int>> again = Take(one.channel);
  EXPECT_EQ(**again, 1);
  EXPECT_EQ(again->attempt(), 2u);
  EXPECT_EQ(again->info().sequence, 1u);
  EXPECT_FALSE(first->Nack()) << "of an earlier attempt";
  EXPECT_TRUE(again->Ack());
  std::optional<Delivery<int>> dropped = Take(one.channel);
  EXPECT_EQ(**dropped, 2);
  EXPECT_EQ(dropped->attempt(), 2u);
  EXPECT_TRUE(dropped->Ack());
  EXPECT_EQ(one.stats().returned, 2u);
}

TEST(Delivery, OneThatIsAssignedToOrMovedIsHeldByOne) {
  FeedOf<int> feed;
  Answered one(feed);
  feed.Send(1);
  feed.Send(2);
  std::optional<Delivery<int>> a = Take(one.channel);
  std::optional<Delivery<int>> b = Take(one.channel);
  *a = std::move(*b);
  EXPECT_EQ(**a, 2);
  EXPECT_TRUE(a->Ack());
  b.reset();
  std::optional<Delivery<int>> again = Take(one.channel);
  EXPECT_EQ(**again, 1) << "which was assigned to";
  *again = std::move(*again);
  EXPECT_TRUE(again->Ack());
  EXPECT_FALSE(Take(one.channel).has_value());
}

TEST(DeliveryDeathTest, OneThatWasMovedFromIsEmpty) {
  FeedOf<int> feed;
  Answered one(feed);
  feed.Send(1);
  std::optional<Delivery<int>> a = Take(one.channel);
  Delivery<int> b = std::move(*a);
  EXPECT_DEATH(a->Ack(), "Ack: the delivery was moved from");
  EXPECT_DEATH((void)**a, "operator\\*: the delivery was moved from");
  EXPECT_TRUE(b.Ack());
}

TEST(Delivery, WhereThereIsNoRoomItWaitsInItsOrder) {
  FeedOf<int> feed;
  Answered one(feed, 1);
  feed.Send(1);
  std::optional<Delivery<int>> first = Take(one.channel);
  feed.Send(2);
  EXPECT_TRUE(first->Nack()) << "does not block";
  std::thread sender([&] { EXPECT_TRUE(feed.Send(3).status.ok()); });
  AwaitTrue([&] { return one.stats().waits == 1; });
  std::vector<int> order;
  while (order.size() < 3) {
    AwaitTrue([&] { return one.channel.ApproxSize() == 1; });
    std::optional<Delivery<int>> delivery = Take(one.channel);
    order.push_back(**delivery);
    EXPECT_TRUE(delivery->Ack());
  }
  EXPECT_EQ(order, (std::vector<int>{2, 1, 3}));
  sender.join();
}

TEST(Delivery, OfARendezvousItGoesToWhoReceivesNext) {
  FeedOf<int> feed;
  Answered one(feed, 0);
  std::thread sender([&] { EXPECT_TRUE(feed.Send(1).status.ok()); });
  EXPECT_EQ(**one.channel.Receive(), 1) << "dropped";
  sender.join();
  absl::StatusOr<Delivery<int>> again = one.channel.Receive();
  EXPECT_EQ(again->attempt(), 2u);
  EXPECT_TRUE(again->Ack());
}

TEST(Delivery, WhatIsOutstandingAtTheEndIsLeftOnce) {
  FeedOf<int> feed;
  Answered one(feed, 1);
  feed.Send(1);
  std::optional<Delivery<int>> held = Take(one.channel);
  feed.Send(2);
  std::optional<Delivery<int>> waiting = Take(one.channel);
  feed.Send(3);
  EXPECT_TRUE(waiting->Nack());  // There is no room.
  one.subscription.Unsubscribe();
  EXPECT_EQ(one.left, (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(held->Ack()) << "it was handed back";
  EXPECT_FALSE(held->Nack());
  std::optional<Delivery<int>> queued = Take(one.channel);
  EXPECT_EQ(**queued, 3);
  EXPECT_FALSE(queued->Ack());
  queued.reset();
  held.reset();
  EXPECT_FALSE(Take(one.channel).has_value());
  EXPECT_EQ(one.left.size(), 3u);
}

TEST(Delivery, AClosedChannelLeavesWhatComesBack) {
  FeedOf<int> feed;
  Answered one(feed, 1);
  feed.Send(1);
  std::optional<Delivery<int>> first = Take(one.channel);
  feed.Send(2);
  EXPECT_TRUE(first->Nack());
  one.channel.Close();
  std::optional<Delivery<int>> second = Take(one.channel);
  EXPECT_TRUE(second->Nack());
  feed.Send(3);  // Which notices.
  EXPECT_TRUE(one.subscription.ended());
  EXPECT_EQ(one.left, (std::vector<int>{1, 2}));
  one.subscription.Unsubscribe();
  EXPECT_EQ(one.left.size(), 2u);
}

TEST(Delivery, ADrainWaitsForAcknowledgements) {
  FeedOf<int> feed({.name = "orders"});
  Answered one(feed, 8, {.name = "ledger"});
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  std::optional<Delivery<int>> first = Take(one.channel);
  DrainReport report;
  std::thread draining([&] {
    const CancelHandle budget = Budget();
    report = feed.Drain(budget.context());
  });
  AwaitTrue([&] { return feed.closed(); });
  EXPECT_TRUE(first->Nack());
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(one.subscription.ended());
    EXPECT_TRUE(one.channel.Receive()->Ack());
  }
  draining.join();
  EXPECT_TRUE(report.ok()) << report;
  ASSERT_EQ(report.entries.size(), 1u);
  EXPECT_EQ(report.entries[0].name, "ledger");
  EXPECT_EQ(report.entries[0].handled, 3u);
  EXPECT_EQ(report.left(), 0u);
  EXPECT_TRUE(one.subscription.ended());
  EXPECT_TRUE(one.left.empty());
}

TEST(Delivery, ALateDrainReportsAndTheHardStopHandsBack) {
  FeedOf<int> feed;
  Answered one(feed);
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  std::optional<Delivery<int>> first = Take(one.channel);
  EXPECT_TRUE(first->Ack());
  std::optional<Delivery<int>> second = Take(one.channel);
  const CancelHandle short_budget = Context::Background().WithTimeout(absl::Milliseconds(5));
  DrainReport report = one.subscription.Drain(short_budget.context());
  EXPECT_EQ(report.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(report.handled(), 0u);
  EXPECT_EQ(report.left(), 2u);
  EXPECT_TRUE(one.left.empty()) << "it goes on";
  EXPECT_TRUE(second->Ack());
  one.subscription.Unsubscribe();
  EXPECT_EQ(one.left, (std::vector<int>{3}));
  const CancelHandle budget = Budget();
  report = one.subscription.Drain(budget.context());
  EXPECT_EQ(report.handled(), 1u);
  EXPECT_EQ(report.left(), 1u);
}

TEST(Delivery, AFlushWaitsForAcknowledgementsOfWhatWasSentBefore) {
  FeedOf<int> feed;
  Answered one(feed);
  feed.Send(1);
  std::optional<Delivery<int>> first = Take(one.channel);
  const CancelHandle short_budget = Context::Background().WithTimeout(absl::Milliseconds(5));
  EXPECT_EQ(feed.Flush(short_budget.context()).code(), absl::StatusCode::kDeadlineExceeded);
  std::thread flushing([&] {
    const CancelHandle budget = Budget();
    EXPECT_TRUE(one.subscription.Flush(budget.context()).ok());
  });
  feed.Send(2);  // Before or after; nobody takes it.
  std::optional<Delivery<int>> second = Take(one.channel);
  EXPECT_TRUE(second->Ack());
  EXPECT_TRUE(first->Ack());
  flushing.join();
}

TEST(Delivery, ALimitCountsValuesAndTheEndComesWithTheLastAcknowledgement) {
  FeedOf<int> feed({.history = 2});
  Answered one(feed, 8, {.limit = 2});
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  std::optional<Delivery<int>> first = Take(one.channel);
  EXPECT_TRUE(Take(one.channel)->Ack());
  EXPECT_FALSE(one.subscription.ended());
  EXPECT_TRUE(first->Nack());
  EXPECT_TRUE(Take(one.channel)->Ack());
  EXPECT_TRUE(one.subscription.ended());
  EXPECT_FALSE(one.subscription.Err().Receive().ok());

  Answered replayed(feed, 8, {.limit = 2, .replay = 2});
  EXPECT_TRUE(Take(replayed.channel)->Ack());
  EXPECT_FALSE(replayed.subscription.ended());
  EXPECT_TRUE(Take(replayed.channel)->Ack());
  EXPECT_TRUE(replayed.subscription.ended());
  EXPECT_TRUE(replayed.left.empty());
}

TEST(Delivery, AReplayWithoutRoomIsLostAndNotLeft) {
  FeedOf<int> feed({.history = 3});
  for (int i = 1; i <= 3; ++i) feed.Send(i);
  Answered one(feed, 2, {.replay = 3});
  EXPECT_EQ(one.stats().lost, LostValues{.to_replay = 1});
  EXPECT_EQ(one.stats().outstanding, 2u);
  EXPECT_TRUE(Take(one.channel)->Ack());
  one.subscription.Unsubscribe();
  EXPECT_EQ(one.left, (std::vector<int>{2}));
}

TEST(Delivery, WhatTheChannelDidNotTakeIsNotLeft) {
  FeedOf<int> feed;
  Answered one(feed, 1);
  feed.Send(1);
  EXPECT_FALSE(feed.TrySend(2).status.ok());
  const CancelHandle short_budget = Context::Background().WithTimeout(absl::Milliseconds(5));
  EXPECT_FALSE(feed.Send(short_budget.context(), 3).status.ok());
  EXPECT_EQ(one.stats().outstanding, 1u);
  std::thread sender([&] { feed.Send(4); });
  AwaitTrue([&] { return one.stats().waits == 2; });
  one.subscription.Unsubscribe();
  sender.join();
  EXPECT_EQ(one.left, (std::vector<int>{1}));

  Answered closed(feed, 1);
  feed.Send(5);
  std::thread other([&] { feed.Send(6); });
  AwaitTrue([&] { return closed.stats().waits == 1; });
  closed.channel.Close();
  other.join();
  EXPECT_TRUE(closed.subscription.ended());
  EXPECT_EQ(closed.left, (std::vector<int>{5}));

  Answered leaving(feed, 1, {.overflow = Overflow::kDisconnect});
  feed.Send(7);
  feed.Send(8);
  EXPECT_EQ(leaving.left, (std::vector<int>{7}));
  EXPECT_EQ(leaving.stats().lost, LostValues{.to_overflow = 1});
}

TEST(Delivery, ACopyThatThrowsLeavesNothingBehind) {
  Counted::Counts counts;
  {
    FeedOf<Counted> feed;
    const Channel<Delivery<Counted>> channel(2);
    const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
    const Counted value(counts, 1);
    counts.copies_until_throw = 0;
    EXPECT_THROW(feed.Send(value), std::runtime_error);
    EXPECT_EQ(subscription.stats().outstanding, 0u);
    counts.copies_until_throw = -1;
    EXPECT_TRUE(feed.Send(value).status.ok());
    EXPECT_EQ(subscription.stats().outstanding, 1u);
  }
  EXPECT_EQ(counts.alive, 0) << "also of a channel that went with a value in it";
}

TEST(Delivery, PoliciesThatLoseAreRefused) {
  FeedOf<int> feed({.name = "f"});
  const Deliveries channel(1);
  for (const Overflow overflow : {Overflow::kDropNewest, Overflow::kDropOldest, Overflow::kLatest}) {
    EXPECT_EQ(feed.Subscribe(channel, {.overflow = overflow}).status(),
              absl::InvalidArgumentError("feed 'f': Subscribe: a channel of deliveries loses nothing: overflow must be "
                                         "kBlock or kDisconnect"));
  }
  const Channel<int> plain(1);
  EXPECT_EQ(feed.Subscribe(plain, {.on_left = [](int) {}}).status(),
            absl::InvalidArgumentError("feed 'f': Subscribe: on_left is for handlers and for channels of deliveries"));
}

TEST(Delivery, AHookThatThrowsIsNobodysTrouble) {
  FeedOf<int> feed;
  const Deliveries channel(2);
  int calls = 0;
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.on_left = [&](int) {
                                                             ++calls;
                                                             throw std::runtime_error("not my day");
                                                           }}));
  feed.Send(1);
  feed.Send(2);
  feed.Close();
  EXPECT_EQ(calls, 2);
}

TEST(Delivery, WhoEndsItWaitsForWhatIsHandedBack) {
  FeedOf<int> feed;
  const Deliveries channel(2);
  std::atomic<int> inside{0};
  std::atomic<bool> entered{false};
  std::atomic<bool> leave{false};
  std::atomic<int> calls{0};
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.on_left = [&](int) {
                                                             EXPECT_EQ(++inside, 1) << "one at a time";
                                                             entered = true;
                                                             AwaitTrue([&] { return leave.load(); });
                                                             ++calls;
                                                             --inside;
                                                           }}));
  feed.Send(1);
  feed.Send(2);
  std::thread closer([&] { feed.Close(); });
  AwaitTrue([&] { return entered.load(); });
  std::thread unsubscriber([&] {
    subscription.Unsubscribe();
    EXPECT_EQ(calls, 2) << "all has been handed back";
  });
  leave = true;
  unsubscriber.join();
  closer.join();
}

TEST(Delivery, OfAFeedWhoseTypeIsDecidedLater) {
  Feed feed;
  const Channel<Delivery<std::string>> channel(1);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  feed.Send(std::string("a"));
  EXPECT_EQ(**channel.Receive(), "a") << "and comes again";
  absl::StatusOr<Delivery<std::string>> again = channel.Receive();
  EXPECT_EQ((*again)->size(), 1u);
  EXPECT_TRUE(again->Ack());
}

// A worker that fails, on a pool: every value is acknowledged in the end.
TEST(Delivery, EveryValueIsDealtWithThoughReceiversFail) {
  constexpr int kValues = 2000;
  ThreadPool pool(2);
  FeedOf<int> feed;
  const Deliveries channel(16);
  const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  std::vector<int> acted(kValues);
  Spawned<absl::Status> worker = channel.OnEach(pool, [&](Delivery<int> delivery) {
    if ((*delivery + static_cast<int>(delivery.attempt())) % 3 == 0) throw std::runtime_error("not now");
    if ((*delivery + static_cast<int>(delivery.attempt())) % 3 == 1) return;
    ++acted[*delivery];
    EXPECT_TRUE(delivery.Ack());
  });
  for (int i = 0; i < kValues; ++i) feed.Send(i);
  const CancelHandle budget = Budget();
  const DrainReport report = feed.Drain(budget.context());
  EXPECT_TRUE(report.ok()) << report;
  for (const int times : acted) EXPECT_EQ(times, 1);
  channel.Close();
  EXPECT_TRUE(worker.Join().ok());
}

}  // namespace
}  // namespace eventbus::testing
