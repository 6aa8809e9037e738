// Who is subscribed when: joining, leaving and closing, also in the middle of a send.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "eventbus/feed.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// Row 3: joining never waits for a send, and gets the next one.
TEST(FeedSubscribe, DuringASendMissesThatOneAndGetsTheNext) {
  FeedOf<int> feed;
  Channel<int> slow(0);
  Subscription first = MustSubscribe(feed.Subscribe(slow));
  std::thread sender([&] {
    EXPECT_EQ(feed.Send(1).delivered, 1u);
    EXPECT_EQ(feed.Send(2).delivered, 2u);
  });
  AwaitSenders(slow, 1);
  Channel<int> late(1);
  Subscription second = MustSubscribe(feed.Subscribe(late));
  EXPECT_EQ(feed.subscribers(), 2u);
  EXPECT_EQ(*slow.Receive(), 1);
  EXPECT_EQ(*slow.Receive(), 2);
  sender.join();
  EXPECT_EQ(*late.Receive(), 2);
}

TEST(FeedSubscribe, NeverWaitsForTwoThousandBlockedSends) {
  FeedOf<int> feed;
  Channel<int> slow(0);
  Subscription first = MustSubscribe(feed.Subscribe(slow));
  constexpr int kSends = 2000;
  std::thread sender([&] {
    for (int i = 0; i < kSends; ++i) feed.Send(i);
  });
  std::vector<Channel<int>> channels;
  std::vector<Subscription> subscriptions;
  for (int i = 0; i < kSends; ++i) {
    AwaitSenders(slow, 1);  // Each subscription is made while a send is blocked.
    channels.emplace_back(kUnbounded);
    subscriptions.push_back(MustSubscribe(feed.Subscribe(channels.back())));
    EXPECT_EQ(*slow.Receive(), i);
  }
  sender.join();
  for (int i = 0; i + 1 < kSends; ++i) {
    ASSERT_EQ(*channels[i].Receive(), i + 1) << "the first send after the one that was blocked";
    ASSERT_EQ(channels[i].ApproxSize(), static_cast<size_t>(kSends - i - 2));
  }
  EXPECT_EQ(channels.back().ApproxSize(), 0u);
}

TEST(FeedSubscribe, LeavingDuringTheSendThatOneJoinedInLeavesNoTrace) {
  FeedOf<int> feed;
  Channel<int> slow(0);
  Subscription first = MustSubscribe(feed.Subscribe(slow));
  std::thread sender([&] { EXPECT_EQ(feed.Send(1).delivered, 1u); });
  AwaitSenders(slow, 1);
  Channel<int> brief(1);
  MustSubscribe(feed.Subscribe(brief)).Unsubscribe();
  EXPECT_EQ(feed.subscribers(), 1u);
  slow.Receive().IgnoreError();
  sender.join();
  first.Unsubscribe();
  EXPECT_EQ(feed.Send(2).delivered, 0u);
  EXPECT_EQ(brief.ApproxSize(), 0u);
}

// Row 4: leaving frees a send that is blocked on it, and the count leaves it out.
TEST(FeedUnsubscribe, FreesBlockedSendsUnderTwoThousandSubscribers) {
  FeedOf<int> feed;
  Subscribed<int> subscribed(feed, 2000, 0);
  std::vector<std::thread> senders;
  std::atomic<int> left{200};
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&] {
      while (left.fetch_sub(1) > 0) EXPECT_EQ(feed.Send(1).delivered, 0u);
    });
  }
  AwaitSenders(subscribed.channels.back(), 1);  // Enlisted last: the first send is blocked on all of them.
  subscribed.subscriptions.clear();
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(feed.subscribers(), 0u);
}

