// Subscriptions that lose values, or end after some, against their consumers, unsubscription and other senders.

#include <cstdint>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/overflow.h"
#include "eventbus/subscription.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

// Of what a subscriber has seen: in order, nothing twice, and each loss told with the value after it.
struct Account {
  void See(int value, const EventInfo& info) {
    Check(value == static_cast<int>(info.sequence), "its number is its own");
    Check(info.sequence == last + info.lost + 1, "it is told what is missing before it");
    last = info.sequence;
    ++seen;
  }

  uint64_t last = 0;
  int seen = 0;
  int lost = 0;
};

constexpr int kSends = 3;

void SendAgainstAHandler(OverflowPolicy<int> overflow, size_t capacity) {
  ManualExecutor executor;
  FeedOf<int> feed;
  Account account;
  SubscribeOptions<int> options = {.executor = &executor, .capacity = capacity, .overflow = std::move(overflow)};
  options.on_lost = [&](int) { ++account.lost; };
  absl::StatusOr<Subscription> subscription =
      feed.Subscribe([&](int value, const EventInfo& info) { account.See(value, info); }, std::move(options));
  Thread runner([&] { executor.RunAll(); });
  for (int i = 1; i <= kSends; ++i) feed.Send(i);
  runner.Join();
  executor.RunAll();
  Check(account.seen + account.lost == kSends, "seen or lost");
}

TEST(OverflowModel, DropNewestAgainstAHandler) {
  Explore([] { SendAgainstAHandler(Overflow::kDropNewest, 1); });
}

TEST(OverflowModel, DropOldestAgainstAHandler) {
  Explore([] { SendAgainstAHandler(Overflow::kDropOldest, 1); });
  Explore([] { SendAgainstAHandler(Overflow::kDropOldest, 2); });
}

TEST(OverflowModel, LatestAgainstAHandler) {
  Explore([] { SendAgainstAHandler(Overflow::kLatest, 2); });
}

TEST(OverflowModel, LatestByKeyAgainstAHandler) {
  Explore([] { SendAgainstAHandler(LatestBy([](int) { return 0; }), 2); });
}

void SendAgainstAReceiver(Overflow overflow, std::ptrdiff_t capacity) {
  FeedOf<int> feed;
  const Channel<Event<int>> channel(capacity);
  Account account;
  SubscribeOptions<int> options = {.overflow = overflow};
  options.on_lost = [&](int) { ++account.lost; };
  absl::StatusOr<Subscription> subscription = feed.Subscribe(channel, std::move(options));
  const auto see = [&](const Event<int>& event) { account.See(event.value, event.info); };
  Thread receiver([&] { see(*channel.Receive()); });
  for (int i = 1; i <= kSends; ++i) feed.Send(i);
  receiver.Join();
  while (true) {
    absl::StatusOr<Event<int>> event = channel.TryReceive();
    if (!event.ok()) break;
    see(*event);
  }
  Check(account.seen + account.lost == kSends, "seen or lost");
}

// With two locks, and with one: from the explorer's least capacity on, 2.
TEST(OverflowModel, DropOldestAgainstAReceiver) {
  Explore([] { SendAgainstAReceiver(Overflow::kDropOldest, 1); });
  Explore([] { SendAgainstAReceiver(Overflow::kDropOldest, 2); });
}

TEST(OverflowModel, LatestAgainstAReceiver) {
  Explore([] { SendAgainstAReceiver(Overflow::kLatest, 2); });
}

TEST(OverflowModel, DropNewestAgainstAReceiver) {
  Explore([] { SendAgainstAReceiver(Overflow::kDropNewest, 1); });
}

TEST(OverflowModel, UnsubscribeAgainstTheHookOfALoss) {
  Explore([] {
    FeedOf<int> feed;
    const Channel<int> channel(1);
    bool subscribed = true;
    SubscribeOptions<int> options = {.overflow = Overflow::kDropOldest};
    options.on_lost = [&](int) { Check(subscribed, "not called later"); };
    absl::StatusOr<Subscription> subscription = feed.Subscribe(channel, std::move(options));
    Thread sender([&] {
      feed.Send(1);
      feed.Send(2);
    });
    subscription->Unsubscribe();
    subscribed = false;
  });
}

TEST(OverflowModel, CloseAgainstAnEviction) {
  Explore([] {
    FeedOf<int> feed;
    const Channel<Event<int>> channel(1);
    Account account;
    SubscribeOptions<int> options = {.overflow = Overflow::kDropOldest};
    options.on_lost = [&](int) { ++account.lost; };
    absl::StatusOr<Subscription> subscription = feed.Subscribe(channel, std::move(options));
    size_t delivered = 0;
    Thread sender([&] { delivered = feed.Send(1).delivered + feed.Send(2).delivered; });
    channel.Close();
    sender.Join();
    if (absl::StatusOr<Event<int>> event = channel.TryReceive(); event.ok()) account.See(event->value, event->info);
    Check(static_cast<size_t>(account.seen + account.lost) == delivered, "seen or lost");
  });
}

