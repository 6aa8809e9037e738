// Handlers under unsubscription, close, the shutdown of their executor and sends of their own in the same instant.

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(HandlerModel, UnsubscribeAgainstACallInTheSendersThread) {
  Explore([] {
    FeedOf<int> feed;
    bool subscribed = true;
    absl::StatusOr<Subscription> subscription = feed.Subscribe([&](int) { Check(subscribed, "not called later"); });
    Thread sender([&] { feed.Send(1); });
    subscription->Unsubscribe();
    subscribed = false;
  });
}

TEST(HandlerModel, UnsubscribeAgainstACallOnAnExecutor) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    bool subscribed = true;
    absl::StatusOr<Subscription> subscription =
        feed.Subscribe([&](int) { Check(subscribed, "not called later"); }, {.executor = &executor, .capacity = 1});
    feed.Send(1);
    Thread runner([&] { executor.RunAll(); });
    subscription->Unsubscribe();
    subscribed = false;
    runner.Join();
    executor.RunAll();
  });
}

TEST(HandlerModel, UnsubscribeFreesASendThatWaitsForTheQueue) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    absl::StatusOr<Subscription> subscription = feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 1});
    Check(feed.TrySend(1).delivered == 1, "one in the queue");
    Thread sender([&] { Check(feed.Send(2).status.ok(), "freed"); });
    subscription->Unsubscribe();
    sender.Join();
    executor.RunAll();
  });
}

TEST(HandlerModel, AllThatWasSentIsHandledInOrder) {
  Explore([] {
    ThreadPool pool(1);
    FeedOf<int> feed;
    const Channel<int> done(1);
    int handled = 0;
    absl::StatusOr<Subscription> subscription = feed.Subscribe(
        [&](int value) {
          Check(value == handled, "in order");
          if (++handled == 3) done.TrySend(handled).IgnoreError();
        },
        {.executor = &pool, .capacity = 1});
    for (int i = 0; i < 3; ++i) Check(feed.Send(i).delivered == 1, "delivered");
    Check(*done.Receive() == 3, "all");
  });
}

TEST(HandlerModel, CloseAgainstACall) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    bool open = true;
    absl::StatusOr<Subscription> subscription =
        feed.Subscribe([&](int) { Check(open, "not called later"); }, {.executor = &executor});
    feed.Send(1);
    Thread runner([&] { executor.RunAll(); });
    feed.Close(absl::AbortedError("over"));
    open = false;
    Check(*subscription->Err().Receive() == absl::AbortedError("over"), "told why");
    runner.Join();
    executor.RunAll();
  });
}

TEST(HandlerModel, ShutdownOfTheExecutorAgainstSends) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    absl::StatusOr<Subscription> subscription = feed.Subscribe([](int) {}, {.executor = &executor, .capacity = 1});
    Thread sender([&] {
      for (int i = 0; i < 3; ++i) Check(feed.Send(i).status.ok(), "never stuck");
    });
    executor.Close();
    sender.Join();
    Check(subscription->Err().Receive()->code() == absl::StatusCode::kUnavailable, "told why");
  });
}

TEST(HandlerModel, TwoHandlersThatSendToTheirOwnFeedNeverWaitForEachOther) {
  Explore(
      [] {
        ThreadPool pool(2);
        FeedOf<int> feed;
        const auto forward = [&](int value) {
          if (value > 0) feed.Send(value - 1);
        };
        {
          absl::StatusOr<Subscription> a = feed.Subscribe(forward, {.executor = &pool, .capacity = 1});
          absl::StatusOr<Subscription> b = feed.Subscribe(forward, {.executor = &pool, .capacity = 1});
          feed.Send(2);
          feed.Send(2);
        }
      },
      {.random_executions = 5000});
}

TEST(HandlerModel, UnsubscribeWithinAContextAgainstACallInTheSend) {
  Explore([] {
    FeedOf<int> feed;
    Channel<int> go_on;
    int inside = 0;
    Subscription subscription = *feed.Subscribe([&](int) {
      ++inside;
      go_on.Receive().IgnoreError();
      --inside;
    });
    const CancelHandle handle = Context::Background().WithCancel();
    Thread sender([&] { feed.Send(1); });
    Thread closer([&] { go_on.Close(); });
    Check(subscription.Unsubscribe(handle.context()).ok(), "nobody cancels");
    Check(inside == 0, "no call is in progress");
    closer.Join();
    sender.Join();
  });
}

TEST(HandlerModel, UnsubscribeWithinAContextAgainstACallInAnExecutor) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    int inside = 0;
    Subscription subscription = *feed.Subscribe(
        [&](int) {
          ++inside;
          executor.size();  // A point at which others could come in.
          --inside;
        },
        {.executor = &executor});
    feed.Send(1);
    CancelHandle handle = Context::Background().WithCancel();
    Thread runner([&] { executor.RunAll(); });
    Check(subscription.Unsubscribe(handle.context()).ok(), "nobody cancels");
    Check(inside == 0, "no call is in progress");
    runner.Join();
    executor.RunAll();
  });
}

TEST(HandlerModel, UnsubscribeWithinAContextFromASendAgainstACallInAnExecutor) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    int inside = 0;
    Subscription subscription = *feed.Subscribe(
        [&](int) {
          ++inside;
          executor.size();  // A point at which others could come in.
          --inside;
        },
        {.executor = &executor});
    feed.Send(1);
    const CancelHandle handle = Context::Background().WithCancel();
    const Subscription other = *feed.Subscribe([&](int) {
      Check(subscription.Unsubscribe(handle.context()).ok(), "nobody cancels");
      Check(inside == 0, "no call is in progress");
    });
    Thread runner([&] { executor.RunAll(); });
    feed.Send(2);
    runner.Join();
    executor.RunAll();
  });
}

}  // namespace
}  // namespace eventbus
