// Drains and flushes of feeds against sends, unsubscriptions, hard stops, other drains and handlers that send in the same instant.

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/overflow.h"
#include "eventbus/select.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

uint64_t AsCount(bool one) { return one ? 1 : 0; }

// The report once the drain has come to its end.
DrainReport ReportOf(FeedOf<int>& feed) {
  const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(1));
  DrainReport report;
  do {
    report = feed.Drain(budget.context());
    // The deadline may have passed at any step: then again, with a budget of its own.
    if (report.status.code() == absl::StatusCode::kInvalidArgument) return ReportOf(feed);
  } while (report.status.code() == absl::StatusCode::kDeadlineExceeded);
  return report;
}

TEST(FeedDrainModel, ASendToAHandlerInAnExecutorIsHandledOrRefused) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    uint64_t handled = 0;
    Subscription subscription = *feed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .capacity = 1});
    uint64_t delivered = feed.Send(0).delivered;
    Thread sender([&] { delivered += feed.Send(1).delivered; });
    feed.RequestDrain();
    sender.Join();
    executor.RunAll();
    Select({feed.OnEnd()});
    Check(handled == delivered, "what was accepted");
    const DrainReport report = ReportOf(feed);
    Check(report.left() + report.running() == 0, "nothing is left");
  });
}

// The reader has seen the value that the sender waits for it with, as it is told to end before that.
TEST(FeedDrainModel, ADrainOfOneThatASendWaitsForWhileItReads) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    uint64_t handled = 0;
    uint64_t handled_by_slow = 0;
    Subscription slow = *feed.Subscribe([&](int) { ++handled_by_slow; }, {.executor = &executor, .capacity = 1});
    Subscription other = *feed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .capacity = 8});
    feed.Send(0);
    uint64_t second = 0;
    Thread sender([&] { second = feed.Send(1).delivered; });
    Thread runner([&] { executor.RunAll(); });
    slow.RequestDrain();
    sender.Join();
    runner.Join();
    const uint64_t third = feed.Send(2).delivered;
    executor.RunAll();
    Select({slow.OnEnd()});
    Check(handled == 3 && third == 1, "all of it");
    Check(handled_by_slow == second, absl::StrCat(handled_by_slow, " handled, and the second went to ", second));
  });
}

TEST(FeedDrainModel, WhatIsEvictedAsTheDrainBeginsIsTold) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    uint64_t accounted = 0;
    const auto count = [&](int) { ++accounted; };
    const Subscription subscription = *feed.Subscribe(
        count, {.executor = &executor, .capacity = 1, .overflow = Overflow::kDropOldest, .on_lost = count});
    const Channel<int> channel(1);
    const Subscription other = *feed.Subscribe(channel, {.overflow = Overflow::kDropOldest, .on_lost = count});
    uint64_t delivered = feed.Send(0).delivered;
    Thread sender([&] { delivered += feed.Send(1).delivered; });
    feed.RequestDrain();
    sender.Join();
    executor.RunAll();
    Check(channel.TryReceive().ok() && !channel.TryReceive().ok(), "one is there");
    Select({feed.OnEnd()});
    Check(accounted + 1 == delivered, "handled, lost or received");
  });
}

TEST(FeedDrainModel, ACloseWhileAHandlerGetsItsReplay) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed({.history = 2});
    feed.Send(0);
    feed.Send(1);
    Thread closer([&] { feed.Close(); });
    absl::StatusOr<Subscription> late = feed.Subscribe([](int) {}, {.executor = &executor, .replay = 2});
    closer.Join();
    executor.RunAll();
    Check(!late.ok() || late->ended(), "refused or ended");
  });
}

TEST(FeedDrainModel, ACloseWhileAHandlerReachesItsLimitInItsReplay) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed({.history = 1});
    feed.Send(0);
    bool closed = false;
    Thread closer([&] {
      feed.Close();
      closed = true;
    });
    const auto late = feed.Subscribe([&](int) { Check(!closed, "not called later"); },
                                     {.executor = &executor, .limit = 1, .replay = 1});
    executor.RunAll();
    closer.Join();
    executor.RunAll();
    Check(!late.ok() || late->ended(), "refused or ended");
    Select({feed.OnEnd()});
  });
}

// It is no member any more, and has not yet been told.
TEST(FeedDrainModel, ASubscriptionThatEndsByItselfEndsBeforeItsFeed) {
  Explore([] {
    const Channel<int> channel(1);
    FeedOf<int> feed;
    const Subscription subscription = *feed.Subscribe(channel);
    channel.Close();
    Thread sender([&] { feed.Send(1); });
    feed.RequestDrain();
    Select({feed.OnEnd()});
    Check(subscription.ended(), "before the feed");
    sender.Join();
  });
}

