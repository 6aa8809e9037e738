#include "eventbus/stall_watch.h"

#include <cstdlib>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// Whether all of `text` is as `pattern` says.
bool Matches(const std::string& text, const std::string& pattern) {
  return std::regex_match(text, std::regex(pattern));
}

class StallWatchTest : public ::testing::Test {
 protected:
  StallWatchTest() {
    SetStallHook([this](const StallReport& report) { reports_.Send(report).IgnoreError(); });
  }
  ~StallWatchTest() override {
    SetStallHook({});
    SetStallThreshold(absl::Seconds(5));
  }

  VirtualClock clock_;
  Channel<StallReport> reports_{kUnbounded};
};

TEST_F(StallWatchTest, ASendThatWaitsForRoomNamesWhoHasNone) {
  FeedOf<int> feed({.name = "orders"});
  const Channel<int> quick(8);
  const Channel<int> slow(2);
  const Subscription one = MustSubscribe(feed.Subscribe(quick, {.name = "screen"}));
  const Subscription other = MustSubscribe(feed.Subscribe(slow, {.name = "audit"}));
  feed.Send(1);
  feed.Send(2);
  std::thread sender([&] { feed.Send(3); });
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Milliseconds(4999));
  EXPECT_EQ(reports_.ApproxSize(), 0u) << "not yet";
  std::thread next([&] { feed.Send(4); });
  clock_.AwaitWaiters(2);
  clock_.Advance(absl::Milliseconds(1));
  const StallReport report = *reports_.Receive();
  EXPECT_EQ(report.cause, StallReport::Cause::kQueueIsFull);
  EXPECT_EQ(report.feed, "orders");
  EXPECT_EQ(report.event, 3u);
  EXPECT_EQ(report.waited, absl::Seconds(5));
  ASSERT_EQ(report.not_taken_by.size(), 1u);
  EXPECT_EQ(report.not_taken_by[0].subscription, other.id());
  EXPECT_EQ(report.senders_waiting, 1u);
  EXPECT_TRUE(Matches(report.ToString(),
                      "feed orders: subscriber audit \\(stall_watch_test.cc:[0-9]+\\) has not taken event 3 for "
                      "5\\.0 s, queue 2 of 2, 1 sender waiting\n"))
      << report.ToString();
  slow.Receive().IgnoreError();
  slow.Receive().IgnoreError();
  sender.join();
  next.join();
}

TEST_F(StallWatchTest, IsToldAgainEachTimeThatTheWaitHasDoubled) {
  FeedOf<int> feed;
  const Channel<int> slow;
  const Subscription subscription = MustSubscribe(feed.Subscribe(slow));
  std::thread sender([&] { feed.Send(1); });
  for (const int second : {5, 10, 20, 40}) {
    clock_.AwaitWaiters(1);
    ASSERT_TRUE(clock_.AdvanceToNext());
    EXPECT_EQ(reports_.Receive()->waited, absl::Seconds(second));
  }
  slow.Receive().IgnoreError();
  sender.join();
  EXPECT_EQ(reports_.ApproxSize(), 0u);
}

TEST_F(StallWatchTest, AContextEndsTheSendInBetween) {
  FeedOf<int> feed;
  const Channel<int> slow;
  const Subscription subscription = MustSubscribe(feed.Subscribe(slow));
  const CancelHandle limit = Context::Background().WithTimeout(absl::Seconds(7));
  SendResult result;
  std::thread sender([&] { result = feed.Send(limit.context(), 1); });
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(reports_.Receive()->waited, absl::Seconds(5));
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Seconds(2));
  sender.join();
  EXPECT_EQ(result.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(reports_.ApproxSize(), 0u);
}

TEST_F(StallWatchTest, AHandlerThatDoesNotReturnIsNamedByTheSendBehindIt) {
  FeedOf<int> feed({.name = "orders"});
  const Channel<int> entered;
  const Channel<int> go_on;
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int value) {
        if (value == 1) entered.Close();
        if (value == 1) go_on.Receive().IgnoreError();
      },
      {.name = "printer"}));
  std::thread stuck([&] { feed.Send(1); });
  entered.Receive().IgnoreError();
  std::thread sender([&] { feed.Send(2); });
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Seconds(5));
  const StallReport report = *reports_.Receive();
  EXPECT_EQ(report.cause, StallReport::Cause::kCallHasNotReturned);
  EXPECT_TRUE(Matches(report.ToString(),
                      "feed orders: subscriber printer \\(stall_watch_test.cc:[0-9]+\\) has not "
                      "returned from event 1 for 5\\.0 s, 1 sender waiting\n"))
      << report.ToString();
  go_on.Close();
  stuck.join();
  sender.join();
}

// Giving up the place in the line to report would let the later one overtake.
TEST_F(StallWatchTest, AReportKeepsThePlaceOfTheSend) {
  FeedOf<int> feed;
  const Channel<int> slow;
  const Subscription subscription = MustSubscribe(feed.Subscribe(slow));
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&feed, i] { feed.Send(i); });
    clock_.AwaitWaiters(i + 1);
    clock_.Advance(absl::Seconds(1));
  }
  clock_.Advance(absl::Seconds(5));
  reports_.Receive().IgnoreError();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(*slow.Receive(), i);
  for (std::thread& sender : senders) sender.join();
}

