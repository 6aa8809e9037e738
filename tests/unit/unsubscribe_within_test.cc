// `Subscription::Unsubscribe` with a context: handlers that may not end.

#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/delivery.h"
#include "eventbus/feed.h"
#include "eventbus/join_subscriptions.h"
#include "eventbus/new_subscription.h"
#include "eventbus/subscription.h"
#include "eventbus/subscription_scope.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

constexpr auto kCancelled = absl::StatusCode::kCancelled;

Context Ended() {
  CancelHandle handle = Context::Background().WithCancel();
  handle.Cancel();
  return handle.context();
}

// A feed with one subscription, whose handler does not return before it is let go.
class UnsubscribeWithinTest : public ::testing::TestWithParam<bool> {
 protected:
  UnsubscribeWithinTest() {
    subscription_ = MustSubscribe(feed_.Subscribe(
        [this](int) {
          ++calls_;
          entered_.Close();
          go_on_.Receive().IgnoreError();
        },
        {.executor = GetParam() ? &pool_ : nullptr}));
  }
  ~UnsubscribeWithinTest() override {
    go_on_.Close();
    if (sender_.joinable()) sender_.join();
  }

  void Enter() {
    sender_ = std::thread([this] { feed_.Send(1); });
    entered_.Receive().IgnoreError();
  }

  FeedOf<int> feed_;
  ThreadPool pool_{1};
  Channel<int> entered_;
  Channel<int> go_on_;
  int calls_ = 0;
  Subscription subscription_;
  std::thread sender_;
};

TEST_P(UnsubscribeWithinTest, WithoutACallInProgressItEndsWhateverTheContext) {
  EXPECT_TRUE(subscription_.Unsubscribe(Ended()).ok());
  EXPECT_TRUE(subscription_.ended());
  EXPECT_EQ(feed_.Send(1).delivered, 0u);
  EXPECT_TRUE(subscription_.Unsubscribe(Ended()).ok()) << "again";
}

TEST_P(UnsubscribeWithinTest, AHandlerThatDoesNotReturnIsLeftRunningAndGetsNoMore) {
  Enter();
  EXPECT_EQ(subscription_.Unsubscribe(Ended()).code(), kCancelled);
  EXPECT_FALSE(subscription_.ended());
  EXPECT_EQ(feed_.subscribers(), 0u);
  const CancelHandle limit = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(subscription_.Unsubscribe(limit.context()).code(), absl::StatusCode::kDeadlineExceeded);
  std::thread waiting([this] { subscription_.Unsubscribe(); });
  go_on_.Close();
  waiting.join();
  EXPECT_TRUE(subscription_.ended());
  feed_.Send(2);
  EXPECT_EQ(calls_, 1);
}

TEST_P(UnsubscribeWithinTest, WaitsForAHandlerThatReturnsInTime) {
  Enter();
  const CancelHandle handle = Context::Background().WithCancel();
  absl::Status status = absl::UnknownError("");
  std::thread waiting([&] { status = subscription_.Unsubscribe(handle.context()); });
  AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });
  go_on_.Close();
  waiting.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(subscription_.ended());
}

TEST_P(UnsubscribeWithinTest, WaitersOfTwoSubscriptionsAreToldApart) {
  Channel<int> other_go_on;
  Channel<int> other_entered;
  ThreadPool other_pool(1);
  Subscription other = MustSubscribe(feed_.Subscribe(
      [&](int) {
        other_entered.Close();
        other_go_on.Receive().IgnoreError();
      },
      {.executor = &other_pool}));
  Enter();
  if (!GetParam()) {
    // The other comes behind this one or before it; let both be called.
    go_on_.Close();
    sender_.join();
  }
  other_entered.Receive().IgnoreError();
  const CancelHandle handle = Context::Background().WithCancel();
  absl::Status status = absl::UnknownError("");
  std::thread waiting([&] { status = other.Unsubscribe(handle.context()); });
  AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });
  go_on_.Close();
  subscription_.Unsubscribe();
  EXPECT_EQ(WaitingFor(handle.context()), 1u) << "that was not the one";
  other_go_on.Close();
  waiting.join();
  EXPECT_TRUE(status.ok());
}

TEST_P(UnsubscribeWithinTest, JoinsAndScopesPassItOn) {
  SubscriptionScope scope;
  Subscription tracked = scope.Track(std::move(subscription_));
  std::vector<Subscription> both;
  const Channel<int> channel(1);
  both.push_back(std::move(tracked));
  both.push_back(MustSubscribe(feed_.Subscribe(channel)));
  Subscription joined = JoinSubscriptions(std::move(both));
  Enter();
  EXPECT_EQ(joined.Unsubscribe(Ended()).code(), kCancelled);
  EXPECT_EQ(feed_.subscribers(), 0u) << "both get no more";
  EXPECT_FALSE(joined.ended());
  EXPECT_EQ(scope.Count(), 1u);
  go_on_.Close();
  EXPECT_TRUE(joined.Unsubscribe(Context::Background()).ok());
  EXPECT_TRUE(joined.ended());
  EXPECT_EQ(scope.Count(), 0u);
}

