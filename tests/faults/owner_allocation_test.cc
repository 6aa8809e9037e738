// Owners of other things when an allocation fails: the caller gets `std::bad_alloc`, or what has begun ends with a status,
// nothing is left behind, and the owner goes on.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/faults/every_allocation.h"

namespace eventbus::testing {
namespace {

TEST(ActorAllocationFaults, ACallThatCouldNotBeMadeHasNotHappened) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    InlineExecutor executor;
    std::optional<Actor<int>> actor;
    while (!fault.Attempt([&] { actor.emplace(ActorOptions{.name = "a", .executor = &executor}, 0); })) {
    }
    int calls = 0;
    for (int i = 0; i < 2; ++i) {
      calls += fault.Attempt([&] { EXPECT_TRUE(actor->Call([](int& state) { return ++state; }).ok()); });
      calls += fault.Attempt([&] { EXPECT_TRUE(actor->Post([](int& state) { ++state; }).ok()); });
    }
    EXPECT_EQ(*actor->Call([](int& state) { return state; }), calls);
  });
  EXPECT_GE(failures, 5);
}

TEST(ActorAllocationFaults, WithAThreadOfItsOwn) {
  FailEveryAllocation([](AllocationFault& fault) {
    std::optional<Actor<int>> actor;
    if (!fault.Attempt([&] { actor.emplace(ActorOptions{.name = "a"}, 0); })) return;
    EXPECT_EQ(*actor->Call([](int& state) { return ++state; }), 1);
  });
}

TEST(ActorAllocationFaults, AFailureInsideOfACallIsItsStatus) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    InlineExecutor executor;
    Actor<std::vector<int>> actor({.name = "a", .executor = &executor});
    absl::Status status;
    const bool called =
        fault.Attempt([&] { status = actor.Call([](std::vector<int>& state) { state.push_back(1); }); });
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInternal) << status;
    EXPECT_EQ(actor.Call([](std::vector<int>& state) { return state.size(); }).value(),
              called && status.ok() ? 1u : 0u);
  });
  EXPECT_GE(failures, 2);
}

TEST(ActorAllocationFaults, StoppingTellsAllWithoutAMessageAtWorst) {
  FailEveryAllocation([](AllocationFault& fault) {
    ManualExecutor executor;
    int errors = 0;
    Actor<int> actor({.name = "a", .executor = &executor, .on_error = [&errors](const absl::Status& error) {
                        EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
                        ++errors;
                      }});
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(actor.Post([](int&) {}).ok());
    EXPECT_TRUE(fault.Attempt([&] { actor.Stop(); }));
    EXPECT_EQ(errors, 3);
    executor.RunAll();
  });
}

TEST(PoolAllocationFaults, APlaceWhoseResourceCouldNotBeMadeIsFree) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    std::optional<Pool<std::unique_ptr<int>>> pool;
    while (!fault.Attempt([&] {
      pool.emplace(PoolOptions{.name = "p", .max_size = 1}, [](const Context&) { return std::make_unique<int>(7); });
    })) {
    }
    for (int i = 0; i < 2; ++i) {
      fault.Attempt([&] {
        const auto lease = pool->TryAcquire();
        EXPECT_TRUE(lease.ok() || lease.status().code() == absl::StatusCode::kInternal) << "the factory threw";
      });
    }
    auto lease = pool->TryAcquire();
    ASSERT_TRUE(lease.ok()) << lease.status();
    EXPECT_EQ(***lease, 7);
    EXPECT_TRUE(fault.Attempt([&] {
      lease->Discard();
      pool->Close();
      EXPECT_EQ(pool->TryAcquire().status().code(), absl::StatusCode::kFailedPrecondition);
    }));
    EXPECT_EQ(pool->ApproxSize(), 0u);
  });
  EXPECT_GE(failures, 3);
}

TEST(GatedQueueAllocationFaults, AHoldThatCouldNotBeSetIsNone) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    GatedQueue queue({.name = "q", .capacity = 1});
    const bool held = fault.Attempt([&] { queue.Hold(absl::Hours(1)); });
    EXPECT_EQ(queue.held(), held);
    queue.Hold();
    EXPECT_TRUE(fault.Attempt([&] { queue.Release(); }));
    EXPECT_TRUE(queue.TryEnter().ok());
  });
  EXPECT_GE(failures, 1);
}

TEST(GatedQueueAllocationFaults, APlaceThatCouldNotBeMadeIsNotInTheLine) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    GatedQueue queue({.name = "q", .capacity = 1});
    queue.Hold();
    std::vector<GatedQueue::Place> places;
    places.reserve(2);
    for (int i = 0; i < 2; ++i) fault.Attempt([&] { places.push_back(*queue.LineUp()); });
    EXPECT_EQ(queue.ApproxWaiting(), places.empty() ? 0u : 1u);
    fault.Attempt([&] {
      EXPECT_EQ(queue.EnterUntil(absl::InfinitePast()).status().code(), absl::StatusCode::kDeadlineExceeded);
    });
    EXPECT_TRUE(fault.Attempt([&] { queue.Close(); }));
    EXPECT_EQ(queue.ApproxWaiting(), 0u);
  });
  EXPECT_GE(failures, 2);
}

