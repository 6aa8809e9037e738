// Handlers as subscribers, in the sending thread and on an executor.

#include <atomic>
#include <barrier>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/inline_executor.h"
#include "eventbus/manual_executor.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

TEST(InlineHandler, RunsInTheSendingThreadBeforeSendReturnsAndWithoutACopy) {
  Counted::Counts counts;
  FeedOf<Counted> feed;
  std::vector<int> seen;
  std::thread::id ran_on;
  const Subscription subscription = MustSubscribe(feed.Subscribe([&](const Counted& value) {
    seen.push_back(value.number());
    ran_on = std::this_thread::get_id();
  }));
  EXPECT_EQ(feed.Send(Counted(counts, 1)).delivered, 1u);
  EXPECT_EQ(feed.TrySend(Counted(counts, 2)).delivered, 1u);
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  EXPECT_EQ(counts.copies, 0);
}

TEST(InlineHandler, IsNotCalledOnceUnsubscribedAndMayUnsubscribeItself) {
  FeedOf<int> feed;
  int calls = 0;
  std::optional<Subscription> subscription;
  subscription = MustSubscribe(feed.Subscribe([&](int) {
    ++calls;
    subscription->Unsubscribe();
  }));
  EXPECT_EQ(feed.Send(1).delivered, 1u);
  EXPECT_EQ(feed.Send(2).delivered, 0u);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(feed.subscribers(), 0u);
}

TEST(InlineHandler, ACallAfterOneThatEndsItsSubscriptionIsOverWithTheSend) {
  FeedOf<int> feed;
  const Subscription failing = MustSubscribe(feed.Subscribe([](int) { throw 1; }, {.ends_on_error = true}));
  Subscription next = MustSubscribe(feed.Subscribe([](int) {}));
  EXPECT_EQ(feed.Send(1).disconnected, 1u);
  CancelHandle over = Context::Background().WithCancel();
  over.Cancel();
  EXPECT_TRUE(next.Unsubscribe(over.context()).ok()) << "as if it still ran";
}

TEST(InlineHandler, UnsubscribeWaitsForACallInAnotherThread) {
  FeedOf<int> feed;
  std::atomic<bool> began{false};
  std::atomic<bool> released{false};
  std::atomic<bool> over{false};
  Subscription subscription = MustSubscribe(feed.Subscribe([&](int) {
    began = true;
    AwaitTrue([&] { return released.load(); });
    over = true;
  }));
  std::thread sender([&] { feed.Send(1); });
  AwaitTrue([&] { return began.load(); });
  std::vector<std::thread> leavers;
  for (int i = 0; i < 8; ++i) {
    leavers.emplace_back([&] {
      subscription.Unsubscribe();
      EXPECT_TRUE(over);
    });
  }
  released = true;
  for (std::thread& leaver : leavers) leaver.join();
  sender.join();
}

TEST(InlineHandler, ASendFromInsideIsRefusedAndOneThatDestroysTheFeedIsFine) {
  auto feed = std::make_unique<FeedOf<int>>();
  absl::Status inner;
  const Subscription sends = MustSubscribe(feed->Subscribe([&](int) { inner = feed->Send(2).status; }));
  feed->Send(1);
  EXPECT_EQ(inner.code(), absl::StatusCode::kFailedPrecondition);
  FeedOf<int>* const raw = feed.get();
  const Subscription destroys = MustSubscribe(feed->Subscribe([&](int) { feed.reset(); }));
  raw->TrySend(3);
  EXPECT_EQ(feed, nullptr);
  EXPECT_TRUE(destroys.ended());
  EXPECT_EQ(destroys.Err().Receive()->code(), absl::StatusCode::kCancelled);
}

// Row 13: 5 events, the third throws: 4 and 5 arrive.
TEST(Handler, OneThatThrowsStopsNeitherTheOthersNorItself) {
  for (const bool on_executor : {false, true}) {
    ManualExecutor executor;
    FeedOf<int> feed({.name = "orders"});
    std::vector<int> handled;
    std::vector<int> others;
    std::vector<absl::Status> errors;
    const Subscription throws = MustSubscribe(feed.Subscribe(
        [&](int value) {
          if (value == 3) throw std::runtime_error("three");
          handled.push_back(value);
        },
        {.name = "audit", .executor = on_executor ? &executor : nullptr, .on_error = [&](const absl::Status& error) {
           errors.push_back(error);
         }}));
    const Subscription other = MustSubscribe(feed.Subscribe([&](int value) { others.push_back(value); }));
    for (int i = 1; i <= 5; ++i) EXPECT_EQ(feed.Send(i).delivered, 2u);
    executor.RunAll();
    EXPECT_EQ(handled, (std::vector<int>{1, 2, 4, 5}));
    EXPECT_EQ(others.size(), 5u);
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_EQ(errors[0].code(), absl::StatusCode::kInternal);
    for (const char* part : {"orders", "audit", "three"}) {
      EXPECT_NE(errors[0].message().find(part), absl::string_view::npos) << errors[0];
    }
    EXPECT_FALSE(throws.ended());
  }
}