TEST(FeedDrainModel, ASubscriptionThatReachesItsLimitEndsBeforeItsFeed) {
  Explore([] {
    const Channel<int> channel(1);
    FeedOf<int> feed;
    const Subscription subscription = *feed.Subscribe(channel, {.limit = 1});
    Thread sender([&] { feed.Send(1); });
    Thread receiver([&] { channel.Receive().IgnoreError(); });
    feed.RequestDrain();
    Select({feed.OnEnd()});
    Check(subscription.ended(), "before the feed");
    sender.Join();
    channel.Close();
  });
}

TEST(FeedDrainModel, TheConsumerAgainstTheDrain) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    uint64_t handled = 0;
    Subscription subscription = *feed.Subscribe([&](int) { ++handled; }, {.executor = &executor});
    feed.Send(0);
    feed.Send(1);
    Thread runner([&] { executor.RunAll(); });
    feed.RequestDrain();
    runner.Join();
    executor.RunAll();
    Select({feed.OnEnd()});
    Check(handled == 2, "all");
    const DrainReport report = ReportOf(feed);
    Check(report.ok() && report.left() == 0, "all");
    Check(report.handled() <= 2, "no more than there were");
  });
}

TEST(FeedDrainModel, ASendToAHandlerOfItsOwnThread) {
  Explore([] {
    FeedOf<int> feed;
    bool ended = false;
    uint64_t handled = 0;
    Subscription subscription = *feed.Subscribe([&](int) {
      Check(!ended, "not called later");
      feed.subscribers();  // A point at which others could come in.
      Check(!ended, "nor while it runs");
      ++handled;
    });
    uint64_t delivered = 0;
    Thread sender([&] { delivered = feed.Send(1).delivered; });
    feed.RequestDrain();
    Select({feed.OnEnd()});
    ended = true;
    Check(subscription.ended(), "before the feed");
    sender.Join();
    Check(handled == delivered, "what was accepted");
    Check(ReportOf(feed).handled() <= delivered, "never more");
  });
}

TEST(FeedDrainModel, AFilterIsOverWhenItsSubscriptionHasEnded) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    bool ended = false;
    const auto filter = [&](int) {
      feed.subscribers();  // A point at which others could come in.
      Check(!ended, "not filtered later");
      return false;
    };
    Subscription subscription = *feed.Subscribe([](int) {}, {.filter = filter, .executor = &executor});
    Thread sender([&] { feed.Send(1); });
    subscription.RequestDrain();
    executor.RunAll();
    Select({subscription.OnEnd()});
    ended = true;
    sender.Join();
  });
}

TEST(FeedDrainModel, UnsubscribeAgainstDrain) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    int handled = 0;
    int handed_back = 0;
    Subscription subscription =
        *feed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .on_left = [&](int) { ++handed_back; }});
    feed.Send(1);
    Thread unsubscriber([&] { subscription.Unsubscribe(); });
    Thread runner([&] { executor.RunAll(); });
    feed.RequestDrain();
    unsubscriber.Join();
    runner.Join();
    executor.RunAll();
    Select({feed.OnEnd()});
    Check(handled + handed_back == 1, "handled or handed back, once");
    const DrainReport report = ReportOf(feed);
    if (report.left() > 0) Check(handed_back == 1 && !report.ok(), "reported");
  });
}

TEST(FeedDrainModel, CloseAgainstDrain) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    int handled = 0;
    int handed_back = 0;
    Subscription subscription =
        *feed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .on_left = [&](int) { ++handed_back; }});
    feed.Send(1);
    Thread closer([&] { Check(feed.Close(), "the first"); });
    Thread runner([&] { executor.RunAll(); });
    feed.RequestDrain();
    closer.Join();
    runner.Join();
    executor.RunAll();
    Select({feed.OnEnd()});
    Check(handled + handed_back == 1, "handled or handed back, once");
    const DrainReport report = ReportOf(feed);
    Check(report.left() == AsCount(handed_back == 1), "reported");
    Check(report.ok() == (handed_back == 0), "and not OK");
  });
}

TEST(FeedDrainModel, TwoDrainsGiveOneReport) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    Subscription subscription = *feed.Subscribe([](int) {}, {.executor = &executor});
    feed.Send(1);
    DrainReport other;
    const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(1));
    feed.RequestDrain();
    Thread drainer([&] { other = feed.Drain(budget.context()); });
    executor.RunAll();
    const DrainReport report = feed.Drain(budget.context());
    drainer.Join();
    if (report.ok() && other.ok()) Check(report.entries == other.entries, "the same");
  });
}

