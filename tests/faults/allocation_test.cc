// Every allocation of every public call fails once: the caller gets `std::bad_alloc`, nothing has happened, nothing is
// left behind, and the object goes on as if it had not been asked.

#include <signal.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/faults/every_allocation.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// Long enough that each copy allocates.
std::string Text(int number) { return std::string(100, 'x') + std::to_string(number); }

TEST(AllocationFaults, MakingAChannel) {
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) { fault.Attempt([] { Channel<int> rendezvous(0); }); }), 1);
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) { fault.Attempt([] { Channel<int> buffered(8); }); }), 2);
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) { fault.Attempt([] { Channel<int> all(kUnbounded); }); }),
            2);
}

TEST(AllocationFaults, SendingToAnUnboundedChannelLeavesTheValueWithTheCaller) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    const Channel<std::string> channel(kUnbounded);
    std::vector<std::string> sent;
    for (int i = 0; i < 300; ++i) {
      std::string value = Text(i);
      if (fault.Attempt([&] { EXPECT_TRUE(channel.Send(std::move(value)).ok()); })) {
        sent.push_back(Text(i));
      } else {
        EXPECT_EQ(value, Text(i));
      }
    }
    for (const std::string& expected : sent) EXPECT_EQ(*channel.TryReceive(), expected);
    EXPECT_FALSE(channel.TryReceive().ok());
  });
  EXPECT_GE(failures, 300 * sizeof(std::string) / 4096);
}

TEST(AllocationFaults, CopyingWhatIsSent) {
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) {
              const Channel<std::string> channel(4);
              const std::string value = Text(1);
              size_t sent = 0;
              sent += fault.Attempt([&] { EXPECT_TRUE(channel.Send(value).ok()); });
              sent += fault.Attempt([&] { EXPECT_TRUE(channel.TrySend(value).ok()); });
              sent += fault.Attempt([&] { EXPECT_TRUE(channel.SendUntil(absl::InfiniteFuture(), value).ok()); });
              sent += fault.Attempt([&] { EXPECT_TRUE(channel.Send(Context::Background(), value).ok()); });
              EXPECT_EQ(channel.ApproxSize(), sent);
            }),
            4);
}

TEST(AllocationFaults, ReceivingManyLeavesTheRestInTheChannel) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    const Channel<int> channel(kUnbounded);
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(channel.TrySend(i).ok());
    std::vector<int> received;
    while (received.size() < 500) {
      absl::StatusOr<std::vector<int>> values;
      if (fault.Attempt([&] { values = channel.ReceiveMany(200); })) {
        received.insert(received.end(), values->begin(), values->end());
      }
    }
    for (int i = 0; i < 500; ++i) EXPECT_EQ(received[i], i);
  });
  EXPECT_GE(failures, 3);
}

// Blocked senders have more than the channel says is in it, so the batch has to grow.
TEST(AllocationFaults, ABatchThatCannotGrowKeepsWhatItHas) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    const Channel<int> channel(0);
    std::vector<std::thread> senders;
    for (int i = 0; i < 3; ++i) {
      senders.emplace_back([&channel, i] { EXPECT_TRUE(channel.Send(i).ok()); });
      AwaitSenders(channel, i + 1);
    }
    int next = 0;
    while (next < 3) {
      absl::StatusOr<std::vector<int>> values;
      if (!fault.Attempt([&] { values = channel.ReceiveMany(10); })) continue;
      for (int value : *values) EXPECT_EQ(value, next++);
    }
    for (std::thread& sender : senders) sender.join();
  });
  EXPECT_GE(failures, 2);
}

TEST(AllocationFaults, ReceivingSendingWhatIsMovedAndClosingAllocateNothing) {
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) {
              const Channel<std::string> channel(2);
              std::string value = Text(1);
              EXPECT_TRUE(fault.Attempt([&] {
                EXPECT_TRUE(channel.Send(std::move(value)).ok());
                EXPECT_EQ(channel.Receive()->size(), 101u);
                EXPECT_FALSE(channel.TryReceive().ok());
                EXPECT_FALSE(channel.ReceiveUntil(absl::InfinitePast()).ok());
                channel.Close();
                EXPECT_FALSE(channel.Send(std::string()).ok());
                EXPECT_FALSE(channel.Receive().ok());
              }));
            }),
            0);
}