TEST(OverflowModel, CloseOfTheFeedAgainstAHandlerThatLoses) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    bool open = true;
    absl::StatusOr<Subscription> subscription =
        feed.Subscribe([&](int) { Check(open, "not called later"); },
                       {.executor = &executor, .capacity = 1, .overflow = Overflow::kDropOldest});
    feed.Send(1);
    Thread runner([&] { executor.RunAll(); });
    feed.Close(absl::OkStatus());
    open = false;
    runner.Join();
    executor.RunAll();
    Check(subscription->ended(), "ended");
  });
}

TEST(OverflowModel, UnsubscribeAgainstAKey) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    bool subscribed = true;
    const auto key = [&](int value) {
      Check(subscribed, "not called later");
      return value;
    };
    absl::StatusOr<Subscription> subscription =
        feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 1, .overflow = LatestBy(key)});
    Thread sender([&] { feed.Send(1); });
    subscription->Unsubscribe();
    subscribed = false;
  });
}

// One that is copied, or assigned, under the queue's lock would lock it twice.
struct KeyThatAsks {
  KeyThatAsks(const Subscription& subscription_asked, int key_number)
      : subscription(&subscription_asked), number(key_number) {}
  KeyThatAsks(const KeyThatAsks& other) : KeyThatAsks(*other.subscription, other.number) { Ask(); }
  KeyThatAsks& operator=(const KeyThatAsks& other) {
    number = other.number;
    Ask();
    return *this;
  }
  void Ask() const { subscription->stats(); }

  friend bool operator==(const KeyThatAsks& a, const KeyThatAsks& b) { return a.number == b.number; }
  template <typename Hash>
  friend Hash AbslHashValue(Hash hash, const KeyThatAsks& key) {
    return Hash::combine(std::move(hash), key.number);
  }

  const Subscription* subscription;
  int number;
};

TEST(OverflowModel, AKeyIsCopiedWithoutALock) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    std::vector<int> seen;
    Subscription subscription;
    const auto key = [&](int value) { return KeyThatAsks(subscription, value % 10); };
    subscription = *feed.Subscribe([&](int value) { seen.push_back(value); },
                                   {.executor = &executor, .capacity = 2, .overflow = LatestBy(key)});
    for (const int value : {1, 2, 11, 3, 4}) feed.Send(value);
    executor.RunAll();
    feed.Send(13);
    executor.RunAll();
    Check(seen == std::vector<int>{3, 4, 13}, "the newest of each key, of the last two keys");
  });
}

TEST(OverflowModel, ALimitAgainstTwoSenders) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    int handled = 0;
    absl::StatusOr<Subscription> subscription =
        feed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .capacity = 1, .limit = 1});
    size_t delivered = 0;
    Thread other([&] { delivered += feed.Send(1).delivered; });
    Thread runner([&] { executor.RunAll(); });
    delivered += feed.Send(2).delivered;
    other.Join();
    runner.Join();
    executor.RunAll();
    Check(delivered == 1 && handled == 1, "one got through");
    Check(subscription->ended(), "and that was the last");
  });
}

TEST(OverflowModel, ALimitAgainstAReceiver) {
  Explore([] {
    FeedOf<int> feed;
    const Channel<int> channel;
    absl::StatusOr<Subscription> subscription = feed.Subscribe(channel, {.limit = 1});
    Thread receiver([&] { Check(*channel.Receive() == 1, "received"); });
    Check(feed.Send(1).delivered == 1, "delivered");
    Check(subscription->ended(), "that was the last");
    receiver.Join();
  });
}

TEST(OverflowModel, ALimitEndsAConsumerThatWaits) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    absl::StatusOr<Subscription> subscription =
        feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 1, .limit = 1});
    Thread runner([&] { executor.RunAll(); });
    feed.Send(1);
    runner.Join();
    executor.RunAll();
    Check(subscription->ended(), "once it has handled it");
  });
}

TEST(OverflowModel, AQueueThatIsToFinishAgainstItsConsumer) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    int handled = 0;
    absl::StatusOr<Subscription> subscription = feed.Subscribe(
        [&](int) { ++handled; }, {.executor = &executor, .capacity = 2, .overflow = Overflow::kDropOldest, .limit = 2});
    Thread runner([&] { executor.RunAll(); });
    feed.Send(1);
    feed.Send(2);
    runner.Join();
    executor.RunAll();
    Check(handled == 2, "all is handled first");
    Check(subscription->ended(), "then it ends");
  });
}

