// Who is told when the first subscriber of a topic comes and when the last one goes.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/event_bus.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;
using testing::MustSubscribe;

// The hooks of a topic, and what they were told: 'f' and 'l'.
class HookedTopic {
 public:
  explicit HookedTopic(EventBus& bus, absl::string_view name = "a") : topic(*bus.Topic<int>(name)) {
    EXPECT_TRUE(
        topic.SetHooks({.on_first_subscriber = [this] { told += 'f'; }, .on_last_subscriber = [this] { told += 'l'; }})
            .ok());
  }

  const TopicOf<int> topic;
  std::string told;
};

TEST(TopicHooks, AreCalledForTheFirstAndTheLast) {
  EventBus bus;
  HookedTopic hooked(bus);
  EXPECT_EQ(hooked.told, "");
  Subscription one = MustSubscribe(hooked.topic.Subscribe([](int) {}));
  EXPECT_EQ(hooked.told, "f") << "before Subscribe returned";
  Subscription two = MustSubscribe(hooked.topic.Subscribe([](int) {}));
  one.Unsubscribe();
  EXPECT_EQ(hooked.told, "f");
  two.Unsubscribe();
  EXPECT_EQ(hooked.told, "fl");
  two = MustSubscribe(hooked.topic.Subscribe([](int) {}));
  EXPECT_EQ(hooked.told, "flf");
  EXPECT_EQ(hooked.topic.subscribers(), 1u);
}

TEST(TopicHooks, AreCalledForOneThatIsUnsubscribedWithinAContext) {
  EventBus bus;
  HookedTopic hooked(bus);
  Subscription subscription = MustSubscribe(hooked.topic.Subscribe([](int) {}));
  EXPECT_TRUE(subscription.Unsubscribe(Context::Background()).ok());
  EXPECT_EQ(hooked.told, "fl") << "before Unsubscribe returned";

  // Also if its handler has not returned by then.
  ThreadPool pool(1);
  std::atomic<bool> inside{false};
  std::atomic<bool> go_on{false};
  Subscription late = MustSubscribe(hooked.topic.Subscribe(
      [&](int) {
        inside = true;
        AwaitTrue([&] { return go_on.load(); });
      },
      {.executor = &pool}));
  hooked.topic.Publish(1);
  AwaitTrue([&] { return inside.load(); });
  const CancelHandle moment = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(late.Unsubscribe(moment.context()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(hooked.told, "flfl");
  go_on = true;
}

TEST(TopicHooks, OnesThatComeLateAreToldOfWhoIsThere) {
  EventBus bus;
  Subscription subscription = MustSubscribe(bus.Subscribe<int>("a", [](int) {}));
  HookedTopic hooked(bus);
  EXPECT_EQ(hooked.told, "f");
  subscription.Unsubscribe();
  EXPECT_EQ(hooked.told, "fl");
}

TEST(TopicHooks, ThoseOfBeforeAreNotToldOf) {
  EventBus bus;
  MustSubscribe(bus.Subscribe<int>("a", [](int) {})).Unsubscribe();
  HookedTopic hooked(bus);
  EXPECT_EQ(hooked.told, "");
  MustSubscribe(bus.Subscribe<int>("a", [](int) {})).Unsubscribe();
  EXPECT_EQ(hooked.told, "fl");
}

TEST(TopicHooks, ThereAreOneOrNone) {
  EventBus bus;
  const HookedTopic hooked(bus);
  const absl::Status again = (*bus.Topic<int>("a")).SetHooks({});
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(again.message(), "topic 'a' has hooks already");
}

TEST(TopicHooks, EitherMayBeEmpty) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  int last = 0;
  EXPECT_TRUE(topic.SetHooks({.on_last_subscriber = [&] { ++last; }}).ok());
  MustSubscribe(topic.Subscribe([](int) {})).Unsubscribe();
  EXPECT_EQ(last, 1);
}

TEST(TopicHooks, AWildcardIsASubscriberOfEachTopic) {
  EventBus bus;
  HookedTopic a(bus, "a");
  Subscription wildcard = MustSubscribe(bus.Subscribe<int>("*", [](int) {}));
  EXPECT_EQ(a.told, "f");
  HookedTopic b(bus, "b");
  EXPECT_EQ(b.told, "f");
  EXPECT_EQ(b.topic.subscribers(), 1u);
  wildcard.Unsubscribe();
  EXPECT_EQ(a.told, "fl");
  EXPECT_EQ(b.told, "fl");
}

TEST(TopicHooks, ASubscriptionThatEndsByItselfCounts) {
  EventBus bus;
  HookedTopic hooked(bus);
  const Channel<int> channel(1);
  const Subscription closed = MustSubscribe(hooked.topic.Subscribe(channel));
  channel.Close();
  EXPECT_EQ(hooked.told, "f");
  hooked.topic.Publish(1);
  EXPECT_EQ(hooked.told, "fl");
  ThreadPool pool(1);
  const Subscription failing = MustSubscribe(
      hooked.topic.Subscribe([](int) { return absl::DataLossError(""); }, {.executor = &pool, .ends_on_error = true}));
  hooked.topic.Publish(1);
  AwaitTrue([&] { return failing.ended(); });
  pool.Close();
  EXPECT_EQ(hooked.told, "flfl");
}

TEST(TopicHooks, ClosingTheBusIsTheEndOfTheLast) {
  EventBus bus;
  HookedTopic hooked(bus);
  const Subscription one = MustSubscribe(hooked.topic.Subscribe([](int) {}));
  const Subscription two = MustSubscribe(bus.Subscribe<int>("*", [](int) {}));
  bus.Close();
  EXPECT_EQ(hooked.told, "fl");
}

TEST(TopicHooks, MayCallAnything) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  const TopicOf<int> other = *bus.Topic<int>("b");
  std::string told;
  Subscription inner;
  EXPECT_TRUE(topic
                  .SetHooks({.on_first_subscriber =
                                 [&] {
                                   told += 'f';
                                   EXPECT_TRUE(other.Publish(1).status.ok());
                                   EXPECT_EQ(topic.Publish(1).delivered, told == "f" ? 1u : 0u);
                                   if (told == "f") MustSubscribe(topic.Subscribe([](int) {})).Unsubscribe();
                                 },
                             .on_last_subscriber =
                                 [&] {
                                   told += 'l';
                                   // Its own turns are told when this one has been.
                                   if (told == "fl") MustSubscribe(topic.Subscribe([](int) {})).Unsubscribe();
                                 }})
                  .ok());
  Subscription subscription = MustSubscribe(topic.Subscribe([](int) {}));
  subscription.Unsubscribe();
  EXPECT_EQ(told, "flfl");
}