TEST(Handler, AStatusIsAnErrorTooAndEndsTheSubscriptionIfAsked) {
  for (const bool on_executor : {false, true}) {
    ManualExecutor executor;
    FeedOf<int> feed;
    int calls = 0;
    const Subscription subscription = MustSubscribe(feed.Subscribe(
        [&](int value) {
          ++calls;
          return value == 2 ? absl::DataLossError("two") : absl::OkStatus();
        },
        {.executor = on_executor ? &executor : nullptr, .ends_on_error = true}));
    for (int i = 1; i <= 4; ++i) {
      feed.Send(i);
      executor.RunAll();
    }
    EXPECT_EQ(calls, 2);
    EXPECT_TRUE(subscription.ended());
    EXPECT_EQ(*subscription.Err().Receive(), absl::DataLossError("two"));
    EXPECT_EQ(feed.subscribers(), 0u);
  }
}

TEST(Handler, AHookThatThrowsIsNoTrouble) {
  FeedOf<int> feed;
  const Subscription subscription =
      MustSubscribe(feed.Subscribe([](int) { throw 1; }, {.on_error = [](const absl::Status&) { throw 2; }}));
  EXPECT_EQ(feed.Send(1).delivered, 1u);
  EXPECT_FALSE(subscription.ended());
}

TEST(ExecutorHandler, RunsThereOneCallAtATimeAndInOrder) {
  ThreadPool pool(2);
  FeedOf<int> feed;
  std::atomic<int> running{0};
  std::atomic<bool> alone{true};
  std::vector<int> seen;
  std::atomic<int> handled{0};
  Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int value) {
        if (running.fetch_add(1) != 0) alone = false;
        EXPECT_TRUE(pool.RunsHere());
        seen.push_back(value);
        running.fetch_sub(1);
        ++handled;
      },
      {.executor = &pool, .capacity = 4}));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(feed.Send(i).delivered, 1u);
  AwaitTrue([&] { return handled == 1000; });
  subscription.Unsubscribe();
  EXPECT_TRUE(alone);
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(seen[i], i);
}

TEST(ExecutorHandler, HasAQueueOfItsOwnThatTheSenderWaitsFor) {
  ManualExecutor executor;
  FeedOf<int> feed;
  std::vector<int> seen;
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int value) { seen.push_back(value); }, {.name = "slow", .executor = &executor, .capacity = 2}));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(feed.TrySend(i).delivered, 1u);
  const SendResult full = feed.TrySend(3);
  EXPECT_EQ(full.status.code(), absl::StatusCode::kResourceExhausted);
  ASSERT_EQ(full.missed.size(), 1u);
  EXPECT_EQ(full.missed[0].name, "slow");
  std::thread sender([&] { EXPECT_EQ(feed.Send(4).delivered, 1u); });
  AwaitTrue([&] { return feed.TrySend(0).status.code() == absl::StatusCode::kUnavailable; });
  executor.RunAll();
  sender.join();
  executor.RunAll();
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 4}));
}

TEST(ExecutorHandler, YieldsToOthersAfterABatch) {
  ManualExecutor executor;
  FeedOf<int> feed;
  int handled = 0;
  const Subscription subscription =
      MustSubscribe(feed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .capacity = 1000}));
  for (int i = 0; i < 1000; ++i) feed.Send(i);
  EXPECT_TRUE(executor.RunOne());
  EXPECT_EQ(handled, 128);
  executor.RunAll();
  EXPECT_EQ(handled, 1000);
}

TEST(ExecutorHandler, HandlesWhatIsInItsQueueWhenItsPoolIsDrained) {
  ThreadPool pool(1);
  FeedOf<int> feed;
  std::atomic<bool> released{false};
  int handled = 0;
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int) {
        AwaitTrue([&] { return released.load(); });
        ++handled;
      },
      {.executor = &pool, .capacity = 1000}));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(feed.Send(i).delivered, 1u);
  std::thread drainer([&] { EXPECT_EQ(DrainInTime(pool).status, absl::OkStatus()); });
  released = true;
  drainer.join();
  EXPECT_EQ(handled, 1000);
  EXPECT_FALSE(subscription.ended());
}

