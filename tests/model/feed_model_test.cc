// A send against everything that can end it or change who gets it.

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "eventbus/feed.h"
#include "eventbus/subscription_scope.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

Subscription Must(absl::StatusOr<Subscription> subscription) {
  Check(subscription.ok(), "subscribed");
  return *std::move(subscription);
}

TEST(FeedModel, AReceiverCompletesTheSend) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    Thread receiver([&] { Check(*channel.Receive() == 1, "received"); });
    Check(feed.Send(1).delivered == 1, "delivered");
  });
}

TEST(FeedModel, WhatASendWaitsForCountsOnceItIsOver) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    Thread sender([&] {
      feed.Send(1);
      feed.Send(2);
    });
    Check(subscription.stats().delivered == 0, "nobody has received");
    Check(*channel.Receive() == 1, "received");
    Check(subscription.stats().delivered <= 1, "one at most");
    Check(*channel.Receive() == 2, "received");
    const uint64_t delivered = subscription.stats().delivered;
    Check(delivered == 1 || delivered == 2, "the first send is over");
    sender.Join();
    Check(subscription.stats().delivered == 2, "both");
  });
}

TEST(FeedModel, WhatASendGaveUpOnDoesNotCount) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    CancelHandle limit = Context::Background().WithCancel();
    bool received = false;
    Thread receiver([&] { received = channel.TryReceive().ok(); });
    Thread canceller([&] { limit.Cancel(); });
    feed.Send(limit.context(), 1);
    receiver.Join();
    canceller.Join();
    Check(subscription.stats().delivered == received, "what was received, and no more");
  });
}

TEST(FeedModel, TwoReceiversTheLastOneWakesTheSender) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> a;
    Channel<int> b(1);
    Subscription first = Must(feed.Subscribe(a));
    Subscription second = Must(feed.Subscribe(b));
    Check(b.TrySend(0).ok(), "full");
    Thread one([&] { Check(*a.Receive() == 1, "received"); });
    Thread two([&] { Check(*b.Receive() == 0, "what was there"); });
    Check(feed.Send(1).delivered == 2, "delivered");
  });
}

TEST(FeedModel, UnsubscribeFreesTheSend) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    Thread leaving([&] { subscription.Unsubscribe(); });
    const SendResult result = feed.Send(1);
    Check(result.delivered == 0 && result.status.ok(), "nobody took it");
  });
}

TEST(FeedModel, UnsubscribeAgainstAReceive) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    size_t received = 0;
    Thread receiver([&] { received = channel.Receive().ok(); });
    Thread leaving([&] {
      subscription.Unsubscribe();
      channel.Close();
    });
    const SendResult result = feed.Send(1);
    receiver.Join();
    Check(result.delivered == received, "the count is right");
  });
}

TEST(FeedModel, NothingIsSentOnceUnsubscribeHasReturned) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel(4);
    Subscription subscription = Must(feed.Subscribe(channel));
    Thread sender([&] {
      feed.Send(1);
      feed.Send(2);
    });
    subscription.Unsubscribe();
    const size_t size = channel.ApproxSize();
    sender.Join();
    Check(channel.ApproxSize() == size, "nothing came after");
  });
}

TEST(FeedModel, AClosedChannelFreesTheSendAndEndsItsSubscription) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> closing;
    Channel<int> staying(1);
    Subscription first = Must(feed.Subscribe(closing));
    Subscription second = Must(feed.Subscribe(staying));
    Thread closer([&] { closing.Close(); });
    const SendResult result = feed.Send(1);
    Check(result.delivered == 1 && result.disconnected == 1, "one left, one served");
    Check(first.ended() && !second.ended(), "its own only");
    Check(feed.subscribers() == 1, "one member");
  });
}

TEST(FeedModel, CloseFreesTheSendAndEndsTheSubscription) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    Thread closer([&] { feed.Close(absl::AbortedError("over")); });
    Check(feed.Send(1).status.code() == absl::StatusCode::kFailedPrecondition, "closed");
    closer.Join();
    Check(*subscription.Err().Receive() == absl::AbortedError("over"), "the reason");
  });
}

TEST(FeedModel, CloseAgainstUnsubscribeEndsOnce) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    const ReceiveChannel<absl::Status> err = subscription.Err();
    Thread closer([&] { feed.Close(absl::AbortedError("over")); });
    subscription.Unsubscribe();
    closer.Join();
    Check(feed.subscribers() == 0, "nobody left");
    if (err.Receive().ok()) Check(!err.Receive().ok(), "one reason at most");
  });
}

TEST(FeedModel, TwoSendersOneOrderForAll) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> a(2);
    Channel<int> b(2);
    Subscription first = Must(feed.Subscribe(a));
    Subscription second = Must(feed.Subscribe(b));
    Thread sender([&] { feed.Send(1); });
    feed.Send(2);
    sender.Join();
    Check(*a.Receive() == *b.Receive(), "the same first");
    Check(*a.Receive() == *b.Receive(), "the same second");
  });
}