// Row 5.
TEST(FeedUnsubscribe, OfOneThatWasServedLeavesTheOthersRight) {
  FeedOf<int> feed;
  Channel<int> served(1);
  Channel<int> slow(0);
  Channel<int> slower(0);
  Subscription a = MustSubscribe(feed.Subscribe(served));
  Subscription b = MustSubscribe(feed.Subscribe(slow));
  Subscription c = MustSubscribe(feed.Subscribe(slower));
  std::thread sender([&] { EXPECT_EQ(feed.Send(1).delivered, 3u); });
  AwaitSenders(slower, 1);
  a.Unsubscribe();
  EXPECT_EQ(*slow.Receive(), 1);
  EXPECT_EQ(*slower.Receive(), 1);
  sender.join();
  EXPECT_EQ(*served.Receive(), 1) << "what it had, it keeps";

  std::thread again([&] { EXPECT_EQ(feed.Send(2).delivered, 2u); });
  EXPECT_EQ(*slow.Receive(), 2);
  EXPECT_EQ(*slower.Receive(), 2);
  again.join();
  EXPECT_EQ(served.ApproxSize(), 0u);
}

// Row 6: nothing is sent once `Unsubscribe` has returned, to whichever caller.
TEST(FeedUnsubscribe, FromEightThreadsAtOnceNothingIsSentAfterAnyReturned) {
  for (int round = 0; round < 50; ++round) {
    FeedOf<int> feed;
    Channel<int> channel(kUnbounded);
    Subscription subscription = MustSubscribe(feed.Subscribe(channel));
    std::atomic<bool> stop{false};
    std::thread sender([&] {
      while (!stop) feed.Send(1);
    });
    AwaitTrue([&] { return channel.ApproxSize() > 0; });
    std::vector<std::thread> callers;
    std::atomic<size_t> after[8];
    for (std::atomic<size_t>& size : after) {
      callers.emplace_back([&] {
        subscription.Unsubscribe();
        size = channel.ApproxSize();
      });
    }
    for (std::thread& caller : callers) caller.join();
    AwaitTrue([&, first = feed.Send(2).status]() mutable { return first.ok(); });  // One more whole send.
    stop = true;
    sender.join();
    for (const std::atomic<size_t>& size : after) EXPECT_EQ(size, channel.ApproxSize());
    EXPECT_TRUE(subscription.ended());
  }
}

TEST(FeedUnsubscribe, InAnyOrderOfAThousandKeepsTheRest) {
  FeedOf<int> feed;
  Subscribed<int> subscribed(feed, 1000, 1);
  for (size_t i = 0; i < 1000; i += 3) subscribed.subscriptions[i].Unsubscribe();
  for (size_t i = 998; i > 0; i -= 2) subscribed.subscriptions[i].Unsubscribe();
  size_t left = 0;
  for (const Subscription& subscription : subscribed.subscriptions) left += !subscription.ended();
  EXPECT_EQ(feed.subscribers(), left);
  EXPECT_EQ(feed.Send(1).delivered, left);
  for (size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(subscribed.channels[i].ApproxSize(), subscribed.subscriptions[i].ended() ? 0u : 1u);
  }
}