TEST_F(StallWatchTest, AHookMayEndTheSubscriptionAndMayThrow) {
  FeedOf<int> feed;
  const Channel<int> slow;
  Subscription subscription = MustSubscribe(feed.Subscribe(slow));
  SetStallHook([&](const StallReport& report) {
    EXPECT_EQ(report.not_taken_by.at(0).subscription, subscription.id());
    EXPECT_EQ(feed.Send(2).status.code(), absl::StatusCode::kFailedPrecondition) << "it would wait for itself";
    subscription.Unsubscribe();
    throw std::runtime_error("ignored");
  });
  SendResult result;
  std::thread sender([&] { result = feed.Send(1); });
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Seconds(5));
  sender.join();
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.delivered, 0u);
}

TEST_F(StallWatchTest, TheThresholdCanBeSetAndSwitchedOff) {
  FeedOf<int> feed;
  const Channel<int> slow;
  const Subscription subscription = MustSubscribe(feed.Subscribe(slow));
  SetStallThreshold(absl::Milliseconds(20));
  std::thread sender([&] { feed.Send(1); });
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Milliseconds(20));
  EXPECT_EQ(reports_.Receive()->waited, absl::Milliseconds(20));
  slow.Receive().IgnoreError();
  sender.join();

  SetStallThreshold(absl::InfiniteDuration());
  std::thread unwatched([&] { feed.Send(2); });
  AwaitSenders(slow, 1);
  EXPECT_EQ(clock_.waiters(), 0u);
  slow.Receive().IgnoreError();
  unwatched.join();
}

TEST_F(StallWatchTest, TooManyReportsAreLeftOutAndCounted) {
  SetStallThreshold(absl::Seconds(5));
  std::vector<Channel<int>> channels(12);
  std::vector<std::unique_ptr<FeedOf<int>>> feeds;
  std::vector<Subscription> subscriptions;
  std::vector<std::thread> senders;
  for (const Channel<int>& channel : channels) {
    feeds.push_back(std::make_unique<FeedOf<int>>());
    subscriptions.push_back(MustSubscribe(feeds.back()->Subscribe(channel)));
    senders.emplace_back([feed = feeds.back().get()] { feed->Send(1); });
  }
  clock_.AwaitWaiters(12);
  clock_.Advance(absl::Seconds(5));
  uint64_t left_out = 0;
  for (int i = 0; i < 10; ++i) left_out += reports_.Receive()->left_out;
  EXPECT_EQ(left_out, 0u);
  clock_.AwaitWaiters(12);
  EXPECT_EQ(reports_.ApproxSize(), 0u);
  clock_.Advance(absl::Seconds(5));
  for (int i = 0; i < 10; ++i) left_out += reports_.Receive()->left_out;
  EXPECT_EQ(left_out, 2u);
  for (const Channel<int>& channel : channels) channel.Receive().IgnoreError();
  for (std::thread& sender : senders) sender.join();
}

TEST(StallReport, SaysThreeSubscribersAndHowManyMore) {
  StallReport report;
  report.event = 7;
  report.waited = absl::Seconds(61);
  report.left_out = 4;
  for (uint64_t id = 1; id <= 5; ++id) {
    report.not_taken_by.push_back({.subscription = id, .queue = {.size = id, .capacity = 8}});
  }
  EXPECT_EQ(
      report.ToString(),
      "a feed: subscriber 1 has not taken event 7 for 61.0 s, queue 1 of 8, 0 senders waiting (4 reports left out)\n"
      "a feed: subscriber 2 has not taken event 7 for 61.0 s, queue 2 of 8, 0 senders waiting\n"
      "a feed: subscriber 3 has not taken event 7 for 61.0 s, queue 3 of 8, 0 senders waiting\n"
      "a feed: and 2 more have not taken event 7\n");
}

TEST(StallWatchDeathTest, ByDefaultTheStandardErrorIsTold) {
  EXPECT_EXIT(
      {
        VirtualClock clock;
        FeedOf<int> feed({.name = "orders"});
        const Channel<int> slow;
        const Subscription subscription = MustSubscribe(feed.Subscribe(slow, {.name = "audit"}));
        std::thread sender([&] { feed.Send(1); });
        clock.AwaitWaiters(1);
        clock.Advance(absl::Seconds(5));
        clock.AwaitWaiters(1);  // It has reported, and waits again.
        slow.Receive().IgnoreError();
        sender.join();
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "feed orders: subscriber audit .* has not taken event 1 for 5.0 s, queue 0 of 0");
}

TEST(StallWatchDeathTest, AThresholdThatIsNotPositiveFails) {
  EXPECT_DEATH(SetStallThreshold(absl::ZeroDuration()), "SetStallThreshold: not positive");
}

}  // namespace
}  // namespace eventbus::testing