INSTANTIATE_TEST_SUITE_P(InTheSendAndInAnExecutor, UnsubscribeWithinTest, ::testing::Bool());

TEST(UnsubscribeWithin, FromInsideTheHandlerDoesNotWait) {
  FeedOf<int> feed;
  Subscription subscription;
  absl::Status status = absl::UnknownError("");
  subscription = MustSubscribe(feed.Subscribe([&](int) { status = subscription.Unsubscribe(Context::Background()); }));
  EXPECT_EQ(feed.Send(1).delivered, 1u);
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(subscription.ended());
}

// There one without an end does not wait for an executor, where the handler may wait for that send.
TEST(UnsubscribeWithin, FromASendItWaitsForAHandlerInAnExecutor) {
  FeedOf<int> feed;
  ThreadPool pool(1);
  const Channel<int> entered;
  const Channel<int> go_on;
  Subscription slow = MustSubscribe(feed.Subscribe(
      [&](int) {
        entered.Close();
        go_on.Receive().IgnoreError();
      },
      {.executor = &pool}));
  feed.Send(1);
  entered.Receive().IgnoreError();
  absl::Status late;
  bool late_ended = true;
  absl::Status in_time = absl::UnknownError("");
  const CancelHandle handle = Context::Background().WithCancel();
  const Subscription other = MustSubscribe(feed.Subscribe([&](int) {
    late = slow.Unsubscribe(Ended());
    late_ended = slow.ended();
    go_on.Close();
    in_time = slow.Unsubscribe(handle.context());
  }));
  feed.Send(2);
  EXPECT_EQ(late.code(), kCancelled);
  EXPECT_FALSE(late_ended);
  EXPECT_TRUE(in_time.ok()) << in_time;
  EXPECT_TRUE(slow.ended());
}

// The handler waits for the one that the sender runs.
TEST(UnsubscribeWithin, WithoutAnEndASendDoesNotWaitForAHandlerInAnExecutor) {
  FeedOf<int> feed;
  ThreadPool pool(1);
  const Channel<int> entered;
  Subscription inline_one;
  Subscription slow = MustSubscribe(feed.Subscribe(
      [&](int value) {
        if (value != 2) return;
        entered.Close();
        inline_one.Unsubscribe();
      },
      {.executor = &pool}));
  inline_one = MustSubscribe(feed.Subscribe([&](int) {
    entered.Receive().IgnoreError();
    EXPECT_TRUE(slow.Unsubscribe(Context::Background()).ok());
  }));
  feed.Send(2);
  EXPECT_TRUE(slow.ended());
}

TEST(UnsubscribeWithin, WhileAnotherThreadHandsBackInAHookThatDoesNotReturn) {
  FeedOf<int> feed;
  const Channel<int> entered;
  const Channel<int> go_on;
  const Channel<Delivery<int>> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.on_left = [&](int) {
                                                             entered.Close();
                                                             go_on.Receive().IgnoreError();
                                                           }}));
  feed.Send(1);
  std::thread unsubscriber([&] { subscription.Unsubscribe(); });
  entered.Receive().IgnoreError();
  EXPECT_EQ(subscription.Unsubscribe(Ended()).code(), kCancelled);
  EXPECT_FALSE(subscription.ended());
  go_on.Close();
  unsubscriber.join();
  EXPECT_TRUE(subscription.Unsubscribe(Ended()).ok());
  EXPECT_TRUE(subscription.ended());
}

TEST(UnsubscribeWithin, AProducerThatDoesNotStop) {
  const Channel<int> go_on;
  const Channel<int> entered;
  Subscription subscription = NewSubscription([&](const Context&) {
    entered.Close();
    go_on.Receive().IgnoreError();
  });
  entered.Receive().IgnoreError();
  EXPECT_EQ(subscription.Unsubscribe(Ended()).code(), kCancelled);
  EXPECT_FALSE(subscription.ended());
  go_on.Close();
  EXPECT_TRUE(subscription.Unsubscribe(Context::Background()).ok());
  EXPECT_TRUE(subscription.ended());
}

TEST(UnsubscribeWithin, OfWhatNeverWasASubscription) { EXPECT_TRUE(Subscription().Unsubscribe(Ended()).ok()); }

}  // namespace
}  // namespace eventbus::testing
