// What one send does: who gets the value, in which order, and what the result says.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "eventbus/feed.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

TEST(FeedSend, WithoutSubscribersDeliversToNobody) {
  FeedOf<int> feed;
  const SendResult result = feed.Send(1);
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.delivered, 0u);
}

// Row 1: a send returns when each subscriber took the value, and says how many did.
TEST(FeedSend, ReturnsOnceAThousandRendezvousSubscribersTookTheValue) {
  FeedOf<int> feed;
  Subscribed<int> subscribed(feed, 1000, 0);
  std::atomic<int> taken{0};
  std::thread receiver([&] {
    for (const Channel<int>& channel : subscribed.channels) {
      ++taken;  // Before the receive, so the sender sees no less than 1,000 once all have received.
      EXPECT_EQ(*channel.Receive(), 7);
    }
  });
  const SendResult result = feed.Send(7);
  EXPECT_EQ(taken, 1000);
  EXPECT_EQ(result.delivered, 1000u);
  EXPECT_TRUE(result.status.ok());
  receiver.join();

  subscribed.subscriptions.clear();
  EXPECT_EQ(feed.subscribers(), 0u);
  EXPECT_EQ(feed.Send(8).delivered, 0u);
}

TEST(FeedSend, ServesThoseWithRoomBeforeItWaitsForTheSlow) {
  FeedOf<int> feed;
  Channel<int> slow(0);
  Channel<int> roomy(1);
  Subscription first = MustSubscribe(feed.Subscribe(slow));
  Subscription second = MustSubscribe(feed.Subscribe(roomy));
  std::thread sender([&] { EXPECT_EQ(feed.Send(1).delivered, 2u); });
  EXPECT_EQ(*roomy.Receive(), 1);  // While the sender is blocked on `slow`, which nobody receives from yet.
  AwaitSenders(slow, 1);
  EXPECT_EQ(*slow.Receive(), 1);
  sender.join();
}

// Row 2: one total order, whoever sends.
TEST(FeedSend, AllSubscribersSeeOneOrderOfEightSenders) {
  constexpr int kSenders = 8;
  constexpr int kEach = 200;
  FeedOf<int> feed;
  Subscribed<int> subscribed(feed, 16, 3);
  std::vector<std::vector<int>> seen(subscribed.channels.size());
  std::vector<std::thread> receivers;
  for (size_t i = 0; i < seen.size(); ++i) {
    receivers.emplace_back([&, i] {
      for (int value : subscribed.channels[i]) seen[i].push_back(value);
    });
  }
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s) {
    senders.emplace_back([&, s] {
      for (int i = 0; i < kEach; ++i) EXPECT_EQ(feed.Send(s * kEach + i).delivered, 16u);
    });
  }
  for (std::thread& sender : senders) sender.join();
  for (const Channel<int>& channel : subscribed.channels) channel.Close();
  for (std::thread& receiver : receivers) receiver.join();

  ASSERT_EQ(seen[0].size(), static_cast<size_t>(kSenders * kEach));
  for (const std::vector<int>& sequence : seen) EXPECT_EQ(sequence, seen[0]);
  std::vector<int> next(kSenders, 0);
  for (int value : seen[0]) EXPECT_EQ(value % kEach, next[value / kEach]++) << "a sender's own order";
}

TEST(FeedSend, SendersTakeTurnsInTheOrderInWhichTheyCame) {
  FeedOf<int> feed;
  Channel<int> channel(0);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  std::vector<std::thread> senders;
  senders.emplace_back([&] { feed.Send(0); });
  AwaitSenders(channel, 1);
  for (int i = 1; i < 5; ++i) {
    senders.emplace_back([&feed, i] { feed.Send(i); });
    AwaitTrue([&] { return WaitingSends(feed) == static_cast<size_t>(i); });
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*channel.Receive(), i);
  for (std::thread& sender : senders) sender.join();
}

// Row 7: one channel, several subscriptions.
TEST(FeedSend, AChannelSubscribedThreeTimesGetsThreeCopies) {
  FeedOf<int> feed;
  Channel<int> channel(8);
  Subscription a = MustSubscribe(feed.Subscribe(channel));
  Subscription b = MustSubscribe(feed.Subscribe(channel));
  Subscription c = MustSubscribe(feed.Subscribe(channel));
  EXPECT_EQ(feed.Send(1).delivered, 3u);
  EXPECT_EQ(channel.ApproxSize(), 3u);
  a.Unsubscribe();
  c.Unsubscribe();
  EXPECT_EQ(feed.Send(2).delivered, 1u);
  EXPECT_EQ(channel.ApproxSize(), 4u);
  b.Unsubscribe();
  EXPECT_EQ(feed.Send(3).delivered, 0u);
}

// Row 11: a context that ends names who did not take the value, and the feed goes on.
TEST(FeedSend, ADeadlineNamesWhoDidNotTakeTheValue) {
  FeedOf<int> feed;
  Channel<int> quick(2);
  Channel<int> stuck(0);
  Channel<int> full(1);
  Subscription a = MustSubscribe(feed.Subscribe(quick, {.name = "quick"}));
  Subscription b = MustSubscribe(feed.Subscribe(stuck, {.name = "stuck"}));
  Subscription c = MustSubscribe(feed.Subscribe(full, {.name = "full"}));
  ASSERT_TRUE(full.TrySend(0).ok());

  CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(5));
  const SendResult late = feed.Send(soon.context(), 1);
  EXPECT_EQ(late.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(late.delivered, 1u);
  ASSERT_EQ(late.missed.size(), 2u);
  EXPECT_EQ(late.missed[0].name, "stuck");
  EXPECT_EQ(late.missed[0].subscription, b.id());
  EXPECT_EQ(late.missed[1].name, "full");
  EXPECT_EQ(WaitingSenders(stuck), 0u);
  EXPECT_EQ(WaitingSenders(full), 0u);

  b.Unsubscribe();
  c.Unsubscribe();
  EXPECT_EQ(feed.Send(2).delivered, 1u);
  EXPECT_EQ(*quick.Receive(), 1);
  EXPECT_EQ(*quick.Receive(), 2);
}