TEST(AllocationFaults, SelectsOfAnySize) {
  for (const size_t count : {2, 8, 20}) {
    const int64_t failures = FailEveryAllocation([count](AllocationFault& fault) {
      std::vector<Channel<std::string>> channels;
      for (size_t i = 0; i < count; ++i) channels.emplace_back(1);
      EXPECT_TRUE(channels.back().TrySend(Text(1)).ok());
      absl::StatusOr<std::string> slot = absl::UnknownError("");
      const bool completed = fault.Attempt([&] {
        std::vector<Case> cases;
        for (const Channel<std::string>& channel : channels) cases.push_back(channel.OnReceive(&slot));
        EXPECT_EQ(Select(cases), static_cast<int>(count) - 1);
      });
      // Either it took the value or the value is still there.
      EXPECT_EQ(completed, slot.ok());
      EXPECT_EQ(channels.back().ApproxSize(), completed ? 0u : 1u);
      for (const Channel<std::string>& channel : channels) EXPECT_EQ(WaitingReceivers(channel), 0u);
    });
    EXPECT_GE(failures, 1);
  }
}

TEST(AllocationFaults, SelectsThatWaitAreTakenOutOfEveryQueue) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    std::vector<Channel<int>> channels;
    for (int i = 0; i < 20; ++i) channels.emplace_back(0);
    absl::StatusOr<int> slot;
    std::vector<Case> cases;
    for (const Channel<int>& channel : channels) cases.push_back(channel.OnReceive(&slot));
    fault.Attempt([&] { EXPECT_EQ(SelectUntil(absl::Now() + absl::Microseconds(50), cases), -1); });
    for (const Channel<int>& channel : channels) EXPECT_EQ(WaitingReceivers(channel), 0u);
  });
  EXPECT_GE(failures, 1);
}

TEST(AllocationFaults, CasesWithLargeHandlersAndValues) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    const Channel<std::string> channel(1);
    bool sent = false;
    const auto large = [&sent, filler = std::array<char, 100>()](const absl::Status& status) {
      sent = status.ok() && filler[0] == 0;
    };
    const bool completed = fault.Attempt([&] { EXPECT_EQ(Select({channel.OnSend(Text(1), large)}), 0); });
    EXPECT_EQ(sent, completed);
    EXPECT_EQ(channel.ApproxSize(), completed ? 1u : 0u);
  });
  EXPECT_GE(failures, 1);
}

TEST(AllocationFaults, Contexts) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    CancelHandle root = Context::Background().WithCancel();
    std::vector<CancelHandle> children;
    children.reserve(3);
    fault.Attempt([&] { children.push_back(root.context().WithCancel()); });
    fault.Attempt([&] { children.push_back(root.context().WithTimeout(absl::Hours(1))); });
    fault.Attempt([&] { children.push_back(root.context().WithDeadline(absl::InfiniteFuture())); });
    EXPECT_GE(children.size(), 2u);
    EXPECT_TRUE(fault.Attempt([&] { root.Cancel(); })) << "cancelling allocates nothing";
    for (const CancelHandle& child : children) EXPECT_TRUE(child.context().done());
  });
  EXPECT_EQ(failures, 3);
}

TEST(AllocationFaults, Timers) {
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) {
              fault.Attempt([] { EXPECT_TRUE(After(absl::ZeroDuration()).Receive().ok()); });
              fault.Attempt([] { EXPECT_TRUE(At(absl::InfinitePast()).Receive().ok()); });
            }),
            2);
}

