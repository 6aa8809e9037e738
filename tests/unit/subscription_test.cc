#include "eventbus/subscription.h"

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/async_select.h"
#include "eventbus/feed.h"
#include "eventbus/inline_executor.h"
#include "eventbus/internal/subscription/end_signal.h"
#include "eventbus/select.h"
#include "eventbus/subscription_scope.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

TEST(Subscription, DefaultConstructedHasEnded) {
  Subscription none;
  EXPECT_TRUE(none.ended());
  EXPECT_EQ(none.id(), 0u);
  EXPECT_EQ(none.name(), "");
  EXPECT_EQ(none.Err().Receive().status().code(), absl::StatusCode::kOutOfRange);
  none.Unsubscribe();
}

TEST(Subscription, HasANameAndAnIdOfItsOwn) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  Subscription a = MustSubscribe(feed.Subscribe(channel, {.name = "a"}));
  Subscription b = MustSubscribe(feed.Subscribe(channel));
  EXPECT_EQ(a.name(), "a");
  EXPECT_EQ(b.name(), "");
  EXPECT_NE(a.id(), b.id());
  EXPECT_NE(a.id(), 0u);
}

TEST(Subscription, ErrClosesWithoutAStatusOnUnsubscribe) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  const ReceiveChannel<absl::Status> before = subscription.Err();
  EXPECT_EQ(before.TryReceive().status().code(), absl::StatusCode::kUnavailable);
  std::thread waiter([&] { EXPECT_EQ(before.Receive().status().code(), absl::StatusCode::kOutOfRange); });
  AwaitReceivers(before, 1);
  subscription.Unsubscribe();
  waiter.join();
  EXPECT_TRUE(subscription.Err() == before);
}

TEST(Subscription, ErrAskedForAfterTheEndSaysTheSame) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  Subscription closed = MustSubscribe(feed.Subscribe(channel));
  Subscription left = MustSubscribe(feed.Subscribe(channel));
  left.Unsubscribe();
  feed.Close(absl::DataLossError("disk"));
  EXPECT_EQ(*closed.Err().Receive(), absl::DataLossError("disk"));
  EXPECT_EQ(closed.Err().Receive().status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(left.Err().Receive().status().code(), absl::StatusCode::kOutOfRange);
}

TEST(Subscription, AReasonThatIsOkIsNoReason) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  feed.Close();
  EXPECT_EQ(subscription.Err().Receive().status().code(), absl::StatusCode::kOutOfRange);
}

TEST(Subscription, EndIsACaseOfASelect) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  std::thread closer([&] {
    AwaitReceivers(channel, 1);
    feed.Close(absl::AbortedError("over"));
  });
  absl::StatusOr<int> value = absl::UnavailableError("");
  absl::StatusOr<absl::Status> reason = absl::UnavailableError("");
  EXPECT_EQ(Select({channel.OnReceive(&value), subscription.Err().OnReceive(&reason)}), 1);
  EXPECT_EQ(*reason, absl::AbortedError("over"));
  closer.join();
}

TEST(Subscription, OnEndIsReadyOnceItHasEndedHoweverItEnded) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  Subscription left = MustSubscribe(feed.Subscribe(channel));
  Subscription closed = MustSubscribe(feed.Subscribe(channel));
  EXPECT_EQ(TrySelect({left.OnEnd(), closed.OnEnd()}), -1);
  left.Unsubscribe();
  EXPECT_EQ(TrySelect({closed.OnEnd(), left.OnEnd()}), 1);
  feed.Close(absl::AbortedError("over"));
  bool ran = false;
  EXPECT_EQ(TrySelect({closed.OnEnd([&] { ran = true; })}), 0);
  EXPECT_EQ(TrySelect({closed.OnEnd()}), 0);  // Again: nothing is used up.
  EXPECT_TRUE(ran);
  EXPECT_EQ(*closed.Err().Receive(), absl::AbortedError("over"));  // Nor is the reason.
  EXPECT_EQ(TrySelect({Subscription().OnEnd()}), 0);
}

Task<> TakeReasonOnceEnded(Case end, ReceiveChannel<absl::Status> err, absl::Status* reason) {
  co_await AsyncSelect(std::move(end));
  absl::StatusOr<absl::Status> received = err.TryReceive();
  if (received.ok()) *reason = *std::move(received);
}

TEST(Subscription, TheReasonIsThereForWhoHearsOfTheEnd) {
  InlineExecutor here;
  FeedOf<int> feed;
  const Subscription subscription = MustSubscribe(feed.Subscribe(Channel<int>(1)));
  absl::Status reason;
  const Spawned<> hears = Spawn(here, TakeReasonOnceEnded(subscription.OnEnd(), subscription.Err(), &reason));
  feed.Close(absl::DataLossError("torn"));
  EXPECT_TRUE(hears.done());
  EXPECT_EQ(reason, absl::DataLossError("torn"));
}

TEST(Subscription, OnEndWakesAllThatWaitAndOutlivesTheSubscription) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  std::optional<Subscription> subscription = MustSubscribe(feed.Subscribe(channel));
  SubscriptionScope scope;
  Subscription tracked = scope.Track(MustSubscribe(feed.Subscribe(channel)));
  std::vector<std::thread> waiters;
  for (int i = 0; i < 2; ++i) {
    waiters.emplace_back([&channel, end = std::make_unique<Case>(subscription->OnEnd())] {
      absl::StatusOr<int> value;
      EXPECT_EQ(Select({channel.OnReceive(&value), std::move(*end)}), 1);
    });
  }
  waiters.emplace_back([&channel, end = std::make_unique<Case>(tracked.OnEnd())] {
    absl::StatusOr<int> value;
    EXPECT_EQ(Select({channel.OnReceive(&value), std::move(*end)}), 1);
  });
  AwaitReceivers(channel, 3);
  subscription.reset();
  scope.Close();
  for (std::thread& waiter : waiters) waiter.join();
}

TEST(Subscription, DestructionAndMoveAssignmentUnsubscribe) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  {
    Subscription subscription = MustSubscribe(feed.Subscribe(channel));
    EXPECT_EQ(feed.subscribers(), 1u);
  }
  EXPECT_EQ(feed.subscribers(), 0u);
  Subscription a = MustSubscribe(feed.Subscribe(channel));
  Subscription b = MustSubscribe(feed.Subscribe(channel));
  a = std::move(b);
  EXPECT_EQ(feed.subscribers(), 1u);
  EXPECT_FALSE(a.ended());
  EXPECT_TRUE(b.ended());  // NOLINT: moved from, which is defined.
}

// The end and the first call of `Err` in the same instant: the reason arrives whoever is first.
TEST(EndSignal, ReasonReachesAnErrMadeInTheSameInstant) {
  for (int round = 0; round < 500; ++round) {
    internal::EndSignal signal;
    std::thread ender([&] { EXPECT_TRUE(signal.End(absl::AbortedError("x"))); });
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] { signal.Err(); });
    }
    ender.join();
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(*signal.Err().Receive(), absl::AbortedError("x"));
    EXPECT_FALSE(signal.Err().Receive().ok());
    EXPECT_FALSE(signal.End(absl::OkStatus()));
    EXPECT_TRUE(signal.ended());
  }
}

TEST(EndSignal, AReaderThatClosesErrIsNoTrouble) {
  internal::EndSignal signal;
  signal.Err().Close();
  EXPECT_TRUE(signal.End(absl::AbortedError("x")));
}

}  // namespace
}  // namespace eventbus::testing
