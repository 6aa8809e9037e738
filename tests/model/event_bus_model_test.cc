// A bus whose topics are made, whose subscribers come and go, and which is closed, in the instant in which something else happens.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "eventbus/channel.h"
#include "eventbus/delivery.h"
#include "eventbus/event_bus.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/subscription.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"
#include "tests/support/explorer/scheduler.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

// The hooks of a topic: each turn is told once, one at a time, first and last in turn.
struct Hooked {
  explicit Hooked(const TopicOf<int>& its_topic) : topic(its_topic) {
    Check(topic.SetHooks({.on_first_subscriber = [this] { Tell(true); }, .on_last_subscriber = [this] { Tell(false); }})
              .ok(),
          "hooks");
  }

  void Tell(bool is_first) {
    Check(++inside == 1, "one at a time");
    Check(present != is_first, "in turn");
    present = is_first;
    topic.subscribers();  // A point at which others could come in.
    ++turns;
    --inside;
  }

  const TopicOf<int> topic;
  int inside = 0;
  bool present = false;
  int turns = 0;
};

TEST(TopicHooksModel, TwoThatComeAndGoAtOnce) {
  Explore([] {
    EventBus bus;
    const TopicOf<int> topic = *bus.Topic<int>("a");
    Hooked hooked(topic);
    const auto come_and_go = [&] { topic.Subscribe([](int) {})->Unsubscribe(); };
    Thread other(come_and_go);
    come_and_go();
    other.Join();
    Check(!hooked.present, "all are told that nobody is there");
    Check(hooked.turns == 2 || hooked.turns == 4, "every turn is told of");
  });
}

TEST(TopicHooksModel, WhoComesAsTheLastOneGoes) {
  Explore([] {
    EventBus bus;
    const TopicOf<int> topic = *bus.Topic<int>("a");
    Hooked hooked(topic);
    Subscription one = *topic.Subscribe([](int) {});
    Thread leaving([&] { one.Unsubscribe(); });
    const Subscription two = *topic.Subscribe([](int) {});
    leaving.Join();
    Check(hooked.present && (hooked.turns == 1 || hooked.turns == 3), "somebody is there");
  });
}

TEST(TopicHooksModel, NoneRunsOnceTheBusIsClosed) {
  Explore([] {
    auto bus = std::make_unique<EventBus>();
    const TopicOf<int> topic = *bus->Topic<int>("a");
    auto hooked = std::make_unique<Hooked>(topic);
    Subscription subscription = *topic.Subscribe([](int) {});
    Thread leaving([&] { subscription.Unsubscribe(); });
    bus->Close();
    Check(!hooked->present && hooked->turns == 2, "both are told");
    hooked.reset();
    leaving.Join();
  });
}

TEST(TopicHooksModel, HooksThatAreSetAsTheFirstComes) {
  Explore([] {
    EventBus bus;
    const TopicOf<int> topic = *bus.Topic<int>("a");
    Subscription subscription;
    Thread coming([&] { subscription = *topic.Subscribe([](int) {}); });
    Hooked hooked(topic);
    coming.Join();
    Check(hooked.present && hooked.turns == 1, "told once");
  });
}

TEST(WildcardModel, ATopicThatIsMadeAsItIsSubscribedTo) {
  Explore([] {
    EventBus bus;
    const Channel<int> channel(2);
    Thread publisher([&] { bus.Publish("a.b", 1); });
    const Subscription subscription = *bus.Subscribe<int>("a.*", channel);
    bus.Publish("a.b", 2);
    publisher.Join();
    int late = 0;
    channel.Close();
    size_t count = 0;
    for (const int value : channel) {
      ++count;
      if (value == 2) ++late;
    }
    Check(late == 1, "what is published after it has subscribed comes once");
    Check(count <= 2, "and nothing comes twice");
  });
}