TEST(AllocationFaults, Subscribing) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    std::optional<FeedOf<int>> feed;
    while (!fault.Attempt([&] { feed.emplace(FeedOptions{.name = Text(0)}); })) {
    }
    const Channel<int> channel(20);
    std::vector<Subscription> subscriptions;
    subscriptions.reserve(5);
    for (int i = 0; i < 5; ++i) {
      fault.Attempt([&] {
        absl::StatusOr<Subscription> subscription = feed->Subscribe(
            channel, {.name = Text(i),
                      .filter = [i, filler = std::array<char, 100>()](int value) { return value == i + filler[0]; }});
        EXPECT_TRUE(subscription.ok());
        subscriptions.push_back(*std::move(subscription));
      });
      EXPECT_EQ(feed->subscribers(), subscriptions.size());
    }
    EXPECT_GE(subscriptions.size(), 4u);
    for (int i = 0; i < 5; ++i) feed->Send(i);
    EXPECT_EQ(channel.ApproxSize(), subscriptions.size());
  });
  EXPECT_GE(failures, 10);
}

TEST(AllocationFaults, RefusedSubscriptionsAndSends) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    Feed feed({.name = Text(0)});
    const Channel<int> numbers(1);
    const Subscription subscription = MustSubscribe(feed.Subscribe(numbers));
    const Channel<std::string> texts(1);
    fault.Attempt([&] { EXPECT_FALSE(feed.Subscribe(texts).ok()); });
    fault.Attempt([&] { EXPECT_FALSE(feed.Subscribe(SendChannel<int>()).ok()); });
    fault.Attempt([&] { EXPECT_FALSE(feed.Send(Text(1)).status.ok()); });
    EXPECT_EQ(feed.subscribers(), 1u);
    EXPECT_EQ(feed.Send(7).delivered, 1u);
    EXPECT_EQ(*numbers.TryReceive(), 7);
    feed.Close();
    fault.Attempt([&] { EXPECT_FALSE(feed.Subscribe(numbers).ok()); });
    fault.Attempt([&] { EXPECT_FALSE(feed.Send(7).status.ok()); });
  });
  EXPECT_GE(failures, 8);
}

// Subscribers with room, then two that have none and a receiver each, so that copies, deliveries and the list of slots
// are all allocated.
TEST(AllocationFaults, SendingToFastAndSlowSubscribers) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    FeedOf<std::string> feed;
    Subscribed<std::string> fast(feed, 3, 4);
    Subscribed<std::string> slow(feed, 2, 0);
    std::thread receiver([&] {
      for (bool open = true; open;) {
        absl::StatusOr<std::string> value;
        Select({slow.channels[0].OnReceive(&value), slow.channels[1].OnReceive(&value)});
        open = value.ok();
      }
    });
    for (int i = 0; i < 3; ++i) {
      const std::string value = Text(i);
      SendResult result;
      if (fault.Attempt([&] { result = feed.Send(value); })) {
        EXPECT_EQ(result.delivered, 5u);
      } else {  // Some have it; nobody waits for it.
        for (const Channel<std::string>& channel : slow.channels) EXPECT_EQ(WaitingSenders(channel), 0u);
      }
    }
    EXPECT_EQ(feed.Send(Text(3)).delivered, 5u);
    for (const Channel<std::string>& channel : slow.channels) channel.Close();
    receiver.join();
  });
  EXPECT_GE(failures, 10);
}

TEST(AllocationFaults, NamingThoseWhoMissedAValue) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    FeedOf<int> feed;
    const Channel<int> full(0);
    const Subscription first = MustSubscribe(feed.Subscribe(full, {.name = Text(1)}));
    const Subscription second = MustSubscribe(feed.Subscribe(full, {.name = Text(2)}));
    SendResult result;
    fault.Attempt([&] { result = feed.TrySend(1); });
    CancelHandle soon = Context::Background().WithTimeout(absl::Microseconds(50));
    fault.Attempt([&] { result = feed.Send(soon.context(), 2); });
    EXPECT_EQ(WaitingSenders(full), 0u);
    result = feed.TrySend(3);
    ASSERT_EQ(result.missed.size(), 2u);
    EXPECT_EQ(result.missed[1].name, Text(2));
  });
  EXPECT_GE(failures, 6);
}

