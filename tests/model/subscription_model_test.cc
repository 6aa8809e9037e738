// Subscriptions over a producer, and over other subscriptions, that end from both sides at once.

#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "eventbus/inline_executor.h"
#include "eventbus/join_subscriptions.h"
#include "eventbus/manual_executor.h"
#include "eventbus/new_subscription.h"
#include "eventbus/on_each.h"
#include "eventbus/resubscribe.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(ProducerModel, UnsubscribeAgainstTheEndOfTheProducer) {
  Explore([] {
    ManualExecutor executor;
    int inside = 0;
    Subscription subscription = NewSubscription(
        [&](const Context&) {
          ++inside;
          executor.size();  // A point at which others could come in.
          --inside;
          return absl::AbortedError("lost");
        },
        {.executor = &executor});
    Thread runner([&] { executor.RunAll(); });
    subscription.Unsubscribe();
    Check(inside == 0 && subscription.ended(), "over");
    const absl::StatusOr<absl::Status> reason = subscription.Err().Receive();
    Check(!reason.ok() || *reason == absl::AbortedError("lost"), "one reason at most");
    Check(!subscription.Err().Receive().ok(), "closed");
    runner.Join();
    executor.RunAll();
  });
}

TEST(ProducerModel, TheErrorOfOneThatWasUnsubscribedFirstIsNotTold) {
  Explore([] {
    ManualExecutor executor;
    Subscription subscription = NewSubscription(
        [](const Context& context) {
          Select({context.OnDone()});  // Not before it is unsubscribed.
          return context.status();
        },
        {.executor = &executor});
    Thread runner([&] { executor.RunAll(); });
    subscription.Unsubscribe();
    Check(!subscription.Err().Receive().ok(), "no reason");
    runner.Join();
    executor.RunAll();
  });
}

TEST(ProducerModel, UnsubscribeAgainstTheEndOfTheExecutor) {
  Explore([] {
    ManualExecutor executor;
    Subscription subscription = NewSubscription([](const Context&) {}, {.executor = &executor});
    Thread closer([&] { executor.Close(); });
    subscription.Unsubscribe();
    Check(subscription.ended(), "over");
    closer.Join();
  });
}

std::vector<Subscription> FromBoth(FeedOf<int>& one, FeedOf<int>& two, const Channel<int>& channel) {
  std::vector<Subscription> subscriptions;
  subscriptions.push_back(*one.Subscribe(channel));
  subscriptions.push_back(*two.Subscribe(channel));
  return subscriptions;
}

TEST(ProducerModel, UnsubscribeAgainstTheEndOfItsThread) {
  Explore([] {
    bool inside = false;
    Subscription subscription = NewSubscription([&](const Context& context) {
      inside = true;
      static_cast<void>(context.done());  // A point at which others could come in.
      inside = false;
    });
    Thread other([&] { subscription.Unsubscribe(); });
    subscription.Unsubscribe();
    Check(!inside && subscription.ended(), "over");
    other.Join();
  });
}

TEST(ProducerModel, OneThatDropsItsSubscriptionEndsAlone) {
  Explore([] {
    const Channel<Subscription> to_itself(1);
    const Channel<int> over;
    Subscription made = NewSubscription([to_itself, over](const Context& context) {
      {
        const absl::StatusOr<Subscription> itself = to_itself.Receive();
        Check(itself.ok(), "sent");
      }
      Check(context.done(), "unsubscribed");
      over.Close();
    });
    Check(to_itself.Send(std::move(made)).ok(), "it has it");
    over.Receive().IgnoreError();
  });
}

TEST(JoinModel, TwoThatFailAtOnceEndItOnce) {
  Explore([] {
    InlineExecutor executor;
    FeedOf<int> one;
    FeedOf<int> two;
    const Channel<int> channel(1);
    const Subscription joined = JoinSubscriptions(FromBoth(one, two, channel), {.executor = &executor});
    Thread closer([&] { one.Close(absl::AbortedError("")); });
    two.Close(absl::AbortedError(""));
    Check(*joined.Err().Receive() == absl::AbortedError(""), "the reason");
    Check(!joined.Err().Receive().ok(), "closed");
    closer.Join();
  });
}

TEST(JoinModel, TheLastToEndWellEndsIt) {
  Explore([] {
    InlineExecutor executor;
    FeedOf<int> one;
    FeedOf<int> two;
    const Channel<int> channel(1);
    const Subscription joined = JoinSubscriptions(FromBoth(one, two, channel), {.executor = &executor});
    Thread closer([&] { one.Close(); });
    two.Close();
    Select({joined.OnEnd()});
    closer.Join();
  });
}