TEST(WildcardModel, ATopicThatIsMadeAsItIsUnsubscribed) {
  Explore([] {
    EventBus bus;
    const Channel<int> channel(2);
    Subscription subscription = *bus.Subscribe<int>("a.*", channel);
    Thread publisher([&] { bus.Publish("a.b", 1); });
    subscription.Unsubscribe();
    const size_t had = channel.ApproxSize();
    Check(bus.Publish("a.b", 2).delivered == 0, "nobody is there");
    publisher.Join();
    Check(channel.ApproxSize() == had, "nothing comes after that");
    Check(bus.Stats().subscriptions == 0 && (*bus.Topic<int>("a.b")).subscribers() == 0, "nothing is left");
  });
}

TEST(WildcardModel, ATopicThatIsMadeAsTheBusIsClosed) {
  Explore([] {
    EventBus bus;
    const Channel<int> channel(2);
    const Subscription subscription = *bus.Subscribe<int>("a.*", channel);
    Thread publisher([&] { bus.Publish("a.b", 1); });
    bus.Close();
    const size_t had = channel.ApproxSize();
    Check(subscription.ended(), "over");
    publisher.Join();
    Check(channel.ApproxSize() == had, "nothing comes after that");
  });
}

TEST(WildcardModel, SubscribedAsTheBusIsClosed) {
  Explore([] {
    EventBus bus;
    bus.Publish("a.b", 1);
    const Channel<int> channel(2);
    Thread closer([&] { bus.Close(absl::AbortedError("")); });
    const absl::StatusOr<Subscription> subscription = bus.Subscribe<int>("a.*", channel);
    closer.Join();
    Check(subscription.ok() ? subscription->ended()
                            : subscription.status().code() == absl::StatusCode::kFailedPrecondition,
          "over");
    Check(bus.Stats().subscriptions == 0, "nothing is left");
  });
}

TEST(WildcardModel, TwoPartsThatFailAtOnceEndItOnce) {
  Explore([] {
    EventBus bus;
    bus.Publish("a", 0);
    bus.Publish("b", 0);
    const Subscription subscription =
        *bus.Subscribe<int>("*", [](int n) { return absl::Status(absl::StatusCode::kAborted, n == 1 ? "1" : "2"); },
                            {.ends_on_error = true});
    Thread publisher([&] { bus.Publish("a", 1); });
    bus.Publish("b", 2);
    publisher.Join();
    Check(subscription.ended(), "over");
    Check(subscription.Err().Receive()->code() == absl::StatusCode::kAborted, "one reason");
    Check(!subscription.Err().Receive().ok(), "and no more");
    Check(bus.Stats().subscriptions == 0, "nothing is left");
  });
}

// Each part ends the other, whose handler is running.
TEST(WildcardModel, TwoPartsThatFailAtOnceInAPoolDoNotWaitForEachOther) {
  Explore(
      [] {
        EventBus bus;
        ThreadPool pool(2);
        const Subscription subscription = *bus.Subscribe<int>("*", [](int) { return absl::AbortedError(""); },
                                                              {.executor = &pool, .ends_on_error = true});
        bus.Publish("a", 1);
        bus.Publish("b", 1);
        Check(*subscription.Err().Receive() == absl::AbortedError(""), "over");
        pool.Close();
      },
      {.preemptions = 1});
}

TEST(WildcardModel, APartThatFailsAsTheOthersAreMade) {
  Explore([] {
    EventBus bus;
    const TopicOf<int> one = *bus.Topic<int>("a.b");
    const TopicOf<int> two = *bus.Topic<int>("a.c");
    Thread publisher([&] {
      one.Publish(1);
      two.Publish(1);
    });
    const absl::StatusOr<Subscription> subscription =
        bus.Subscribe<int>("a.*", [](int) { return absl::AbortedError("no"); }, {.ends_on_error = true});
    publisher.Join();
    if (subscription->ended()) Check(one.subscribers() + two.subscribers() == 0, "no part is left");
  });
}

TEST(WildcardModel, AReplayThatEndsItAsATopicIsMade) {
  Explore([] {
    EventBus bus;
    const TopicOf<int> kept = *bus.Topic<int>("a.b", {.replay = 1});
    kept.Publish(1);
    Thread publisher([&] { bus.Publish("a.c", 1); });
    const absl::StatusOr<Subscription> subscription =
        bus.Subscribe<int>("a.*", [](int) { return absl::AbortedError("no"); }, {.ends_on_error = true});
    publisher.Join();
    Check(subscription->ended(), "over");
    Check(kept.subscribers() + bus.Topic<int>("a.c")->subscribers() == 0, "no part is left");
    Check(bus.Stats().subscriptions == 0, "nor is it counted");
  });
}