TEST(AllocationFaults, AClosedChannelEndsItsSubscriptionAtTheLatestWithTheNextSend) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    FeedOf<int> feed({.name = Text(0)});
    const Channel<int> closed(0);
    const Channel<int> open(5);
    const Subscription ended = MustSubscribe(feed.Subscribe(closed, {.name = Text(1)}));
    const Subscription other = MustSubscribe(feed.Subscribe(open));
    closed.Close();
    fault.Attempt([&] { feed.Send(1); });
    feed.Send(2);
    EXPECT_TRUE(ended.ended());
    EXPECT_EQ(ended.Err().Receive()->code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(feed.subscribers(), 1u);
  });
  EXPECT_GE(failures, 1);
}

TEST(AllocationFaults, EndOfASubscription) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    FeedOf<int> feed;
    const Channel<int> channel(1);
    Subscription subscription = MustSubscribe(feed.Subscribe(channel));
    Subscription left = MustSubscribe(feed.Subscribe(channel));
    std::optional<ReceiveChannel<absl::Status>> err;
    while (!fault.Attempt([&] { err = subscription.Err(); })) {
    }
    fault.Attempt([&] {
      EXPECT_EQ(TrySelect({subscription.OnEnd([filler = std::array<char, 100>()] { EXPECT_EQ(filler[0], 0); })}), -1);
    });
    EXPECT_TRUE(fault.Attempt([&] { left.Unsubscribe(); })) << "allocates nothing";
    const absl::Status reason = absl::DataLossError(Text(1));
    EXPECT_TRUE(fault.Attempt([&] { feed.Close(reason); })) << "allocates nothing";
    EXPECT_EQ(*err->Receive(), reason);
    fault.Attempt([&] { EXPECT_FALSE(left.Err().Receive().ok()); });
    fault.Attempt([&] { EXPECT_FALSE(Subscription().Err().Receive().ok()); });
  });
  EXPECT_GE(failures, 4);
}

TEST(AllocationFaults, Tasks) {
  const auto receive_one = [](ReceiveChannel<std::string> channel) -> Task<std::string> {
    co_return *co_await channel.AsyncReceive();
  };
  const int64_t failures = FailEveryAllocation([&](AllocationFault& fault) {
    ManualExecutor executor;
    const Channel<std::string> channel(1);
    std::optional<Spawned<std::string>> spawned;
    const bool made = fault.Attempt([&] { spawned = Spawn(executor, receive_one(channel)); });
    executor.RunAll();
    EXPECT_EQ(WaitingReceivers(channel), made ? 1u : 0u);
    EXPECT_TRUE(channel.TrySend(Text(1)).ok());
    bool ran = true;
    if (made) ran = fault.Attempt([&] { EXPECT_EQ(executor.RunAll(), 1u); });
    EXPECT_TRUE(ran) << "resuming allocates nothing";
    if (made) {
      EXPECT_EQ(*spawned->Join(), Text(1));
    }
  });
  EXPECT_EQ(failures, 2);
}

TEST(AllocationFaults, ReceivingManyInATaskLosesNothing) {
  const auto receive = [](ReceiveChannel<int> channel, std::vector<int>* to) -> Task<> {
    while (true) {
      try {
        const absl::StatusOr<std::vector<int>> values = co_await channel.AsyncReceiveMany(50);
        if (!values.ok()) co_return;
        to->insert(to->end(), values->begin(), values->end());
      } catch (const std::bad_alloc&) {
      }
    }
  };
  const int64_t failures = FailEveryAllocation([&](AllocationFault& fault) {
    ManualExecutor executor;
    const Channel<int> channel(kUnbounded);
    std::vector<int> received;
    received.reserve(200);
    Spawned<> spawned = Spawn(executor, receive(channel, &received));
    fault.Attempt([&] { executor.RunAll(); });
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(channel.TrySend(i).ok());
      if (i % 30 == 0) fault.Attempt([&] { executor.RunAll(); });
    }
    channel.Close();
    fault.Attempt([&] { executor.RunAll(); });
    ASSERT_EQ(received.size(), 100u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(received[i], i);
    EXPECT_TRUE(spawned.Join().ok());
  });
  EXPECT_GE(failures, 3);
}

