// Filters: user code in the middle of a send.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "eventbus/feed.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// Row 17: on the sender's thread, before the value is copied or queued.
TEST(FeedFilter, RunsOnTheSendersThreadBeforeTheCopy) {
  Counted::Counts counts;
  FeedOf<Counted> feed;
  Channel<Counted> channel(4);
  std::vector<std::thread::id> ran_on;
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.filter = [&](const Counted& value) {
                                                             ran_on.push_back(std::this_thread::get_id());
                                                             return value.number() > 1;
                                                           }}));
  const SendResult refused = feed.Send(Counted(counts, 1));
  EXPECT_EQ(refused.delivered, 0u);
  EXPECT_TRUE(refused.status.ok());
  EXPECT_EQ(counts.copies, 0);
  EXPECT_EQ(feed.Send(Counted(counts, 2)).delivered, 1u);
  EXPECT_EQ(counts.copies, 1);
  EXPECT_EQ(ran_on, std::vector<std::thread::id>(2, std::this_thread::get_id()));
}

// Row 10: a send from inside a send never waits for itself.
TEST(FeedFilter, SendingToTheSameFeedFromInsideIsRefusedAndSaysWhy) {
  FeedOf<int> feed({.name = "loop"});
  Channel<int> channel(4);
  absl::Status inner;
  absl::Status inner_try;
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.filter = [&](int) {
                                                             inner = feed.Send(2).status;
                                                             inner_try = feed.TrySend(3).status;
                                                             return true;
                                                           }}));
  EXPECT_EQ(feed.Send(1).delivered, 1u);
  EXPECT_EQ(inner.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(inner.message().find("'loop'"), absl::string_view::npos);
  EXPECT_NE(inner.message().find("inside"), absl::string_view::npos);
  EXPECT_EQ(inner_try.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(channel.ApproxSize(), 1u);
}

TEST(FeedFilter, MaySendToAnotherFeed) {
  FeedOf<int> feed;
  FeedOf<int> other;
  Channel<int> channel(4);
  Channel<int> forwarded(4);
  Subscription a = MustSubscribe(other.Subscribe(forwarded));
  Subscription b = MustSubscribe(
      feed.Subscribe(channel, {.filter = [&](int value) { return other.Send(value + 1).delivered == 1; }}));
  EXPECT_EQ(feed.Send(1).delivered, 1u);
  EXPECT_EQ(*forwarded.Receive(), 2);
}

TEST(FeedFilter, MayUnsubscribeItsOwnSubscription) {
  FeedOf<int> feed;
  Channel<int> channel(4);
  Subscription subscription;
  subscription = MustSubscribe(feed.Subscribe(channel, {.filter = [&](int) {
                                                subscription.Unsubscribe();
                                                return true;
                                              }}));
  EXPECT_EQ(feed.Send(1).delivered, 0u);
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(feed.subscribers(), 0u);
  EXPECT_EQ(channel.ApproxSize(), 0u);
}

TEST(FeedFilter, MaySubscribeUnsubscribeAndCloseTheFeed) {
  FeedOf<int> feed;
  Channel<int> channel(4);
  Channel<int> other(4);
  Subscription others[2];
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.filter = [&](int) {
                                                             others[0] = MustSubscribe(feed.Subscribe(other));
                                                             others[1] = MustSubscribe(feed.Subscribe(other));
                                                             others[1].Unsubscribe();
                                                             feed.Close(absl::AbortedError("enough"));
                                                             return true;
                                                           }}));
  EXPECT_EQ(feed.Send(1).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*subscription.Err().Receive(), absl::AbortedError("enough"));
  EXPECT_EQ(*others[0].Err().Receive(), absl::AbortedError("enough"));
  EXPECT_FALSE(others[1].Err().Receive().ok());
}

TEST(FeedFilter, MayDestroyTheFeed) {
  auto feed = std::make_unique<FeedOf<int>>();
  Channel<int> channel(4);
  Subscription first = MustSubscribe(feed->Subscribe(channel, {.filter = [&](int) {
                                                       feed.reset();
                                                       return true;
                                                     }}));
  Subscription second = MustSubscribe(feed->Subscribe(channel));
  EXPECT_EQ(feed->Send(1).delivered, 0u);
  EXPECT_TRUE(first.ended());
  EXPECT_TRUE(second.ended());
}

// Row 6: when `Unsubscribe` has returned, in another thread, the filter does not run any more.
TEST(FeedFilter, UnsubscribeWaitsForAFilterThatRuns) {
  FeedOf<int> feed;
  Channel<int> channel(4);
  Channel<int> entered(1);
  Channel<int> go_on(0);
  std::atomic<bool> filter_ended{false};
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.filter = [&](int) {
                                                             entered.Send(0).IgnoreError();
                                                             go_on.Receive().IgnoreError();
                                                             filter_ended = true;
                                                             return true;
                                                           }}));
  std::thread sender([&] { EXPECT_EQ(feed.Send(1).delivered, 0u); });
  entered.Receive().IgnoreError();
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      subscription.Unsubscribe();
      EXPECT_TRUE(filter_ended);
    });
  }
  AwaitTrue([&] { return feed.subscribers() == 0; });
  EXPECT_FALSE(subscription.ended()) << "no caller has been let go";
  go_on.Send(0).IgnoreError();
  for (std::thread& caller : callers) caller.join();
  sender.join();
  EXPECT_EQ(channel.ApproxSize(), 0u);
}

TEST(FeedFilter, DestroyingTheSubscriptionMeansTheFilterIsNeverCalledAgain) {
  for (int round = 0; round < 200; ++round) {
    FeedOf<int> feed;
    Channel<int> channel(kUnbounded);
    std::atomic<bool> stop{false};
    auto state = std::make_unique<int>(0);
    Subscription subscription =
        MustSubscribe(feed.Subscribe(channel, {.filter = [raw = state.get()](int) { return ++*raw > 0; }}));
    std::thread sender([&] {
      while (!stop) feed.Send(1);
    });
    AwaitTrue([&] { return channel.ApproxSize() > 0; });
    subscription = Subscription();
    state.reset();  // A call after this is a use after free, which the sanitizers find.
    feed.Send(2);
    stop = true;
    sender.join();
  }
}

TEST(FeedFilter, ThatThrowsEndsItsOwnSubscriptionOnly) {
  FeedOf<int> feed({.name = "orders"});
  Channel<int> bad(4);
  Channel<int> odd(4);
  Channel<int> good(4);
  Subscription a = MustSubscribe(feed.Subscribe(
      bad, {.name = "audit", .filter = [](int) -> bool { throw std::runtime_error("no such column"); }}));
  Subscription b = MustSubscribe(feed.Subscribe(odd, {.filter = [](int) -> bool { throw 42; }}));
  Subscription c = MustSubscribe(feed.Subscribe(good));
  const SendResult result = feed.Send(1);
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.delivered, 1u);
  EXPECT_EQ(result.disconnected, 2u);
  const absl::Status reason = *a.Err().Receive();
  EXPECT_EQ(reason.code(), absl::StatusCode::kInternal);
  EXPECT_NE(reason.message().find("audit"), absl::string_view::npos);
  EXPECT_NE(reason.message().find("no such column"), absl::string_view::npos);
  EXPECT_EQ(b.Err().Receive()->code(), absl::StatusCode::kInternal);
  EXPECT_EQ(feed.Send(2).delivered, 1u);
}

}  // namespace
}  // namespace eventbus::testing