TEST(OverflowModel, TheEndOfALimitAgainstUnsubscribe) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    bool subscribed = true;
    absl::StatusOr<Subscription> subscription = feed.Subscribe([&](int) { Check(subscribed, "not called later"); },
                                                               {.executor = &executor, .capacity = 1, .limit = 1});
    feed.Send(1);
    Thread runner([&] { executor.RunAll(); });
    subscription->Unsubscribe();
    subscribed = false;
    runner.Join();
    executor.RunAll();
    Check(subscription->ended(), "ended");
  });
}

TEST(OverflowModel, TheEndOfALimitAgainstTheShutdownOfTheExecutor) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    absl::StatusOr<Subscription> subscription =
        feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 1, .limit = 1});
    Thread closer([&] { executor.Close(); });
    feed.Send(1);
    closer.Join();
    executor.RunAll();
    Check(subscription->ended(), "one way or the other");
  });
}

void SubscribeWithAReplayAgainstASend(Executor* executor) {
  FeedOf<int> feed({.history = 2});
  feed.Send(1);
  uint64_t last = 0;
  const auto handler = [&](int, const EventInfo& info) {
    Check(info.sequence == last + 1, "neither a gap nor a repetition");
    last = info.sequence;
  };
  Thread sender([&] { feed.Send(2); });
  absl::StatusOr<Subscription> subscription =
      feed.Subscribe(handler, {.executor = executor, .capacity = executor == nullptr ? 0u : 1u, .replay = 2});
  sender.Join();
  if (executor != nullptr) static_cast<ManualExecutor*>(executor)->RunAll();
  Check(last == 2, "all");
}

TEST(OverflowModel, WhatFindsNoRoomIsNotToldAfterUnsubscribe) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    bool gone = false;
    Subscription subscription = *feed.Subscribe(
        [](int) {}, {.executor = &executor, .capacity = 1, .overflow = Overflow::kDropNewest, .on_lost = [&](int) {
                       Check(!gone, "Unsubscribe has returned");
                     }});
    feed.Send(0);
    Thread sender([&] { feed.Send(1); });
    subscription.Unsubscribe();
    gone = true;
    sender.Join();
  });
}

TEST(ReplayModel, AnInlineHandlerAgainstASend) {
  Explore([] { SubscribeWithAReplayAgainstASend(nullptr); });
}

TEST(ReplayModel, AHandlerOnAnExecutorAgainstASend) {
  Explore([] {
    ManualExecutor executor;
    SubscribeWithAReplayAgainstASend(&executor);
  });
}

TEST(ReplayModel, AChannelAgainstASendAndClose) {
  Explore([] {
    FeedOf<int> feed({.history = 2});
    const Channel<int> channel(4);
    feed.Send(1);
    Thread sender([&] {
      feed.Send(2);
      feed.Close(absl::OkStatus());
    });
    absl::StatusOr<Subscription> subscription = feed.Subscribe(channel, {.replay = 2});
    sender.Join();
    if (!subscription.ok()) return;
    Check(*channel.TryReceive() == 1 && *channel.TryReceive() == 2, "neither a gap nor a repetition");
  });
}

TEST(ReplayModel, CloseFreesASendThatIsHeld) {
  Explore([] {
    FeedOf<int> feed({.held = true});
    Thread sender([&] { Check(feed.Send(1).status.code() == absl::StatusCode::kFailedPrecondition, "refused"); });
    feed.Close(absl::OkStatus());
  });
}

TEST(ReplayModel, ReleaseAgainstSendAndClose) {
  Explore([] {
    FeedOf<int> feed({.held = true});
    Thread sender([&] { feed.Send(1); });
    Thread closer([&] { feed.Close(absl::OkStatus()); });
    feed.Release();
    sender.Join();
    closer.Join();
  });
}

// The feed's count goes by the count of each, and that of one who has gone by what it was in the end.
TEST(OverflowModel, WhatWasLostToOneThatLeavesIsCountedOnce) {
  Explore([] {
    FeedOf<int> feed;
    const Channel<int> full(1);
    Subscription leaving = *feed.Subscribe(full, {.overflow = Overflow::kDropNewest});
    const Subscription other = *feed.Subscribe([](int) {});
    Thread sender([&] {
      for (int i = 1; i <= kSends; ++i) feed.Send(i);
    });
    leaving.Unsubscribe();
    const uint64_t lost = feed.stats().lost.total();
    sender.Join();
    Check(lost <= feed.stats().lost.total(), "never less");
    Check(feed.stats().lost == leaving.stats().lost, "once");
  });
}

}  // namespace
}  // namespace eventbus