TEST(AllocationFaults, StoppingATask) {
  const auto wait = [](ReceiveChannel<int> channel) -> Task<> { static_cast<void>(co_await channel.AsyncReceive()); };
  FailEveryAllocation([&](AllocationFault& fault) {
    ManualExecutor executor;
    const Channel<int> channel(1);
    Spawned<> spawned = Spawn(executor, wait(channel));
    executor.RunAll();
    EXPECT_TRUE(fault.Attempt([&] { spawned.Stop(); })) << "at most its message is lost";
    EXPECT_EQ(spawned.Join().code(), absl::StatusCode::kCancelled);
    Spawned<> abandoned = Spawn(executor, wait(channel));
    EXPECT_TRUE(fault.Attempt([&] { executor.Close(); }));
    EXPECT_EQ(abandoned.Join().code(), absl::StatusCode::kUnavailable);
  });
}

TEST(AllocationFaults, SubmittingAFunction) {
  EXPECT_GE(FailEveryAllocation([](AllocationFault& fault) {
              ManualExecutor executor;
              bool ran = false;
              const bool submitted = fault.Attempt([&] { executor.Submit([&ran] { ran = true; }); });
              executor.RunAll();
              EXPECT_EQ(ran, submitted);
            }),
            1);
}

TEST(AllocationFaults, SubscribingAHandler) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    ManualExecutor executor;
    FeedOf<std::string> feed;
    int handled = 0;
    std::vector<Subscription> subscriptions;
    subscriptions.reserve(4);
    for (int i = 0; i < 4; ++i) {
      fault.Attempt([&] {
        subscriptions.push_back(MustSubscribe(feed.Subscribe(
            [&handled](const std::string&) { ++handled; },
            {.name = Text(i), .executor = i % 2 == 0 ? &executor : nullptr, .on_error = [](const absl::Status&) {}})));
      });
      EXPECT_EQ(feed.subscribers(), subscriptions.size());
    }
    feed.Send(Text(1));
    executor.RunAll();
    EXPECT_EQ(handled, static_cast<int>(subscriptions.size()));
  });
  EXPECT_GE(failures, 10);
}

TEST(AllocationFaults, AHandlerThatThrowsIsToldOfWithoutItsMessageAtWorst) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    ManualExecutor executor;
    FeedOf<int> feed;
    int errors = 0;
    const auto throws = [](int) { throw std::runtime_error("x"); };
    const auto count = [&errors](const absl::Status& error) { errors += error.code() == absl::StatusCode::kInternal; };
    const Subscription here = MustSubscribe(feed.Subscribe(throws, {.name = Text(1), .on_error = count}));
    const Subscription there =
        MustSubscribe(feed.Subscribe(throws, {.name = Text(2), .executor = &executor, .on_error = count}));
    feed.Send(1);  // Which allocates what a send needs.
    executor.RunAll();
    EXPECT_EQ(errors, 2);
    EXPECT_TRUE(fault.Attempt([&] {
      EXPECT_EQ(feed.Send(2).delivered, 2u);
      executor.RunAll();
    }));
    EXPECT_EQ(errors, 4);
  });
  EXPECT_GE(failures, 2);
}