TEST(FeedDrainModel, AHandlerThatSendsIsRefusedAndTheDrainEnds) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    uint64_t handled = 0;
    uint64_t delivered = 0;
    Subscription subscription = *feed.Subscribe(
        [&](int value) {
          ++handled;
          if (value == 0) delivered += feed.Send(1).delivered;
        },
        {.executor = &executor});
    delivered = feed.Send(0).delivered;
    Thread runner([&] { executor.RunAll(); });
    feed.RequestDrain();
    runner.Join();
    executor.RunAll();
    Select({feed.OnEnd()});
    Check(handled == delivered, "what was accepted");
  });
}

TEST(FeedDrainModel, AReaderOfAChannelEndsItsDrain) {
  Explore([] {
    const Channel<int> channel(2);
    FeedOf<int> feed;
    Subscription subscription = *feed.Subscribe(channel);
    feed.Send(1);
    Thread reader([&] { Check(channel.Receive().ok(), "it is there"); });
    feed.RequestDrain();
    Select({feed.OnEnd()});
    Check(subscription.ended(), "before the feed");
    Check(channel.ApproxSize() == 0, "it was taken");
    reader.Join();
  });
}

TEST(FeedDrainModel, AReaderOfAChannelAgainstUnsubscribe) {
  Explore([] {
    const Channel<int> channel(2);
    FeedOf<int> feed;
    Subscription subscription = *feed.Subscribe(channel);
    feed.Send(1);
    feed.RequestDrain();
    Thread reader([&] { Check(channel.Receive().ok(), "it is there"); });
    subscription.Unsubscribe();
    Select({feed.OnEnd()});
    reader.Join();
  });
}

TEST(FeedDrainModel, ASubscriptionThatJoinsDuringASendAndDrains) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    uint64_t handled = 0;
    Thread sender([&] { feed.Send(1); });
    Subscription subscription = *feed.Subscribe([&](int) { ++handled; }, {.executor = &executor});
    subscription.RequestDrain();
    sender.Join();
    executor.RunAll();
    Select({subscription.OnEnd()});
  });
}

TEST(FeedFlushModel, AHandlerInAnExecutor) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    int handled = 0;
    Subscription subscription = *feed.Subscribe([&](int) { ++handled; }, {.executor = &executor});
    feed.Send(1);
    Thread runner([&] { executor.RunAll(); });
    Check(feed.Flush(Context::Background()).ok(), "in time");
    Check(handled == 1, "handled");
    runner.Join();
  });
}

TEST(FeedFlushModel, AHandlerWithAPolicy) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    int handled = 0;
    Subscription subscription = *feed.Subscribe(
        [&](int value) { handled = value; }, {.executor = &executor, .capacity = 1, .overflow = Overflow::kDropOldest});
    feed.Send(1);
    feed.Send(2);
    Thread runner([&] { executor.RunAll(); });
    Check(feed.Flush(Context::Background()).ok(), "in time");
    Check(handled == 2, "handled");
    runner.Join();
  });
}

TEST(FeedFlushModel, AgainstUnsubscribe) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    Subscription subscription = *feed.Subscribe([](int) {}, {.executor = &executor});
    feed.Send(1);
    Thread unsubscriber([&] { subscription.Unsubscribe(); });
    Check(feed.Flush(Context::Background()).ok(), "it ends");
    unsubscriber.Join();
    executor.RunAll();
  });
}

TEST(FeedFlushModel, AgainstCloseAndDrain) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    Subscription subscription = *feed.Subscribe([](int) {}, {.executor = &executor});
    feed.Send(1);
    Thread closer([&] {
      feed.RequestDrain();
      feed.Close();
    });
    Check(feed.Flush(Context::Background()).ok(), "it ends");
    closer.Join();
    executor.RunAll();
  });
}

TEST(FeedFlushModel, AReaderOfAChannel) {
  Explore([] {
    const Channel<int> channel(2);
    FeedOf<int> feed;
    Subscription subscription = *feed.Subscribe(channel);
    feed.Send(1);
    Thread reader([&] { Check(channel.Receive().ok(), "it is there"); });
    Check(feed.Flush(Context::Background()).ok(), "in time");
    Check(channel.ApproxSize() == 0, "it was taken");
    reader.Join();
  });
}

}  // namespace
}  // namespace eventbus
