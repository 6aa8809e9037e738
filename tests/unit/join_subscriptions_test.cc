#include "eventbus/join_subscriptions.h"

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/inline_executor.h"
#include "eventbus/manual_executor.h"
#include "eventbus/new_subscription.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

constexpr absl::StatusCode kEnd = absl::StatusCode::kOutOfRange;

class JoinTest : public ::testing::Test {
 protected:
  Subscription From(FeedOf<int>& feed) { return MustSubscribe(feed.Subscribe(channel_)); }

  FeedOf<int> one_;
  FeedOf<int> two_;
  const Channel<int> channel_{8};
};

TEST_F(JoinTest, TheFirstErrorEndsAll) {
  const Subscription joined = JoinSubscriptions(From(one_), From(two_), From(two_));
  EXPECT_EQ(two_.subscribers(), 2u);
  one_.Close(absl::AbortedError("gone"));
  EXPECT_EQ(*joined.Err().Receive(), absl::AbortedError("gone"));
  EXPECT_EQ(joined.Err().Receive().status().code(), kEnd);
  EXPECT_EQ(two_.subscribers(), 0u) << "it ends when the others have been unsubscribed";
}

TEST_F(JoinTest, AFlushWaitsForAll) {
  ManualExecutor executor;
  const auto with_handler = [&](FeedOf<int>& feed) {
    return MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor}));
  };
  Subscription joined = JoinSubscriptions(with_handler(one_), with_handler(two_));
  two_.Send(1);
  CancelHandle late = Context::Background().WithCancel();
  late.Cancel();
  EXPECT_EQ(joined.Flush(late.context()).code(), absl::StatusCode::kCancelled);
  executor.RunAll();
  EXPECT_TRUE(joined.Flush(Context::Background()).ok());
}

TEST_F(JoinTest, EndsWhenAllHaveEnded) {
  std::vector<Subscription> subscriptions;
  subscriptions.push_back(From(one_));
  subscriptions.push_back(From(two_));
  const Subscription joined = JoinSubscriptions(std::move(subscriptions), {.name = "both"});
  EXPECT_EQ(joined.name(), "both");
  EXPECT_NE(joined.id(), 0u);
  one_.Close();
  EXPECT_FALSE(joined.ended());
  EXPECT_EQ(two_.subscribers(), 1u);
  two_.Close();
  EXPECT_EQ(joined.Err().Receive().status().code(), kEnd);
  EXPECT_TRUE(joined.ended());
}

TEST_F(JoinTest, AnEmptyJoinEndsAtOnce) {
  const Subscription joined = JoinSubscriptions(std::vector<Subscription>());
  EXPECT_TRUE(joined.ended());
  EXPECT_EQ(TrySelect({joined.OnEnd()}), 0);
  EXPECT_EQ(joined.Err().Receive().status().code(), kEnd);
}

TEST_F(JoinTest, OneThatHasFailedAlreadyCounts) {
  FeedOf<int> closed;
  Subscription failed = From(closed);
  closed.Close(absl::AbortedError("before"));
  const Subscription joined = JoinSubscriptions(From(one_), Subscription(), std::move(failed));
  EXPECT_EQ(*joined.Err().Receive(), absl::AbortedError("before"));
  EXPECT_EQ(one_.subscribers(), 0u);
  const Subscription ended = JoinSubscriptions(Subscription(), Subscription());
  Select({ended.OnEnd()});
}

TEST_F(JoinTest, FlushFromInsideAHandlerOfItIsRefused) {
  ManualExecutor executor;
  bool flushed = false;
  Subscription joined;
  Subscription other = MustSubscribe(one_.Subscribe([](int) {}, {.executor = &executor}));
  Subscription flusher = MustSubscribe(two_.Subscribe(
      [&](int) {
        const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(5));
        EXPECT_EQ(joined.Flush(soon.context()).code(), absl::StatusCode::kFailedPrecondition);
        flushed = true;
      },
      {.executor = &executor}));
  joined = JoinSubscriptions(std::move(other), std::move(flusher));
  two_.Send(1);
  one_.Send(2);  // The first member would wait for this.
  executor.RunAll();
  EXPECT_TRUE(flushed);
}

TEST_F(JoinTest, UnsubscribeUnsubscribesAll) {
  Subscription joined = JoinSubscriptions(From(one_), From(two_));
  const ReceiveChannel<absl::Status> err = joined.Err();
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      joined.Unsubscribe();
      EXPECT_TRUE(joined.ended());
      EXPECT_EQ(one_.subscribers() + two_.subscribers(), 0u);
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(err.Receive().status().code(), kEnd) << "no reason";
  { const Subscription dropped = JoinSubscriptions(From(one_), From(two_)); }
  EXPECT_EQ(one_.subscribers() + two_.subscribers(), 0u);
}

// The end, in another thread, waits for this handler, which unsubscribes the whole.
TEST_F(JoinTest, AHandlerOfOneMayUnsubscribeAllWhileAnotherFails) {
  const Channel<int> entered;
  const Channel<int> go_on;
  std::optional<Subscription> joined;
  Subscription handler = MustSubscribe(one_.Subscribe([&](int) {
    entered.Close();
    go_on.Receive().IgnoreError();
    joined->Unsubscribe();
  }));
  joined = JoinSubscriptions(std::move(handler), From(two_));
  std::thread sender([&] { one_.Send(1); });
  entered.Receive().IgnoreError();
  two_.Close(absl::AbortedError("gone"));
  AwaitTrue([&] { return one_.subscribers() == 0; });  // The end is at it, and waits for the handler.
  go_on.Close();
  sender.join();
  Select({joined->OnEnd()});
}

TEST_F(JoinTest, TheOthersAreUnsubscribedOnTheExecutorOrWithoutIt) {
  ManualExecutor executor;
  std::vector<Subscription> subscriptions;
  subscriptions.push_back(From(one_));
  subscriptions.push_back(From(two_));
  const Subscription joined = JoinSubscriptions(std::move(subscriptions), {.executor = &executor});
  one_.Close(absl::AbortedError("gone"));
  EXPECT_FALSE(joined.ended());
  EXPECT_EQ(executor.RunAll(), 1u);
  EXPECT_TRUE(joined.ended());

  std::vector<Subscription> more;
  more.push_back(From(two_));
  const Subscription orphan = JoinSubscriptions(std::move(more), {.executor = &executor});
  executor.Close();
  two_.Close(absl::AbortedError("gone too"));
  EXPECT_EQ(*orphan.Err().Receive(), absl::AbortedError("gone too")) << "an executor that is gone does not stop it";
}

TEST_F(JoinTest, JoinsOfJoins) {
  const Subscription joined =
      JoinSubscriptions(JoinSubscriptions(From(one_), From(two_)),
                        NewSubscription([](const Context& context) { Select({context.OnDone()}); }));
  two_.Close(absl::AbortedError("gone"));
  EXPECT_EQ(*joined.Err().Receive(), absl::AbortedError("gone"));
  EXPECT_EQ(one_.subscribers(), 0u);
}

}  // namespace
}  // namespace eventbus::testing