TEST(AllocationFaults, Scopes) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    FeedOf<int> feed;
    const Channel<int> channel(1);
    std::optional<SubscriptionScope> scope;
    while (!fault.Attempt([&] { scope.emplace(); })) {
    }
    std::optional<Subscription> tracked;
    Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.name = Text(1)}));
    fault.Attempt([&] { tracked = scope->Track(std::move(subscription)); });
    const bool adopted = fault.Attempt([&] { scope->Adopt(MustSubscribe(feed.Subscribe(channel))); });
    // What could not be tracked has ended or is still the caller's; nothing is half in.
    EXPECT_EQ(scope->Count(), (tracked.has_value() ? 1u : 0u) + (adopted ? 1u : 0u));
    EXPECT_TRUE(fault.Attempt([&] { scope->Close(); })) << "allocates nothing";
    subscription.Unsubscribe();
    EXPECT_EQ(feed.subscribers(), 0u);
  });
  EXPECT_GE(failures, 4);
}

TEST(AllocationFaults, CallbacksOfContexts) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    CancelHandle handle = Context::Background().WithTimeout(absl::Hours(1));
    int calls = 0;
    CancelCallback callback;
    const bool registered = fault.Attempt([&] {
      callback = handle.context().OnCancel([&calls, large = std::array<char, 100>()] { calls += 1 + large[0]; });
    });
    EXPECT_TRUE(fault.Attempt([&] { handle.Cancel(); })) << "allocates nothing";
    EXPECT_EQ(calls, registered);
  });
  EXPECT_EQ(failures, 2);
}

TEST(AllocationFaults, TimersAndWatchdogs) {
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) {
              fault.Attempt([] { Tick(absl::Hours(1)).Close(); });
              std::optional<Timer> timer;
              while (!fault.Attempt([&] { timer.emplace(absl::Hours(1)); })) {
              }
              std::optional<Watchdog> dog;
              while (!fault.Attempt([&] { dog.emplace(absl::Hours(1)); })) {
              }
              EXPECT_TRUE(fault.Attempt([&] {
                timer->Reset(absl::Hours(2));
                timer->Stop();
                EXPECT_TRUE(dog->Kick());
                dog->Stop();
                EXPECT_TRUE(SleepFor(dog->context(), absl::Nanoseconds(1)).ok());
              })) << "allocate nothing";
            }),
            4);
}

TEST(AllocationFaults, BridgesAndSignals) {
  const SignalContext other({SIGUSR2});  // So that the thread is there.
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    CancelHandle handle = Context::Background().WithCancel();
    std::stop_source source;
    std::optional<StopTokenFromContext> token;
    std::optional<ContextFromStopToken> context;
    std::optional<SignalContext> signals;
    while (!fault.Attempt([&] { token.emplace(handle.context()); })) {
    }
    while (!fault.Attempt([&] { context.emplace(source.get_token()); })) {
    }
    while (!fault.Attempt([&] { signals.emplace(std::initializer_list<int>{SIGUSR1}); })) {
    }
    EXPECT_TRUE(fault.Attempt([&] {
      handle.Cancel();
      source.request_stop();
    })) << "allocate nothing";
    EXPECT_TRUE(token->token().stop_requested());
    EXPECT_TRUE(context->context().done());
    EXPECT_FALSE(signals->context().done());
  });
  EXPECT_GE(failures, 6);
}

Task<> ReceiveManyThenWait(ReceiveChannel<int> values, ReceiveChannel<absl::Time> timer, int* received) {
  for (; *received < 127; ++*received) static_cast<void>(co_await values.AsyncReceive());
  static_cast<void>(co_await timer.AsyncReceive());
}

// A wait that was put off, for others to go first, is begun by the next run. What it throws reaches the task all the same.
TEST(Allocation, OfAWaitThatWasPutOffReachesTheTask) {
  ManualExecutor executor;
  const Channel<int> values(kUnbounded);
  for (int i = 0; i < 127; ++i) ASSERT_TRUE(values.TrySend(i).ok());
  int received = 0;
  Spawned<> task = Spawn(executor, ReceiveManyThenWait(values, After(absl::Hours(1)), &received));
  ASSERT_TRUE(executor.RunOne());
  EXPECT_EQ(received, 127);
  ASSERT_EQ(executor.size(), 1u) << "put off";
  FailAllocation(1);
  executor.RunAll();
  FailAllocation(0);
  EXPECT_THROW(task.Join().IgnoreError(), std::bad_alloc);
}