TEST(FeedSend, CancellationFreesABlockedSend) {
  FeedOf<int> feed;
  Channel<int> channel(0);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread sender([&] {
    const SendResult result = feed.Send(cancel.context(), 1);
    EXPECT_EQ(result.status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(result.delivered, 0u);
    EXPECT_EQ(result.missed.size(), 1u);
  });
  AwaitSenders(channel, 1);
  cancel.Cancel();
  sender.join();
  EXPECT_EQ(WaitingFor(cancel.context()), 0u);
}

TEST(FeedSend, CancellationFreesASendThatWaitsForItsTurn) {
  FeedOf<int> feed;
  Channel<int> channel(0);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  std::thread first([&] { EXPECT_EQ(feed.Send(1).delivered, 1u); });
  AwaitSenders(channel, 1);
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread second([&] {
    const SendResult result = feed.Send(cancel.context(), 2);
    EXPECT_EQ(result.status.code(), absl::StatusCode::kCancelled);
  });
  AwaitTrue([&] { return WaitingSends(feed) == 1; });
  cancel.Cancel();
  second.join();
  EXPECT_EQ(*channel.Receive(), 1);
  first.join();
}

TEST(FeedSend, CancellationIsCheckedFirst) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  CancelHandle cancel = Context::Background().WithCancel();
  cancel.Cancel();
  EXPECT_EQ(feed.Send(cancel.context(), 1).status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(channel.ApproxSize(), 0u);
}

TEST(FeedTrySend, DeliversToThoseWithRoomAndNamesTheOthers) {
  FeedOf<int> feed;
  Channel<int> roomy(1);
  Channel<int> none(0);
  Subscription a = MustSubscribe(feed.Subscribe(roomy, {.name = "roomy"}));
  Subscription b = MustSubscribe(feed.Subscribe(none, {.name = "none"}));
  const SendResult result = feed.TrySend(1);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(result.delivered, 1u);
  ASSERT_EQ(result.missed.size(), 1u);
  EXPECT_EQ(result.missed[0].name, "none");
  EXPECT_EQ(WaitingSenders(none), 0u);
}

TEST(FeedTrySend, DoesNotWaitForASendInProgress) {
  FeedOf<int> feed;
  Channel<int> channel(0);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  std::thread sender([&] { feed.Send(1); });
  AwaitSenders(channel, 1);
  EXPECT_EQ(feed.TrySend(2).status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*channel.Receive(), 1);
  sender.join();
}

TEST(FeedTrySend, GivesTheValueToAWaitingReceiver) {
  FeedOf<int> feed;
  Channel<int> channel(0);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  std::thread receiver([&] { EXPECT_EQ(*channel.Receive(), 1); });
  AwaitReceivers(channel, 1);
  EXPECT_EQ(feed.TrySend(1).delivered, 1u);
  receiver.join();
}

// Row 14: nothing of the value is kept.
TEST(FeedSend, ReleasesTheValueWhenItIsOver) {
  FeedOf<std::shared_ptr<int>> feed;
  Channel<std::shared_ptr<int>> taken(1);
  Channel<std::shared_ptr<int>> stuck(0);
  Subscription a = MustSubscribe(feed.Subscribe(taken));
  Subscription b = MustSubscribe(feed.Subscribe(stuck));
  std::weak_ptr<int> watched;
  {
    auto value = std::make_shared<int>(1);
    watched = value;
    CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(1));
    EXPECT_EQ(feed.Send(soon.context(), value).missed.size(), 1u);
  }
  EXPECT_EQ(watched.use_count(), 1);
  taken.Receive().IgnoreError();
  EXPECT_TRUE(watched.expired());
}

TEST(FeedSend, CopiesOncePerSubscriberHoweverSlow) {
  Counted::Counts counts;
  FeedOf<Counted> feed;
  Subscribed<Counted> quick(feed, 5, 1);
  Subscribed<Counted> slow(feed, 50, 0);
  std::thread receiver([&] {
    for (const Channel<Counted>& channel : slow.channels) EXPECT_EQ(channel.Receive()->number(), 1);
  });
  {
    const Counted value(counts, 1);
    EXPECT_EQ(feed.Send(value).delivered, 55u);
  }
  receiver.join();
  EXPECT_EQ(counts.copies, 55);
  EXPECT_EQ(counts.alive, 5);  // In the channels of the quick ones.
}

TEST(FeedSend, ACopyThatThrowsLeavesNothingWaitingAndTheFeedUsable) {
  Counted::Counts counts;
  FeedOf<Counted> feed;
  Subscribed<Counted> slow(feed, 3, 0);
  Subscribed<Counted> quick(feed, 3, 4);
  const Counted value(counts, 1);
  counts.copies_until_throw = 4;  // Three wait, one is delivered, the next copy throws.
  EXPECT_THROW(feed.Send(value), std::runtime_error);
  for (const Channel<Counted>& channel : slow.channels) EXPECT_EQ(WaitingSenders(channel), 0u);
  EXPECT_EQ(quick.channels[0].ApproxSize(), 1u);
  EXPECT_EQ(quick.channels[1].ApproxSize(), 0u);
  EXPECT_EQ(counts.alive, 2);  // `value`, and what was delivered.

  slow.subscriptions.clear();
  EXPECT_EQ(feed.Send(value).delivered, 3u);
}

}  // namespace
}  // namespace eventbus::testing