// Of a task that could not be started there is no trace; one whose thread the system refuses ends with a status.
template <typename Options>
void FailStarting(Options make_options) {
  FailEveryAllocation([&](AllocationFault& fault) {
    std::atomic<int> ran{0};
    std::atomic<int> errors{0};
    int started = 0;
    {
      KeyedTasks<int> tasks(make_options(errors));
      for (int key = 0; key < 3; ++key) {
        const auto body = [&ran, large = std::array<char, 200>()](const Context&) { ran += large[0] == 0; };
        started += fault.Attempt([&] { EXPECT_TRUE(tasks.Start(key, body).ok()); });
      }
      fault.Attempt([&] { EXPECT_TRUE(tasks.Stop(0).ok()); });
      fault.Attempt([&] { EXPECT_TRUE(tasks.StopAll().ok()); });
      EXPECT_TRUE(tasks.Wait(Context::Background()).ok());
      EXPECT_EQ(tasks.ApproxSize(), 0u);
      EXPECT_TRUE(tasks.Start(0, [](const Context&) {}).ok()) << "the key is free";
      EXPECT_TRUE(fault.Attempt([&] { tasks.Close(); }));
    }
    EXPECT_LE(ran + errors, started) << "some were stopped before they began";
  });
}

TEST(KeyedTasksAllocationFaults, OnThreads) {
  FailStarting([](std::atomic<int>& errors) {
    return KeyedTasksOptions<int>{.on_error = [&errors](int, const absl::Status& error) {
      EXPECT_EQ(error.code(), absl::StatusCode::kUnavailable);
      ++errors;
    }};
  });
}

TEST(KeyedTasksAllocationFaults, OnAnExecutor) {
  InlineExecutor executor;
  FailStarting([&executor](std::atomic<int>&) { return KeyedTasksOptions<int>{.executor = &executor}; });
}

TEST(ProducerAllocationFaults, ASubscriptionThatCouldNotBeMadeHasNoProducer) {
  FailEveryAllocation([](AllocationFault& fault) {
    std::atomic<bool> ran{false};
    std::optional<Subscription> subscription;
    const bool made = fault.Attempt([&] {
      subscription = NewSubscription([&ran, large = std::array<char, 200>()](const Context& context) {
        ran = large[0] == 0;
        Select({context.OnDone()});
      });
    });
    if (made && subscription->ended()) {
      absl::Status reason;
      while (!fault.Attempt([&] { reason = *subscription->Err().Receive(); })) {
      }
      EXPECT_EQ(reason.code(), absl::StatusCode::kUnavailable) << "the thread was refused";
    }
    subscription.reset();
    EXPECT_TRUE(made || !ran);
  });
}

TEST(ParallelMapAllocationFaults, GivesAllOrNothing) {
  const std::vector<int> inputs = {1, 2, 3, 4};
  InlineExecutor inline_executor;
  for (Executor* const executor : {static_cast<Executor*>(nullptr), static_cast<Executor*>(&inline_executor)}) {
    const int64_t failures = FailEveryAllocation([&](AllocationFault& fault) {
      fault.Attempt([&] {
        const auto results = ParallelMap(Context::Background(), inputs, {.limit = 2, .executor = executor, .name = "m"},
                                         [](int input) { return std::make_unique<int>(2 * input); });
        if (results.ok()) {
          ASSERT_EQ(results->size(), inputs.size());
          for (size_t i = 0; i < inputs.size(); ++i) EXPECT_EQ(*(*results)[i], 2 * inputs[i]);
        } else {
          EXPECT_EQ(results.status().code(), absl::StatusCode::kInternal) << "a task threw";
        }
      });
    });
    EXPECT_GE(failures, 4);
  }
}

TEST(TimerAllocationFaults, ATimerThatIsSetForWhoWaits) {
  FailEveryAllocation([](AllocationFault& fault) {
    std::optional<Timer> timer;
    while (!fault.Attempt([&] { timer.emplace(absl::Hours(2)); })) {
    }
    EXPECT_FALSE(
        timer->ReceiveUntil(Clock::Now() + absl::Microseconds(10)).ok());  // From now on a `Reset` needs an alarm.
    EXPECT_TRUE(fault.Attempt([&] {
      EXPECT_TRUE(timer->Reset(absl::Hours(1)));
      EXPECT_TRUE(timer->Reset(absl::ZeroDuration()));
      EXPECT_TRUE(timer->TryReceive().ok());
    })) << "allocates nothing";
  });
}

TEST(OutboxAllocationFaults, WhatCouldNotBeAddedIsNotSent) {
  FailEveryAllocation([](AllocationFault& fault) {
    const Channel<int> channel(4);
    std::optional<Outbox<int>> outbox;
    while (!fault.Attempt([&] { outbox.emplace(channel); })) {
    }
    int added = 0;
    for (int i = 0; i < 3; ++i) added += fault.Attempt([&] { outbox->Add(i); });
    EXPECT_TRUE(outbox->Flush().ok());
    EXPECT_EQ(channel.ApproxSize(), static_cast<size_t>(added));
  });
}

}  // namespace
}  // namespace eventbus::testing