TEST(AllocationFaults, OfASendThatHandlersMiss) {
  EXPECT_GT(FailEveryAllocation([](AllocationFault& fault) {
              ManualExecutor executor;
              FeedOf<std::string> feed;
              std::vector<std::string> narrow;
              std::vector<std::string> wide;
              const Subscription a = MustSubscribe(feed.Subscribe(
                  [&](const std::string& value) { narrow.push_back(value); }, {.executor = &executor, .capacity = 1}));
              const Subscription b = MustSubscribe(feed.Subscribe(
                  [&](const std::string& value) { wide.push_back(value); }, {.executor = &executor, .capacity = 3}));
              std::vector<std::string> values;
              for (int i = 0; i < 5; ++i) values.push_back(Text(i));
              feed.Send(values[0]);
              fault.Attempt([&] { feed.TrySend(values[1]); });
              const CancelHandle soon = Context::Background().WithTimeout(absl::Microseconds(100));
              fault.Attempt([&] { feed.Send(soon.context(), values[2]); });
              executor.RunAll();
              fault.Attempt([&] { feed.TrySend(values[3]); });
              executor.RunAll();
              // One that ended had no memory to go on with; the other goes on.
              EXPECT_FALSE(b.ended());
              EXPECT_EQ(feed.TrySend(values[4]).delivered, a.ended() ? 1u : 2u);
              executor.RunAll();
              EXPECT_EQ(wide.front(), values[0]);
              EXPECT_EQ(wide.back(), values[4]);
              if (!a.ended()) {
                EXPECT_EQ(narrow.front(), values[0]);
                EXPECT_EQ(narrow.back(), values[4]);
              }
              EXPECT_TRUE(std::is_sorted(wide.begin(), wide.end()));
              EXPECT_TRUE(std::is_sorted(narrow.begin(), narrow.end()));
            }),
            0);
}

// What finds no memory is lost as what finds no room; the subscription is made, or nothing has happened.
TEST(AllocationFaults, OfAReplayIntoAnUnboundedChannel) {
  using Large = std::array<char, 512>;
  constexpr size_t kValues = 9;  // More than an unbounded channel has room for at first.
  bool lost = false;
  FailEveryAllocation([&](AllocationFault& fault) {
    FeedOf<Large> feed({.history = kValues});
    for (size_t i = 0; i < kValues; ++i) feed.Send(Large{static_cast<char>(i)});
    const Channel<Large> channel(kUnbounded);
    absl::StatusOr<Subscription> subscription;
    if (fault.Attempt([&] { subscription = feed.Subscribe(channel, {.replay = kValues}); })) {
      const SubscriptionStats stats = subscription->stats();
      EXPECT_EQ(stats.delivered + stats.lost.to_replay, kValues);
      EXPECT_EQ(stats.delivered, channel.ApproxSize());
      lost = lost || stats.lost.to_replay > 0;
    } else {
      EXPECT_EQ(channel.ApproxSize(), 0u);
    }
    EXPECT_EQ(feed.Send(Large{}).delivered, feed.subscribers());
  });
  EXPECT_TRUE(lost);
}

// How many deliveries an unbounded channel has room for before it needs memory again.
constexpr int kDeliveries = 2048 / sizeof(Delivery<int>);

// Receives and acknowledges all that is there. How many those were.
int AcknowledgeAll(const Channel<Delivery<int>>& channel) {
  int acknowledged = 0;
  while (true) {
    absl::StatusOr<Delivery<int>> delivery = channel.TryReceive();
    if (!delivery.ok()) return acknowledged;
    if (delivery->Ack()) ++acknowledged;
  }
}