TEST(JoinModel, UnsubscribeAgainstAFailure) {
  Explore([] {
    InlineExecutor executor;
    FeedOf<int> one;
    FeedOf<int> two;
    const Channel<int> channel(1);
    Subscription joined = JoinSubscriptions(FromBoth(one, two, channel), {.executor = &executor});
    Thread closer([&] { one.Close(absl::AbortedError("")); });
    joined.Unsubscribe();
    Check(joined.ended() && two.subscribers() == 0, "over");
    joined = Subscription();  // Nobody comes back to it.
    closer.Join();
  });
}

// The thread for the moment in which the other is unsubscribed may outlive all that it served.
TEST(JoinModel, UnsubscribeAgainstTheThreadOfTheMoment) {
  Explore([] {
    FeedOf<int> one;
    FeedOf<int> two;
    const Channel<int> channel(1);
    Subscription joined = JoinSubscriptions(FromBoth(one, two, channel));
    one.Close(absl::AbortedError(""));
    joined.Unsubscribe();
    Check(joined.ended() && two.subscribers() == 0, "over");
  });
}

// The receiver of the reason runs in the thread that ends the first, which is about to wake the join.
TEST(JoinModel, WhoIsToldTheReasonOfOneMayUnsubscribeAll) {
  Explore([] {
    InlineExecutor executor;
    FeedOf<int> one;
    FeedOf<int> two;
    const Channel<int> channel(1);
    std::vector<Subscription> both = FromBoth(one, two, channel);
    const ReceiveChannel<absl::Status> err = both.front().Err();
    Subscription joined;
    const Spawned<absl::Status> telling = err.OnEach(executor, [&](const absl::Status&) {
      joined.Unsubscribe();
      Check(two.subscribers() == 0, "the other is unsubscribed");
    });
    joined = JoinSubscriptions(std::move(both), {.executor = &executor});
    Thread closer([&] { one.Close(absl::AbortedError("")); });
    closer.Join();
    Check(joined.ended(), "over");
  });
}

TEST(JoinModel, AFailureWhileItBegins) {
  Explore([] {
    InlineExecutor executor;
    FeedOf<int> one;
    FeedOf<int> two;
    const Channel<int> channel(1);
    std::vector<Subscription> both = FromBoth(one, two, channel);
    Thread closer([&] { one.Close(absl::AbortedError("")); });
    const Subscription joined = JoinSubscriptions(std::move(both), {.executor = &executor});
    Check(*joined.Err().Receive() == absl::AbortedError(""), "the reason");
    Check(two.subscribers() == 0, "the other is unsubscribed");
    closer.Join();
  });
}

// The second fails when the end of the join has passed its waiter, if that may begin before all waiters are in; and wakes one
// that is gone. It takes four preemptions.
TEST(JoinModel, TwoFailuresWhileItBegins) {
  Explore(
      [] {
        InlineExecutor executor;
        FeedOf<int> one;
        FeedOf<int> two;
        const Channel<int> channel(1);
        std::vector<Subscription> both = FromBoth(one, two, channel);
        Thread first([&] { one.Close(absl::AbortedError("")); });
        Thread second([&] { two.Close(absl::AbortedError("")); });
        { const Subscription joined = JoinSubscriptions(std::move(both), {.executor = &executor}); }
        Check(one.subscribers() + two.subscribers() == 0, "over");
        first.Join();
        second.Join();
      },
      {.random_executions = 30'000, .changes = 4});
}

// The end of a subscription can be seen before its reason.
TEST(ResubscribeModel, AReasonThatIsOnItsWayIsNotTakenForAGoodEnd) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    FeedOf<int> good;
    const Channel<int> channel(1);
    int calls = 0;
    const Subscription subscription =
        Resubscribe(absl::Seconds(1),
                    [&](const Context&, const absl::Status& last_error) -> absl::StatusOr<Subscription> {
                      if (++calls == 1) {
                        absl::StatusOr<Subscription> made = feed.Subscribe(channel);
                        if (made.ok())
                          made->Err();  // There is a channel for the reason, which comes there after the end.
                        return made;
                      }
                      Check(!last_error.ok(), "told why");
                      absl::StatusOr<Subscription> ended = good.Subscribe(channel);
                      good.Close();
                      return ended;
                    },
                    {.executor = &executor, .random = [] { return 0; }});
    Thread closer([&] { feed.Close(absl::AbortedError("")); });
    executor.RunAll();
    closer.Join();
    Check(calls == 2 && subscription.ended(), "called again");
  });
}

TEST(ResubscribeModel, AnInnerThatArrivesWhileUnsubscribingIsUnsubscribed) {
  Explore([] {
    ManualExecutor executor;
    FeedOf<int> feed;
    const Channel<int> channel(1);
    Subscription subscription =
        Resubscribe(absl::Seconds(1), [&](const Context&) { return feed.Subscribe(channel); }, {.executor = &executor});
    Thread runner([&] { executor.RunAll(); });
    subscription.Unsubscribe();
    Check(feed.subscribers() == 0, "none is leaked");
    runner.Join();
    executor.RunAll();
  });
}

}  // namespace
}  // namespace eventbus