// Row 8: a closed channel ends its own subscription with a reason; the feed goes on.
TEST(FeedClosedChannel, EndsItsOwnSubscriptionOnly) {
  FeedOf<int> feed({.name = "orders"});
  Channel<int> good(4);
  Channel<int> bad(4);
  Subscription a = MustSubscribe(feed.Subscribe(good));
  Subscription b = MustSubscribe(feed.Subscribe(bad, {.name = "audit"}));
  bad.Close();
  const SendResult result = feed.Send(1);
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.delivered, 1u);
  EXPECT_EQ(result.disconnected, 1u);
  EXPECT_EQ(feed.subscribers(), 1u);
  EXPECT_TRUE(b.ended());
  const absl::StatusOr<absl::Status> reason = b.Err().Receive();
  ASSERT_TRUE(reason.ok());
  EXPECT_EQ(reason->code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(reason->message().find("orders"), absl::string_view::npos);
  EXPECT_NE(reason->message().find("audit"), absl::string_view::npos);
  EXPECT_EQ(b.Err().Receive().status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(feed.Send(2).delivered, 1u);
}

TEST(FeedClosedChannel, FreesASendThatIsBlockedOnIt) {
  FeedOf<int> feed;
  Channel<int> slow(0);
  Subscription subscription = MustSubscribe(feed.Subscribe(slow));
  std::thread sender([&] {
    const SendResult result = feed.Send(1);
    EXPECT_TRUE(result.status.ok());
    EXPECT_EQ(result.delivered, 0u);
    EXPECT_EQ(result.disconnected, 1u);
  });
  AwaitSenders(slow, 1);
  slow.Close();
  sender.join();
  EXPECT_EQ(subscription.Err().Receive()->code(), absl::StatusCode::kFailedPrecondition);
}

TEST(FeedClose, RefusesSendsAndSubscriptionsAndEndsAllWithTheReason) {
  FeedOf<int> feed({.name = "orders"});
  Channel<int> channel(4);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  ReceiveChannel<absl::Status> err = subscription.Err();
  ASSERT_EQ(feed.Send(1).delivered, 1u);
  EXPECT_TRUE(feed.Close(absl::UnavailableError("going down")));
  EXPECT_FALSE(feed.Close());
  EXPECT_TRUE(feed.closed());
  EXPECT_EQ(feed.subscribers(), 0u);
  EXPECT_EQ(*err.Receive(), absl::UnavailableError("going down"));
  EXPECT_EQ(err.Receive().status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(feed.Send(2).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(feed.TrySend(2).status.code(), absl::StatusCode::kFailedPrecondition);
  const absl::Status refused = feed.Subscribe(channel).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("orders"), absl::string_view::npos);
  EXPECT_EQ(*channel.Receive(), 1) << "what was accepted stays";
  EXPECT_FALSE(channel.closed()) << "the channel is the subscriber's";
}

TEST(FeedClose, FreesTheSendInProgressAndThoseThatWaitForTheirTurn) {
  FeedOf<int> feed;
  Subscribed<int> subscribed(feed, 10, 0);
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] { EXPECT_EQ(feed.Send(1).status.code(), absl::StatusCode::kFailedPrecondition); });
  }
  AwaitTrue([&] { return WaitingSends(feed) == 3; });
  AwaitSenders(subscribed.channels.back(), 1);
  feed.Close();
  for (std::thread& sender : senders) sender.join();
  for (const Channel<int>& channel : subscribed.channels) EXPECT_EQ(WaitingSenders(channel), 0u);
}

TEST(FeedClose, ConcurrentClosersEndEachSubscriptionOnce) {
  for (int round = 0; round < 50; ++round) {
    FeedOf<int> feed;
    Subscribed<int> subscribed(feed, 20, 1);
    std::vector<ReceiveChannel<absl::Status>> errs;
    for (const Subscription& subscription : subscribed.subscriptions) errs.push_back(subscription.Err());
    std::atomic<int> first{0};
    std::vector<std::thread> closers;
    for (int i = 0; i < 4; ++i) {
      closers.emplace_back([&] { first += feed.Close(absl::AbortedError("over")); });
    }
    for (size_t i = 0; i < 20; i += 2) subscribed.subscriptions[i].Unsubscribe();
    for (std::thread& closer : closers) closer.join();
    EXPECT_EQ(first, 1);
    for (const ReceiveChannel<absl::Status>& err : errs) {
      int reasons = 0;
      for (const absl::Status& reason : err) reasons += reason.code() == absl::StatusCode::kAborted;
      EXPECT_LE(reasons, 1);
    }
  }
}

// Row 16.
TEST(FeedDestruction, EndsSubscriptionsWithAReasonAndTheyMayOutliveIt) {
  auto feed = std::make_unique<FeedOf<int>>(FeedOptions{.name = "orders"});
  Channel<int> channel(1);
  Subscription subscription = MustSubscribe(feed->Subscribe(channel));
  feed.reset();
  EXPECT_TRUE(subscription.ended());
  const absl::Status reason = *subscription.Err().Receive();
  EXPECT_EQ(reason.code(), absl::StatusCode::kCancelled);
  EXPECT_NE(reason.message().find("orders"), absl::string_view::npos);
  subscription.Unsubscribe();
}

TEST(FeedSubscribe, RefusesANullChannelAndStaysUsable) {
  FeedOf<int> feed({.name = "orders"});
  const absl::Status refused = feed.Subscribe(SendChannel<int>()).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(), "feed 'orders': Subscribe: null channel");
  Channel<int> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  EXPECT_EQ(feed.Send(1).delivered, 1u);
}

}  // namespace
}  // namespace eventbus::testing