TEST(FeedModel, ASecondSenderWaitsForASlowSubscriberOfTheFirst) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    Thread sender([&] { Check(feed.Send(1).delivered == 1, "delivered"); });
    Thread receiver([&] { Check(*channel.Receive() + *channel.Receive() == 3, "both"); });
    Check(feed.Send(2).delivered == 1, "delivered");
  });
}

TEST(FeedModel, ACancelledSendSaysWhoMissedAndLosesNothing) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel;
    Subscription subscription = Must(feed.Subscribe(channel));
    CancelHandle cancel = Context::Background().WithCancel();
    size_t received = 0;
    Thread receiver([&] { received = channel.Receive().ok(); });
    Thread canceller([&] { cancel.Cancel(); });
    const SendResult result = feed.Send(cancel.context(), 1);
    channel.Close();
    receiver.Join();
    Check(result.delivered == received, "the count is right");
    Check(result.delivered == 1 || !result.status.ok(), "and so is the status");
  });
}

TEST(FeedModel, ALateSendIsTakenBack) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> a;
    Channel<int> b;
    Subscription first = Must(feed.Subscribe(a));
    Subscription second = Must(feed.Subscribe(b));
    CancelHandle soon = Context::Background().WithTimeout(absl::Seconds(1));
    size_t received = 0;
    Thread receiver([&] { received = a.Receive().ok(); });
    const SendResult result = feed.Send(soon.context(), 1);
    Check(result.status.code() == absl::StatusCode::kDeadlineExceeded, "nobody receives from b");
    a.Close();
    receiver.Join();
    Check(result.delivered == received, "the count is right");
    Check(result.delivered + result.missed.size() == 2, "everybody is accounted for");
  });
}

TEST(FeedModel, SubscribingDuringASendGetsAllOrNothing) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> old(2);
    Channel<int> late(2);
    Subscription first = Must(feed.Subscribe(old));
    Thread sender([&] {
      feed.Send(1);
      feed.Send(2);
    });
    Subscription second = Must(feed.Subscribe(late));
    sender.Join();
    int last = 3;
    size_t count = late.ApproxSize();
    for (; count > 0; --count) {
      const int value = *late.Receive();
      Check(value == (count == 2 ? 1 : 2), "a suffix of what was sent");
      last = value;
    }
    Check(last == 2 || last == 3, "up to the end");
  });
}

TEST(FeedModel, LeavingInAnyOrderDuringASendKeepsTheRest) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channels[4] = {Channel<int>(2), Channel<int>(2), Channel<int>(2), Channel<int>(2)};
    std::vector<Subscription> subscriptions;
    for (const Channel<int>& channel : channels) subscriptions.push_back(Must(feed.Subscribe(channel)));
    Thread sender([&] { feed.Send(1); });
    for (const size_t leaving : {0, 3, 1}) subscriptions[leaving].Unsubscribe();
    sender.Join();
    Check(channels[2].ApproxSize() == 1, "it had the value");
    Check(feed.Send(2).delivered == 1 && channels[2].ApproxSize() == 2, "and gets the next");
    for (const size_t gone : {0, 1, 3}) Check(channels[gone].ApproxSize() <= 1, "the others do not");
  });
}

TEST(FeedModel, UnsubscribeWaitsForItsFilter) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel(1);
    internal::Mutex mutex;  // A point inside the filter, so that others can come in.
    bool running = false;
    bool left = false;
    Subscription subscription = Must(feed.Subscribe(channel, {.filter = [&](int) {
                                                      Check(!left, "none begins");
                                                      running = true;
                                                      { internal::MutexLock point(&mutex); }
                                                      running = false;
                                                      return true;
                                                    }}));
    Thread sender([&] { feed.Send(1); });
    subscription.Unsubscribe();
    Check(!running, "no filter runs");
    left = true;
  });
}

TEST(FeedModel, DestroyingTheFeedUnderABlockedSend) {
  Explore([] {
    auto feed = std::make_optional<FeedOf<int>>();
    Channel<int> channel;
    Subscription subscription = Must(feed->Subscribe(channel));
    internal::Ref<internal::FeedCore> core(&internal::FeedAccess::core(*feed));
    Thread sender([&] {
      const int value = 1;
      const SendResult result =
          core->Send(Context::Background(), internal::kElementOf<int>, &value, internal::FeedCore::Waiting::kAllowed);
      Check(result.delivered == 0, "nobody took it");
    });
    feed.reset();
    sender.Join();
    Check(subscription.ended(), "ended");
  });
}

TEST(ScopeModel, TrackAgainstCloseEndsAll) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel(1);
    SubscriptionScope scope;
    Thread closer([&] { scope.Close(); });
    Subscription tracked = scope.Track(Must(feed.Subscribe(channel)));
    closer.Join();
    Check(tracked.ended() && feed.subscribers() == 0, "ended");
  });
}

TEST(ScopeModel, DropAgainstClose) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> channel(1);
    SubscriptionScope scope;
    std::optional<Subscription> tracked = scope.Track(Must(feed.Subscribe(channel)));
    Thread closer([&] {
      scope.Close();
      Check(feed.subscribers() == 0, "all have ended");
    });
    tracked.reset();
  });
}

}  // namespace
}  // namespace eventbus
