#include "eventbus/subscription_scope.h"

#include <thread>
#include <utility>
#include <vector>

#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

class SubscriptionScopeTest : public ::testing::Test {
 protected:
  Subscription Subscribe() { return MustSubscribe(feed_.Subscribe(channel_, {.name = "one"})); }

  FeedOf<int> feed_;
  Channel<int> channel_{64};
};

TEST_F(SubscriptionScopeTest, TakesWhatSubscribeReturnsAndPassesItsErrorOn) {
  SubscriptionScope scope;
  EXPECT_EQ(scope.Adopt(feed_.Subscribe(channel_)), absl::OkStatus());
  const absl::StatusOr<Subscription> tracked = scope.Track(feed_.Subscribe(channel_));
  EXPECT_EQ(scope.Count(), 2u);
  EXPECT_EQ(scope.Adopt(feed_.Subscribe(SendChannel<int>())).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(scope.Track(feed_.Subscribe(SendChannel<int>())).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(scope.Count(), 2u);
  scope.Close();
  EXPECT_TRUE(tracked->ended());
  EXPECT_EQ(feed_.subscribers(), 0u);
}

TEST_F(SubscriptionScopeTest, CloseEndsTrackedAndAdopted) {
  SubscriptionScope scope;
  Subscription tracked = scope.Track(Subscribe());
  scope.Adopt(Subscribe());
  EXPECT_EQ(scope.Count(), 2u);
  EXPECT_EQ(feed_.subscribers(), 2u);
  scope.Close();
  EXPECT_EQ(scope.Count(), 0u);
  EXPECT_EQ(feed_.subscribers(), 0u);
  EXPECT_TRUE(tracked.ended());
  EXPECT_EQ(tracked.Err().Receive().status().code(), absl::StatusCode::kOutOfRange);
  scope.Close();
}

TEST_F(SubscriptionScopeTest, ATrackedOneCountsAndFlushesAsTheOriginalDoes) {
  SubscriptionScope scope;
  ManualExecutor executor;
  Subscription tracked = scope.Track(MustSubscribe(feed_.Subscribe([](int) {}, {.executor = &executor})));
  feed_.Send(1);
  CancelHandle late = Context::Background().WithCancel();
  late.Cancel();
  EXPECT_EQ(tracked.Flush(late.context()).code(), absl::StatusCode::kCancelled);
  executor.RunAll();
  EXPECT_TRUE(tracked.Flush(Context::Background()).ok());
  EXPECT_EQ(tracked.stats().delivered, 1u);
}

TEST_F(SubscriptionScopeTest, ATrackedOneStandsForTheOriginal) {
  SubscriptionScope scope;
  Subscription original = Subscribe();
  const uint64_t id = original.id();
  Subscription tracked = scope.Track(std::move(original));
  EXPECT_EQ(tracked.id(), id);
  EXPECT_EQ(tracked.name(), "one");
  EXPECT_FALSE(tracked.ended());
  feed_.Close(absl::AbortedError("over"));
  EXPECT_TRUE(tracked.ended());
  EXPECT_EQ(*tracked.Err().Receive(), absl::AbortedError("over"));
}

TEST_F(SubscriptionScopeTest, DroppingOrUnsubscribingATrackedOneRemovesIt) {
  SubscriptionScope scope;
  {
    Subscription dropped = scope.Track(Subscribe());
    EXPECT_EQ(scope.Count(), 1u);
  }
  EXPECT_EQ(scope.Count(), 0u);
  Subscription left = scope.Track(Subscribe());
  left.Unsubscribe();
  EXPECT_EQ(scope.Count(), 0u);
  EXPECT_EQ(feed_.subscribers(), 0u);
}

TEST_F(SubscriptionScopeTest, AClosedScopeUnsubscribesAtOnce) {
  SubscriptionScope scope;
  scope.Close();
  Subscription tracked = scope.Track(Subscribe());
  EXPECT_TRUE(tracked.ended());
  scope.Adopt(Subscribe());
  EXPECT_EQ(feed_.subscribers(), 0u);
  EXPECT_EQ(scope.Count(), 0u);
}

TEST_F(SubscriptionScopeTest, TracksAnEndedOne) {
  SubscriptionScope scope;
  Subscription tracked = scope.Track(Subscription());
  EXPECT_TRUE(tracked.ended());
  scope.Close();
}

TEST_F(SubscriptionScopeTest, ATrackedOneMayOutliveTheScope) {
  Subscription tracked;
  {
    SubscriptionScope scope;
    tracked = scope.Track(Subscribe());
  }
  EXPECT_TRUE(tracked.ended());
  tracked.Unsubscribe();
}

// `Close` waits for a filter without holding a lock that the filter's use of the scope needs.
TEST_F(SubscriptionScopeTest, CloseUnsubscribesWithoutHoldingItsLock) {
  SubscriptionScope scope;
  Channel<int> entered(1);
  Channel<int> go_on(0);
  scope.Adopt(MustSubscribe(feed_.Subscribe(channel_, {.filter = [&](int) {
                                              entered.Send(0).IgnoreError();
                                              go_on.Receive().IgnoreError();
                                              EXPECT_EQ(scope.Count(), 1u);  // Deadlock, if the lock were held.
                                              return true;
                                            }})));
  std::thread sender([&] { feed_.Send(1); });
  entered.Receive().IgnoreError();
  std::thread closer([&] { scope.Close(); });
  std::thread second([&] {
    scope.Close();
    EXPECT_EQ(scope.Count(), 0u) << "a second caller returns once all have ended, too";
  });
  AwaitTrue([&] { return feed_.subscribers() == 0; });
  go_on.Send(0).IgnoreError();
  closer.join();
  second.join();
  sender.join();
}

TEST_F(SubscriptionScopeTest, TrackDropAndCloseAtOnceLoseNothing) {
  for (int round = 0; round < 100; ++round) {
    SubscriptionScope scope;
    std::vector<std::thread> users;
    for (int t = 0; t < 4; ++t) {
      users.emplace_back([&] {
        for (int i = 0; i < 10; ++i) {
          Subscription kept = scope.Track(Subscribe());
          scope.Adopt(Subscribe());
        }
      });
    }
    scope.Close();
    for (std::thread& user : users) user.join();
    EXPECT_EQ(scope.Count(), 0u);
    EXPECT_EQ(feed_.subscribers(), 0u);
  }
}

}  // namespace
}  // namespace eventbus::testing