TEST(WildcardModel, TwoThatUnsubscribeItBothWaitForItsHandlers) {
  Explore([] {
    EventBus bus;
    ManualExecutor executor;
    int inside = 0;
    Subscription subscription = *bus.Subscribe<int>("*",
                                                    [&](int) {
                                                      ++inside;
                                                      executor.size();  // A point at which others could come in.
                                                      --inside;
                                                    },
                                                    {.executor = &executor});
    bus.Publish("a", 1);
    Thread runner([&] { executor.RunAll(); });
    Thread other([&] {
      subscription.Unsubscribe();
      Check(inside == 0, "its handler has returned");
    });
    subscription.Unsubscribe();
    Check(inside == 0, "its handler has returned");
    other.Join();
    runner.Join();
  });
}

// A part that fails ends it without waiting, also for who unsubscribes it after that.
TEST(WildcardModel, UnsubscribedAfterItHasFailedItsOtherHandlersAreWaitedFor) {
  Explore([] {
    EventBus bus;
    ManualExecutor executor;
    int inside = 0;
    Subscription subscription = *bus.Subscribe<int>("*",
                                                    [&](int n) {
                                                      if (n == 0) return absl::DataLossError("bad");
                                                      ++inside;
                                                      executor.size();  // A point at which others could come in.
                                                      --inside;
                                                      return absl::OkStatus();
                                                    },
                                                    {.executor = &executor, .ends_on_error = true});
    bus.Publish("a", 1);
    bus.Publish("b", 0);
    Thread runner([&] { executor.RunOne(); });
    Thread other([&] { executor.RunOne(); });
    Select({subscription.OnEnd()});
    subscription.Unsubscribe();
    Check(inside == 0, "its handler has returned");
    other.Join();
    runner.Join();
    executor.RunAll();
  });
}

TEST(EventBusModel, CloseAgainstAHandlerThatPublishesElsewhere) {
  Explore([] {
    EventBus bus;
    const TopicOf<int> raw = *bus.Topic<int>("raw");
    const TopicOf<int> parsed = *bus.Topic<int>("parsed");
    const Channel<int> nobody_receives;
    const Subscription one = *parsed.Subscribe(nobody_receives);
    const Subscription two = *raw.Subscribe([&](int event) {
      Check(parsed.Publish(event).status.code() == absl::StatusCode::kFailedPrecondition, "freed by the close");
    });
    Thread publisher([&] { raw.Publish(1); });
    bus.Close();
    publisher.Join();
    Check(one.ended() && two.ended(), "all have ended");
  });
}

TEST(EventBusModel, TwoFirstUsesOfAName) {
  Explore([] {
    EventBus bus;
    bool other_ok = false;
    Thread other([&] { other_ok = bus.Topic<double>("a").ok(); });
    const absl::StatusOr<TopicOf<int>> mine = bus.Topic<int>("a");
    other.Join();
    Check(mine.ok() != other_ok && bus.topics() == 1, "one is first");
  });
}

TEST(EventBusModel, OptionsThatAreSetAsTheTopicIsMade) {
  Explore([] {
    EventBus bus;
    Thread maker([&] { bus.Publish("a", 1); });
    const absl::Status set = bus.SetTopicOptions("*", {.replay = 1});
    maker.Join();
    const absl::Status asked = bus.Topic<int>("a", {.replay = 1}).status();
    Check(set == asked, "it has them, or who set them was told that it has not");
  });
}

TEST(EventBusModel, TheLastSubscriptionThatMayBe) {
  Explore([] {
    EventBus bus({.max_subscriptions = 1});
    absl::StatusOr<Subscription> others;
    Thread other([&] { others = bus.Subscribe<int>("*", [](int) {}); });
    const absl::StatusOr<Subscription> mine = bus.Subscribe<int>("a", [](int) {});
    other.Join();
    Check(mine.ok() != others.ok(), "one may");
  });
}