TEST(TopicHooks, OneThatThrowsGoesOn) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  int first = 0;
  EXPECT_TRUE(topic
                  .SetHooks({.on_first_subscriber =
                                 [&] {
                                   ++first;
                                   throw 1;
                                 }})
                  .ok());
  MustSubscribe(topic.Subscribe([](int) {})).Unsubscribe();
  MustSubscribe(topic.Subscribe([](int) {})).Unsubscribe();
  EXPECT_EQ(first, 2);
}

TEST(TopicHooks, OneMayCloseTheBus) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  std::string told;
  EXPECT_TRUE(topic
                  .SetHooks({.on_first_subscriber =
                                 [&] {
                                   told += 'f';
                                   bus.Close();
                                 },
                             .on_last_subscriber = [&] { told += 'l'; }})
                  .ok());
  const Subscription subscription = MustSubscribe(topic.Subscribe([](int) {}));
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(told, "fl");
}

TEST(TopicHooks, CloseWaitsForTheOneThatRuns) {
  auto bus = std::make_unique<EventBus>();
  const TopicOf<int> topic = *bus->Topic<int>("a");
  std::atomic<bool> inside{false};
  std::atomic<bool> go_on{false};
  std::atomic<int> over{0};
  EXPECT_TRUE(topic
                  .SetHooks({.on_first_subscriber =
                                 [&] {
                                   inside = true;
                                   AwaitTrue([&] { return go_on.load(); });
                                   ++over;
                                 },
                             .on_last_subscriber = [&] { ++over; }})
                  .ok());
  Subscription subscription;
  std::thread subscriber([&] { subscription = MustSubscribe(topic.Subscribe([](int) {})); });
  AwaitTrue([&] { return inside.load(); });
  std::thread closer([&] {
    bus.reset();
    EXPECT_EQ(over, 2) << "the hooks are over";
  });
  AwaitTrue([&] { return topic.Publish(1).status.code() == absl::StatusCode::kFailedPrecondition; });
  go_on = true;
  closer.join();
  subscriber.join();
}

// Exactly once each: turns are told one at a time and alternate, whoever makes them.
TEST(TopicHooks, ChurnIsToldOfTurnByTurn) {
  EventBus bus;
  const TopicOf<int> topic = *bus.Topic<int>("a");
  std::atomic<int> inside{0};
  int first = 0;
  int last = 0;
  EXPECT_TRUE(topic
                  .SetHooks({.on_first_subscriber =
                                 [&] {
                                   EXPECT_EQ(inside.fetch_add(1), 0);
                                   EXPECT_EQ(first++, last);
                                   --inside;
                                 },
                             .on_last_subscriber =
                                 [&] {
                                   EXPECT_EQ(inside.fetch_add(1), 0);
                                   EXPECT_EQ(++last, first);
                                   --inside;
                                 }})
                  .ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        Subscription subscription = t % 2 == 0 ? MustSubscribe(topic.Subscribe([](int) {}))
                                               : MustSubscribe(bus.Subscribe<int>("*", [](int) {}));
        if (i % 10 == 0) topic.Publish(i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, last);
  EXPECT_GT(first, 0);
  EXPECT_EQ(topic.subscribers(), 0u);
}

}  // namespace
}  // namespace eventbus
