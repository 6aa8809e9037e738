// User code that throws at its n-th call: copies of a value, handlers of a select, filters of a feed.

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

using Refused = std::runtime_error;

TEST(ThrowingCopy, OfASentValueReachesTheSenderAndNothingWasSent) {
  Counted::Counts counts;
  {
    const Channel<Counted> channel(8);
    const Counted value(counts, 1);
    counts.copies_until_throw = 0;
    EXPECT_THROW(channel.Send(value).IgnoreError(), Refused);
    counts.copies_until_throw = 0;
    EXPECT_THROW(channel.TrySend(value).IgnoreError(), Refused);
    counts.copies_until_throw = 0;
    EXPECT_THROW(channel.SendUntil(absl::InfiniteFuture(), value).IgnoreError(), Refused);
    counts.copies_until_throw = 0;
    EXPECT_THROW(channel.Send(Context::Background(), value).IgnoreError(), Refused);
    EXPECT_EQ(channel.ApproxSize(), 0u);
    EXPECT_TRUE(channel.Send(value).ok());
    EXPECT_EQ(channel.Receive()->number(), 1);
  }
  EXPECT_EQ(counts.alive, 0);
}

// Three subscribers with room, one whose receiver waits, two without room: whichever copy throws, those before it have
// the value, nobody waits for it, and the next send reaches all.
TEST(ThrowingCopy, AtEachSubscriberOfAFeedLeavesTheFeedUsable) {
  constexpr int kSubscribers = 6;
  for (int nth = 0; nth < kSubscribers; ++nth) {
    Counted::Counts counts;
    {
      FeedOf<Counted> feed;
      Subscribed<Counted> roomy(feed, 3, 4);
      Subscribed<Counted> waited_for(feed, 1, 0);
      Subscribed<Counted> full(feed, 2, 1);
      for (const Channel<Counted>& channel : full.channels) {
        ASSERT_TRUE(channel.TrySend(Counted(counts, -1)).ok());
      }
      std::atomic<int> waited_received{0};
      std::thread receiver([&] {
        for (const Counted& value : waited_for.channels[0]) waited_received += value.number();
      });
      AwaitReceivers(waited_for.channels[0], 1);

      const Counted value(counts, 1);
      counts.copies_until_throw = nth;
      EXPECT_THROW(feed.Send(value), Refused);
      for (const Channel<Counted>& channel : full.channels) EXPECT_EQ(WaitingSenders(channel), 0u);
      size_t have_it = 0;
      for (const Channel<Counted>& channel : roomy.channels) have_it += channel.ApproxSize();
      if (nth > 3) AwaitReceivers(waited_for.channels[0], 1);
      EXPECT_EQ(have_it, static_cast<size_t>(std::min(nth, 3)));
      EXPECT_EQ(feed.subscribers(), size_t{kSubscribers});

      for (const Channel<Counted>& channel : full.channels) EXPECT_EQ(channel.TryReceive()->number(), -1);
      const SendResult next = feed.Send(value);
      EXPECT_TRUE(next.status.ok());
      EXPECT_EQ(next.delivered, size_t{kSubscribers});
      for (const Channel<Counted>& channel : full.channels) EXPECT_EQ(channel.TryReceive()->number(), 1);
      waited_for.channels[0].Close();
      receiver.join();
      EXPECT_EQ(waited_received, nth > 3 ? 2 : 1);
    }
    EXPECT_EQ(counts.alive, 0);
  }
}

TEST(ThrowingCopy, InTrySendLeavesTheFeedUsable) {
  for (int nth = 0; nth < 3; ++nth) {
    Counted::Counts counts;
    {
      FeedOf<Counted> feed;
      Subscribed<Counted> subscribed(feed, 3, 2);
      const Counted value(counts, 1);
      counts.copies_until_throw = nth;
      EXPECT_THROW(feed.TrySend(value), Refused);
      EXPECT_EQ(feed.TrySend(value).delivered, 3u);
      EXPECT_EQ(subscribed.channels[0].ApproxSize(), nth > 0 ? 2u : 1u);
      EXPECT_EQ(subscribed.channels[2].ApproxSize(), 1u);
    }
    EXPECT_EQ(counts.alive, 0);
  }
}

TEST(ThrowingHandler, LeavesTheSelectAndTheChoiceStands) {
  Counted::Counts counts;
  {
    const Channel<Counted> channel(1);
    EXPECT_THROW(Select({channel.OnSend(Counted(counts, 1), [](const absl::Status&) { throw Refused("sent"); })}),
                 Refused);
    EXPECT_EQ(channel.ApproxSize(), 1u);
    EXPECT_THROW(Select({channel.OnReceive([](const absl::StatusOr<Counted>&) { throw Refused("received"); })}),
                 Refused);
    EXPECT_EQ(channel.ApproxSize(), 0u);
    channel.Close();
    EXPECT_THROW(Select({channel.OnReceive([](const absl::StatusOr<Counted>&) { throw Refused("end"); })}), Refused);

    CancelHandle cancel = Context::Background().WithCancel();
    cancel.Cancel();
    EXPECT_THROW(Select({cancel.context().OnDone([] { throw Refused("done"); })}), Refused);
    EXPECT_THROW(Select({Subscription().OnEnd([] { throw Refused("ended"); })}), Refused);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ThrowingHandler, OfASelectThatWaitedLeavesNoWaiterBehind) {
  const Channel<int> a(0);
  const Channel<int> b(0);
  std::thread sender([&] {
    AwaitReceivers(a, 1);
    EXPECT_TRUE(a.Send(1).ok());
  });
  absl::StatusOr<int> other;
  EXPECT_THROW(Select({a.OnReceive([](const absl::StatusOr<int>&) { throw Refused("x"); }), b.OnReceive(&other)}),
               Refused);
  sender.join();
  EXPECT_EQ(WaitingReceivers(a), 0u);
  EXPECT_EQ(WaitingReceivers(b), 0u);
}

TEST(ThrowingFilter, AtItsNthCallEndsItsOwnSubscriptionOnly) {
  for (int nth = 1; nth <= 3; ++nth) {
    FeedOf<int> feed;
    const Channel<int> channel(10);
    const Channel<int> other(10);
    int calls = 0;
    const Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.filter = [&](int) {
                                                                     if (++calls == nth) throw Refused("filter");
                                                                     return true;
                                                                   }}));
    const Subscription others = MustSubscribe(feed.Subscribe(other));
    for (int i = 1; i <= 4; ++i) EXPECT_EQ(feed.Send(i).delivered, i < nth ? 2u : 1u);
    EXPECT_EQ(channel.ApproxSize(), static_cast<size_t>(nth - 1));
    EXPECT_EQ(other.ApproxSize(), 4u);
    EXPECT_EQ(calls, nth);
    EXPECT_EQ(subscription.Err().Receive()->code(), absl::StatusCode::kInternal);
  }
}

}  // namespace
}  // namespace eventbus::testing