TEST(EventBusModel, TheLastRoomThatMayBe) {
  Explore([] {
    EventBus bus({.max_queued = 3});
    const Channel<int> channel(2);
    absl::StatusOr<Subscription> others;
    Thread other([&] { others = bus.Subscribe<int>("*", channel); });
    absl::StatusOr<Subscription> mine = bus.Subscribe<int>("a", channel);
    other.Join();
    Check(mine.ok() != others.ok() && bus.Stats().room == 2, "one may");
    (mine.ok() ? mine : others)->Unsubscribe();
    Check(bus.Stats().room == 0, "and gives it back");
  });
}

TEST(EventBusModel, RoomAtATopicThatIsMadeAsItsWildcardEnds) {
  Explore([] {
    EventBus bus({.max_queued = 4});
    ManualExecutor executor;
    Subscription wildcard = *bus.Subscribe<int>("*", [](int) {}, {.executor = &executor, .capacity = 4});
    Thread maker([&] { Check(bus.Topic<int>("a").ok(), "there is room"); });
    wildcard.Unsubscribe();
    Check(bus.Subscribe<int>("b", Channel<int>(4)).ok(), "there is again");
    maker.Join();
    Check(bus.Stats().room == 0, "all is given back");
  });
}

// How many operations on primitives `call` takes.
template <typename Call>
int64_t Operations(Call call) {
  const int64_t before = explorer::Scheduler::Current()->steps();
  call();
  return explorer::Scheduler::Current()->steps() - before;
}

// So it takes no lock of the bus, and looks nothing up: whatever else there is on the bus.
TEST(EventBusModel, APublishThroughAHandleIsASendOfAFeed) {
  Explore([] {
    FeedOf<int> feed;
    const Subscription of_feed = *feed.Subscribe([](int) {});
    const int64_t send = Operations([&] { feed.Send(1); });
    EventBus bus({.max_queued = 100, .on_unheard = [](const AnyEvent&) {}});
    const TopicOf<int> topic = *bus.Topic<int>("a.b");
    const Subscription of_topic = *topic.Subscribe([](int) {});
    Check(Operations([&] { topic.Publish(1); }) == send, "as a send");
    const Channel<int> channel(8);
    const Subscription elsewhere = *bus.Subscribe<int>("b.>", channel);
    const Subscription tap_elsewhere = *bus.Tap("*.c", [](const AnyEvent&) {});
    bus.Publish("b.c", 1);
    Check(Operations([&] { topic.Publish(1); }) == send, "whatever wildcards there are");
    Check(Operations([&] { bus.Publish("a.b", 1); }) > send, "by name it is looked up");
  });
}

TEST(BusDrainModel, APublishToANewTopicAgainstTheDrainOfAWildcard) {
  Explore([] {
    EventBus bus;
    ManualExecutor executor;
    size_t handled = 0;
    Subscription wildcard = *bus.Subscribe<int>("*", [&](int) { ++handled; }, {.executor = &executor});
    size_t delivered = bus.Publish("a", 1).delivered;
    Thread publisher([&] { delivered += bus.Publish("b", 2).delivered; });
    wildcard.RequestDrain();
    publisher.Join();
    executor.RunAll();
    Select({wildcard.OnEnd()});
    Check(handled == delivered, "what was accepted");
  });
}

TEST(BusDrainModel, TheDrainOfABusAgainstThatOfItsWildcard) {
  Explore([] {
    EventBus bus;
    ManualExecutor executor;
    int handled = 0;
    Subscription wildcard = *bus.Subscribe<int>("*", [&](int) { ++handled; }, {.executor = &executor});
    bus.Publish("a", 1);
    Thread drainer([&] { bus.RequestDrain(); });
    wildcard.RequestDrain();
    Thread runner([&] { executor.RunAll(); });
    Select({wildcard.OnEnd()});
    Check(handled == 1, "what was accepted");
    drainer.Join();
    runner.Join();
  });
}