TEST(ExecutorHandler, UnsubscribeDropsTheQueueAndWaitsForTheCall) {
  ThreadPool pool(1);
  Counted::Counts counts;
  {
    FeedOf<Counted> feed;
    std::atomic<int> calls{0};
    std::atomic<bool> released{false};
    std::atomic<bool> over{false};
    Subscription subscription = MustSubscribe(feed.Subscribe(
        [&](const Counted&) {
          ++calls;
          AwaitTrue([&] { return released.load(); });
          over = true;
        },
        {.executor = &pool}));
    for (int i = 0; i < 5; ++i) feed.Send(Counted(counts, i));
    AwaitTrue([&] { return calls == 1; });
    std::vector<std::thread> leavers;
    for (int i = 0; i < 8; ++i) {
      leavers.emplace_back([&] {
        subscription.Unsubscribe();
        EXPECT_TRUE(over);
      });
    }
    AwaitTrue([&] { return feed.subscribers() == 0; });
    released = true;
    for (std::thread& leaver : leavers) leaver.join();
    EXPECT_EQ(calls, 1);
  }
  EXPECT_EQ(DrainInTime(pool).status, absl::OkStatus());
  EXPECT_EQ(counts.alive, 0);
}

TEST(ExecutorHandler, MayUnsubscribeItselfAndFreesABlockedSender) {
  ThreadPool pool(1);
  FeedOf<int> feed;
  std::optional<Subscription> subscription;
  std::atomic<int> calls{0};
  std::atomic<bool> released{false};
  subscription = MustSubscribe(feed.Subscribe(
      [&](int) {
        AwaitTrue([&] { return released.load(); });
        ++calls;
        subscription->Unsubscribe();
      },
      {.executor = &pool, .capacity = 1}));
  feed.Send(1);
  AwaitTrue([&] { return feed.TrySend(2).delivered == 1; });
  std::thread sender([&] { EXPECT_EQ(feed.Send(3).delivered, 0u); });
  AwaitTrue([&] { return feed.TrySend(0).status.code() == absl::StatusCode::kUnavailable; });
  released = true;
  sender.join();
  EXPECT_EQ(DrainInTime(pool).status, absl::OkStatus());
  EXPECT_EQ(calls, 1);
}

TEST(ExecutorHandler, ASendToItsOwnFeedNeverWaits) {
  ThreadPool pool(1);
  FeedOf<int> feed;
  std::vector<absl::StatusCode> inner;
  std::atomic<int> handled{0};
  Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int value) {
        if (value == 0) {
          for (int i = 1; i <= 3; ++i) inner.push_back(feed.Send(i).status.code());
        }
        ++handled;
      },
      {.executor = &pool, .capacity = 2}));
  feed.Send(0);
  AwaitTrue([&] { return handled == 3; });
  subscription.Unsubscribe();
  // Two went into its own queue; the third found it full and was refused.
  EXPECT_EQ(inner, (std::vector<absl::StatusCode>{absl::StatusCode::kOk, absl::StatusCode::kOk,
                                                  absl::StatusCode::kResourceExhausted}));
}

struct Session {
  Subscription subscription;
};

TEST(ExecutorHandler, MayOwnItsSubscription) {
  ManualExecutor executor;
  FeedOf<int> feed;
  auto session = std::make_shared<Session>();
  Session& kept_by_its_handler = *session;
  session->subscription = MustSubscribe(feed.Subscribe([session](int) {}, {.executor = &executor}));
  session.reset();
  kept_by_its_handler.subscription.Unsubscribe();
  EXPECT_EQ(feed.subscribers(), 0u);
}

// The handler waits for the filter, so the filter must not wait for the handler.
TEST(ExecutorHandler, UnsubscribesOneWhoseFilterClosesTheFeed) {
  ThreadPool pool(1);
  FeedOf<int> feed;
  const Channel<int> channel(1);
  std::barrier<> both(2);
  Subscription filtered;
  const Subscription handling = MustSubscribe(feed.Subscribe(
      [&](int) {
        both.arrive_and_wait();
        filtered.Unsubscribe();
      },
      {.executor = &pool}));
  filtered = MustSubscribe(feed.Subscribe(channel, {.filter = [&](int) {
                                            both.arrive_and_wait();
                                            feed.Close();
                                            return true;
                                          }}));
  feed.Send(1);
  EXPECT_TRUE(handling.ended());
  AwaitTrue([&] { return filtered.ended(); });  // By the handler, if that was quicker.
}

