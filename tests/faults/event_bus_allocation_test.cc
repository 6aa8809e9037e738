// A bus when an allocation fails: the caller gets `std::bad_alloc`, the call has done nothing that others can see, nothing is left
// behind, and the bus goes on.

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/faults/every_allocation.h"

namespace eventbus::testing {
namespace {

TEST(EventBusAllocationFaults, ATopicThatCouldNotBeMadeIsNotThere) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    EventBus bus;
    int heard = 0;
    const absl::StatusOr<Subscription> wildcard = bus.Subscribe<int>("a.*", [&](int) { ++heard; });
    const absl::StatusOr<Subscription> any = bus.SubscribeAny(">", [&](const AnyEvent&) { ++heard; });
    const bool made = fault.Attempt([&] { EXPECT_TRUE(bus.Topic<int>("a.long_enough_to_be_allocated").ok()); });
    EXPECT_EQ(bus.topics(), made ? 1u : 0u);
    for (const PatternStats& pattern : bus.Stats().patterns) EXPECT_EQ(pattern.topics, made ? 1u : 0u);
    EXPECT_EQ(bus.Publish("a.long_enough_to_be_allocated", 1).delivered, 2u);
    EXPECT_EQ(heard, 2);
  });
  EXPECT_GE(failures, 8);
}

// Where a part could not be made, the whole subscription has not happened.
TEST(EventBusAllocationFaults, AWildcardThatCouldNotBeSubscribedIsNotThere) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    EventBus bus;
    for (const char* topic : {"a", "b", "c"}) bus.Publish(topic, 1);
    int heard = 0;
    absl::StatusOr<Subscription> subscription;
    const bool subscribed =
        fault.Attempt([&] { subscription = bus.Subscribe<int>("*", [&](int) { ++heard; }, {.name = "all"}); });
    for (const char* topic : {"a", "b", "c", "d"}) bus.Publish(topic, 1);
    EXPECT_EQ(heard, subscribed ? 4 : 0);
    EXPECT_EQ(bus.Stats().subscriptions, subscribed ? 1u : 0u);
  });
  EXPECT_GE(failures, 8);
}

TEST(EventBusAllocationFaults, ADrainOfAWildcardThatFailedMayBeRequestedAgain) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    EventBus bus;
    ManualExecutor executor;
    int handled = 0;
    absl::StatusOr<Subscription> wildcard = bus.Subscribe<int>("*", [&](int) { ++handled; }, {.executor = &executor});
    for (const char* topic : {"a", "b", "c"}) bus.Publish(topic, 1);
    if (!fault.Attempt([&] { wildcard->RequestDrain(); })) {
      wildcard->RequestDrain();
    }
    EXPECT_FALSE(wildcard->ended());
    for (const char* topic : {"a", "b", "c"}) EXPECT_EQ(bus.Publish(topic, 2).delivered, 0u);
    executor.RunAll();
    EXPECT_TRUE(wildcard->ended());
    EXPECT_EQ(handled, 3);
  });
  EXPECT_GE(failures, 3);
}

TEST(EventBusAllocationFaults, OptionsThatCouldNotBeSetAreNotSet) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    EventBus bus;
    const bool set = fault.Attempt([&] {
      EXPECT_TRUE(bus.SetTopicOptions("a.long_enough_to_be_allocated", {.replay = 1}).ok());
      EXPECT_TRUE(bus.SetTopicOptions("a.*", {.replay = 2}).ok());
    });
    for (int n = 0; n < 3; ++n) bus.Publish("a.long_enough_to_be_allocated", n);
    int heard = 0;
    const absl::StatusOr<Subscription> late = bus.Subscribe<int>("a.*", [&](int) { ++heard; });
    if (set) {
      EXPECT_EQ(heard, 2);
    } else {
      EXPECT_LE(heard, 1);
    }
  });
  EXPECT_GE(failures, 5);
}

TEST(EventBusAllocationFaults, RoomThatWasPromisedInVainIsGivenBack) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    EventBus bus({.max_queued = 100});
    ManualExecutor executor;
    const Channel<int> channel(10);
    ASSERT_TRUE(bus.Topic<int>("a").ok());
    absl::StatusOr<Subscription> one;
    absl::StatusOr<Subscription> handler;
    size_t room = 0;
    fault.Attempt([&] {
      one = bus.Subscribe<int>("a", channel);
      room = 10;
      handler = bus.Subscribe<int>("*", [](int) {}, {.executor = &executor, .capacity = 20});
      room = 30;
      EXPECT_TRUE(bus.Topic<int>("b").ok());
      room = 50;
    });
    EXPECT_EQ(bus.Stats().room, room);
    if (handler.ok()) handler->Unsubscribe();
    if (one.ok()) one->Unsubscribe();
    EXPECT_EQ(bus.Stats().room, 0u);
  });
  EXPECT_GE(failures, 20);
}

TEST(EventBusAllocationFaults, HooksThatCouldNotBeSetAreNotThere) {
  FailEveryAllocation([](AllocationFault& fault) {
    EventBus bus;
    const TopicOf<int> topic = *bus.Topic<int>("a");
    const absl::StatusOr<Subscription> subscription = topic.Subscribe([](int) {});
    int first = 0;
    const auto set = [&] { return topic.SetHooks({.on_first_subscriber = [&] { ++first; }}); };
    const bool done = fault.Attempt([&] { EXPECT_TRUE(set().ok()); });
    if (!done) {
      EXPECT_TRUE(set().ok());
    }
    EXPECT_EQ(first, 1);
  });
}

TEST(EventBusAllocationFaults, EndingAllocatesNothing) {
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) {
              auto bus = std::make_unique<EventBus>();
              for (const char* topic : {"a", "b"}) bus->Publish(topic, 1);
              absl::StatusOr<Subscription> one = bus->Subscribe<int>("*", [](int) {});
              const absl::StatusOr<Subscription> two = bus->Subscribe<int>("*", [](int) {});
              EXPECT_TRUE(fault.Attempt([&] {
                one->Unsubscribe();
                bus->Close();
              }));
            }),
            0);
}

TEST(EventBusAllocationFaults, ASteadyStateAllocatesNothing) {
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) {
              EventBus bus;
              const TopicOf<int> topic = *bus.Topic<int>("a.b");
              const absl::StatusOr<Subscription> direct = topic.Subscribe([](int) {});
              const absl::StatusOr<Subscription> wildcard = bus.Subscribe<int>("a.*", [](int) {});
              const absl::StatusOr<Subscription> any = bus.SubscribeAny("a.*", [](const AnyEvent&) {});
              const absl::StatusOr<Subscription> tap = bus.Tap("a.*", [](const AnyEvent&) {});
              topic.Publish(1);
              EXPECT_TRUE(fault.Attempt([&] {
                EXPECT_EQ(topic.Publish(2).delivered, 3u);
                EXPECT_EQ(bus.Publish("a.b", 3).delivered, 3u);
              }));
            }),
            0);
}

TEST(EventBusAllocationFaults, ARequestThatCouldNotBeMadeIsNotAsked) {
  EXPECT_GE(FailEveryAllocation([](AllocationFault& fault) {
              EventBus bus;
              int asked = 0;
              const absl::StatusOr<Subscription> server = bus.Serve<int, int>("a", [&](int n) {
                ++asked;
                return n;
              });
              fault.Attempt([&] { bus.Request<int>("a", 1, Context::Background()).IgnoreError(); });
              EXPECT_LE(asked, 1);
              EXPECT_EQ(*bus.Request<int>("a", 7, Context::Background()), 7);
            }),
            1);
}

}  // namespace
}  // namespace eventbus::testing