TEST(AllocationFaults, OfADeliveryThatComesBackToAnUnboundedChannel) {
  for (const bool dropped : {false, true}) {
    EXPECT_EQ(FailEveryAllocation([&](AllocationFault& fault) {
                FeedOf<int> feed;
                int left = 0;
                const Channel<Delivery<int>> channel(kUnbounded);
                Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.on_left = [&](int) { ++left; }}));
                for (int i = 0; i < kDeliveries; ++i) feed.Send(i);
                std::optional<Delivery<int>> delivery = *channel.Receive();
                EXPECT_TRUE(fault.Attempt([&] { dropped ? delivery.reset() : static_cast<void>(delivery->Nack()); }));
                const int rest = AcknowledgeAll(channel);
                EXPECT_EQ(subscription.stats().outstanding, 0u);
                subscription.Unsubscribe();
                EXPECT_EQ(left, fault.happened() ? 1 : 0);
                EXPECT_EQ(rest + left, kDeliveries);
              }),
              1)
        << dropped;
  }
}

TEST(AllocationFaults, OfASendOfADeliveryToAnUnboundedChannel) {
  EXPECT_EQ(FailEveryAllocation([&](AllocationFault& fault) {
              FeedOf<int> feed;
              const Channel<Delivery<int>> channel(kUnbounded);
              const Subscription subscription = MustSubscribe(feed.Subscribe(channel));
              for (int i = 0; i < kDeliveries; ++i) feed.Send(i);
              const bool sent = fault.Attempt([&] { feed.Send(0); });
              EXPECT_EQ(subscription.stats().outstanding, static_cast<uint64_t>(kDeliveries + (sent ? 1 : 0)));
              EXPECT_EQ(AcknowledgeAll(channel), kDeliveries + (sent ? 1 : 0));
            }),
            2);
}

TEST(AllocationFaults, OfSubscriptionsThatLoseEndAndBeginWithTheLastValues) {
  EXPECT_GT(FailEveryAllocation([](AllocationFault& fault) {
              ManualExecutor executor;
              FeedOf<std::string> feed({.history = 3});
              std::vector<std::string> values;
              for (int i = 0; i < 8; ++i) values.push_back(Text(i));
              std::string last_handled;
              uint64_t told = 0;
              const auto handler = [&](const std::string& value, const EventInfo& info) {
                last_handled.assign(value, 100);
                told += info.lost;
              };
              const Channel<Event<std::string>> channel(2);
              std::vector<Subscription> subscriptions;
              subscriptions.reserve(3);
              uint64_t sent = 0;
              const auto send = [&] {
                fault.Attempt([&] {
                  if (feed.Send(values[sent]).status.ok()) ++sent;
                });
              };
              const auto subscribe = [&](auto subscriber, SubscribeOptions<std::string> options) {
                fault.Attempt([&] {
                  absl::StatusOr<Subscription> subscription = feed.Subscribe(std::move(subscriber), std::move(options));
                  EXPECT_TRUE(subscription.ok());
                  subscriptions.push_back(*std::move(subscription));
                });
              };
              send();
              send();
              const auto key = [](const std::string& value) { return value.substr(0, 90); };
              subscribe(handler, {.executor = &executor, .capacity = 2, .overflow = LatestBy(key), .replay = 2});
              subscribe(channel,
                        {.overflow = Overflow::kDropOldest, .on_lost = [](const std::string&) {}, .replay = 2});
              subscribe([](const std::string&) {}, {.limit = 2, .replay = 1});
              for (int i = 0; i < 3; ++i) send();
              executor.RunAll();
              EXPECT_EQ(feed.Send(values.back()).delivered, feed.subscribers());
              executor.RunAll();
              EXPECT_GE(subscriptions.size(), 2u);
              if (subscriptions.size() == 3) {
                // One whose key threw has ended.
                EXPECT_TRUE(subscriptions[0].ended() || last_handled == values.back().substr(100)) << last_handled;
                EXPECT_TRUE(subscriptions[2].ended());
              }
              while (channel.TryReceive().ok()) continue;
            }),
            10);
}

}  // namespace
}  // namespace eventbus::testing