TEST(ExecutorHandler, MayDestroyItsFeed) {
  ThreadPool pool(1);
  auto feed = std::make_unique<FeedOf<int>>();
  std::atomic<bool> destroyed{false};
  const Subscription subscription = MustSubscribe(feed->Subscribe(
      [&](int) {
        feed.reset();
        destroyed = true;
      },
      {.executor = &pool}));
  feed->Send(1);
  AwaitTrue([&] { return destroyed.load(); });
  EXPECT_EQ(subscription.Err().Receive()->code(), absl::StatusCode::kCancelled);
}

TEST(ExecutorHandler, OfAnExecutorThatIsShutDownEndsWithUnavailableAndFreesTheSender) {
  ManualExecutor executor;
  FeedOf<int> feed;
  const Subscription idle = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor}));
  const Subscription queued = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 1}));
  feed.Send(1);
  std::thread sender([&] { feed.Send(2); });
  AwaitTrue([&] { return feed.TrySend(0).status.code() == absl::StatusCode::kUnavailable; });
  executor.Close();
  sender.join();
  EXPECT_EQ(queued.Err().Receive()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(idle.Err().Receive()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(feed.subscribers(), 0u);
  // A later one lives until its first value.
  const Subscription late = MustSubscribe(feed.Subscribe([](int) { FAIL(); }, {.executor = &executor}));
  feed.Send(4);
  EXPECT_EQ(late.Err().Receive()->code(), absl::StatusCode::kUnavailable);
}

TEST(ExecutorHandler, OnAnInlineExecutorRunsInsideTheSend) {
  InlineExecutor here;
  FeedOf<int> feed;
  std::vector<int> seen;
  const Subscription subscription =
      MustSubscribe(feed.Subscribe([&](int value) { seen.push_back(value); }, {.executor = &here}));
  for (int i = 0; i < 5; ++i) {
    feed.Send(i);
    EXPECT_EQ(seen.size(), static_cast<size_t>(i + 1));
  }
}

TEST(Handler, FilterComesFirstAndErasedFeedsHaveHandlersToo) {
  Feed feed;
  std::vector<std::string> seen;
  const Subscription subscription =
      MustSubscribe(feed.Subscribe<std::string>([&](const std::string& value) { seen.push_back(value); },
                                                {.filter = [](const std::string& value) { return value != "no"; }}));
  for (const char* value : {"yes", "no", "also"}) feed.Send(std::string(value));
  EXPECT_EQ(seen, (std::vector<std::string>{"yes", "also"}));
}

TEST(Handler, AQueueWithoutALimitIsNotMadeByMistake) {
  ManualExecutor executor;
  FeedOf<int> feed;
  const auto refused = feed.Subscribe([](int) {}, {.executor = &executor, .capacity = static_cast<size_t>(-1)});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.status().message(), "feed: Subscribe: capacity is too large");
}

TEST(Handler, OptionsThatDoNotApplyAreRefused) {
  ManualExecutor executor;
  FeedOf<int> feed;
  const Channel<int> channel(1);
  const auto code = [](const absl::StatusOr<Subscription>& made) { return made.status().code(); };
  EXPECT_EQ(code(feed.Subscribe(channel, {.executor = &executor})), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(feed.Subscribe(channel, {.capacity = 3})), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(feed.Subscribe(channel, {.ends_on_error = true})), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(feed.Subscribe([](int) {}, {.capacity = 3})), absl::StatusCode::kInvalidArgument);
  feed.Close();
  EXPECT_EQ(code(feed.Subscribe([](int) {})), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code(feed.Subscribe([](int) {}, {.executor = &executor})), absl::StatusCode::kFailedPrecondition);
}

// What a handler holds goes with its subscription, not with the feed.
TEST(ExecutorHandler, WhatItHoldsIsGoneWhenUnsubscribeReturns) {
  ThreadPool pool(2);
  FeedOf<int> feed;
  for (int round = 0; round < 500; ++round) {
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = held;
    Subscription subscription = MustSubscribe(feed.Subscribe([held = std::move(held)](int) {}, {.executor = &pool}));
    feed.Send(1);
    subscription.Unsubscribe();
    ASSERT_TRUE(watched.expired());
  }
}

}  // namespace
}  // namespace eventbus::testing