TEST(BusDrainModel, TheBusEndsNotBeforeItsTopics) {
  Explore([] {
    EventBus bus;
    ManualExecutor executor;
    int handled = 0;
    const Subscription one = *bus.Subscribe<int>("a", [&](int) { ++handled; }, {.executor = &executor});
    const Subscription two = *bus.Subscribe<int>("b", [&](int) { ++handled; });
    bus.Publish("a", 1);
    Thread runner([&] { executor.RunAll(); });
    Thread publisher([&] { bus.Publish("b", 1); });
    bus.RequestDrain();
    runner.Join();
    executor.RunAll();
    Select({bus.OnEnd()});
    const int at_the_end = handled;
    Check(one.ended() && two.ended(), "all have ended");
    publisher.Join();
    Check(handled == at_the_end, "nothing runs");
  });
}

TEST(BusDrainModel, AWildcardEndsNotBeforeTheParts) {
  Explore([] {
    EventBus bus;
    ManualExecutor executor;
    bus.Topic<int>("a", {.replay = 1})->Publish(1);
    Check(bus.Topic<int>("b").ok(), "made");
    int inside = 0;
    int handled = 0;
    Thread drainer([&] {
      bus.RequestDrain();
      executor.RunAll();
    });
    const absl::StatusOr<Subscription> wildcard = bus.Subscribe<int>("*",
                                                                     [&](int) {
                                                                       ++inside;
                                                                       executor.RunAll();  // The part at "b".
                                                                       ++handled;
                                                                       --inside;
                                                                     },
                                                                     {.executor = &executor});
    const bool ended = wildcard.ok() && wildcard->ended();
    const int had_handled = handled;
    Check(!ended || inside == 0, "not while a handler runs");
    drainer.Join();
    executor.RunAll();
    Check(!wildcard.ok() || wildcard->ended(), "over");
    Check(!ended || handled == had_handled, "nothing comes after that");
  });
}

TEST(BusDrainModel, TheDrainOfAWildcardAgainstTheHardStop) {
  Explore([] {
    EventBus bus;
    ManualExecutor executor;
    Subscription wildcard = *bus.Subscribe<int>("*", [](int) {}, {.executor = &executor});
    Subscription of_calls = *bus.Subscribe<int>("*", [](int) {});
    bus.Publish("a", 1);
    Thread closer([&] { bus.Close(absl::AbortedError("")); });
    wildcard.RequestDrain();
    of_calls.RequestDrain();
    closer.Join();
    Check(wildcard.ended() && of_calls.ended(), "over");
    Check(*wildcard.Err().Receive() == absl::AbortedError(""), "and why");
  });
}

// Each part is handed back in a thread of its own, by hooks that end the other part too.
TEST(BusDrainModel, TwoHooksOfAWildcardThatEndItAtOnce) {
  Explore([] {
    EventBus bus;
    const TopicOf<int> topics[] = {*bus.Topic<int>("a"), *bus.Topic<int>("b")};
    const Channel<Delivery<int>> channel(2);
    int left = 0;
    absl::StatusOr<Subscription> subscription;
    const auto end = [&](int) {
      ++left;
      subscription->Unsubscribe();
    };
    subscription = bus.Subscribe<int>("*", channel, {.on_left = end});
    for (const TopicOf<int>& topic : topics) topic.Publish(1);
    channel.Close();
    Thread other([&] { topics[1].Publish(2); });
    topics[0].Publish(2);
    other.Join();
    Check(left == 2, "each is handed back once");
    Check(subscription->ended(), "it has ended");
  });
}

TEST(RequestModel, WhoAskedIsToldThatTheServerHasGone) {
  Explore(
      [] {
        EventBus bus;
        ManualExecutor executor;
        Subscription server = *bus.Serve<int, int>("a", [](int n) { return n + 1; }, {.executor = &executor});
        Thread leaving([&] { server.Unsubscribe(); });
        Thread runner([&] { executor.RunAll(); });
        const absl::StatusOr<int> reply = bus.Request<int>("a", 1, Context::Background());
        Check(reply.ok() ? *reply == 2 : reply.status().code() == absl::StatusCode::kUnavailable, "an answer, or told");
        leaving.Join();
        runner.Join();
        executor.RunAll();
      },
      {.preemptions = 1});
}

}  // namespace
}  // namespace eventbus
