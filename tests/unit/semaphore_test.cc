#include "eventbus/semaphore.h"

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/async_select.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kExhausted = absl::StatusCode::kResourceExhausted;
constexpr absl::StatusCode kLate = absl::StatusCode::kDeadlineExceeded;
constexpr absl::StatusCode kCancelled = absl::StatusCode::kCancelled;

size_t Waiting(Semaphore& semaphore) { return internal::CoreAccess::core(semaphore).CountWaiting(); }

TEST(Semaphore, TakesAndGivesBackSeveralUnits) {
  Semaphore semaphore(5);
  EXPECT_EQ(semaphore.total(), 5);
  EXPECT_TRUE(semaphore.Acquire(3).ok());
  EXPECT_TRUE(semaphore.TryAcquire(2).ok());
  EXPECT_EQ(semaphore.TryAcquire().code(), kExhausted);
  EXPECT_EQ(semaphore.ApproxAvailable(), 0);
  semaphore.Release(4);
  EXPECT_EQ(semaphore.TryAcquire(5).code(), kExhausted);
  EXPECT_TRUE(semaphore.Acquire(Context::Background(), 4).ok());
  semaphore.Release(5);
  EXPECT_TRUE(semaphore.AcquireUntil(absl::InfinitePast(), 5).ok());
  semaphore.Release(5);
}

TEST(Semaphore, MoreThanThereIsIsRefusedAtOnce) {
  Semaphore semaphore(2);
  EXPECT_EQ(semaphore.Acquire(3).code(), kInvalid);
  EXPECT_EQ(semaphore.TryAcquire(3).code(), kInvalid);
  CancelHandle cancel = Context::Background().WithCancel();
  EXPECT_EQ(semaphore.Acquire(cancel.context(), 3).code(), kInvalid);
  cancel.Cancel();
  EXPECT_EQ(semaphore.Acquire(cancel.context(), 3).code(), kCancelled) << "that is looked at first";
  EXPECT_EQ(semaphore.AcquireUntil(absl::InfiniteFuture(), 3).code(), kInvalid);
  absl::StatusOr<SemaphorePermit> permit;
  EXPECT_EQ(Select({semaphore.OnAcquire(3, &permit)}), 0);
  EXPECT_EQ(permit.status().code(), kInvalid);
  EXPECT_EQ(semaphore.ApproxAvailable(), 2);
}

TEST(Semaphore, NothingIsTakenAtOnceWhoeverWaits) {
  Semaphore none(0);
  EXPECT_TRUE(none.Acquire(0).ok());
  EXPECT_EQ(none.TryAcquire(1).code(), kInvalid);
  Semaphore semaphore(1);
  ASSERT_TRUE(semaphore.Acquire().ok());
  std::thread waiter([&] { EXPECT_TRUE(semaphore.Acquire().ok()); });
  AwaitTrue([&] { return Waiting(semaphore) == 1; });
  EXPECT_TRUE(semaphore.TryAcquire(0).ok());
  semaphore.Release(0);
  semaphore.Release();
  waiter.join();
}

TEST(Semaphore, ALargeRequestIsNotStarvedBySmallOnes) {
  Semaphore semaphore(10);
  ASSERT_TRUE(semaphore.Acquire(4).ok());
  std::thread large([&] { EXPECT_TRUE(semaphore.Acquire(10).ok()); });
  AwaitTrue([&] { return Waiting(semaphore) == 1; });
  EXPECT_EQ(semaphore.TryAcquire(1).code(), kExhausted) << "there are 6, and somebody was first";
  std::thread small([&] { EXPECT_TRUE(semaphore.Acquire(1).ok()); });
  AwaitTrue([&] { return Waiting(semaphore) == 2; });
  semaphore.Release(4);
  large.join();
  EXPECT_EQ(Waiting(semaphore), 1u);
  semaphore.Release(10);
  small.join();
  EXPECT_EQ(semaphore.ApproxAvailable(), 9);
}

TEST(Semaphore, ServesInArrivalOrder) {
  Semaphore semaphore(1);
  ASSERT_TRUE(semaphore.Acquire().ok());
  std::vector<int> order;  // Guarded by the semaphore.
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      EXPECT_TRUE(semaphore.Acquire().ok());
      order.push_back(i);
      semaphore.Release();
    });
    AwaitTrue([&] { return Waiting(semaphore) == static_cast<size_t>(i + 1); });
  }
  semaphore.Release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

TEST(Semaphore, OneReleaseServesAllWhoFit) {
  Semaphore semaphore(6);
  ASSERT_TRUE(semaphore.Acquire(6).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(semaphore.Acquire(2).ok()); });
  }
  AwaitTrue([&] { return Waiting(semaphore) == 3; });
  semaphore.Release(6);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(semaphore.ApproxAvailable(), 0);
}

TEST(Semaphore, ACancelledLargeRequestLetsThoseBehindItGo) {
  Semaphore semaphore(10);
  ASSERT_TRUE(semaphore.Acquire(4).ok());
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread large([&] { EXPECT_EQ(semaphore.Acquire(cancel.context(), 10).code(), kCancelled); });
  AwaitTrue([&] { return Waiting(semaphore) == 1; });
  std::thread small([&] { EXPECT_TRUE(semaphore.Acquire(2).ok()); });
  AwaitTrue([&] { return Waiting(semaphore) == 2; });
  cancel.Cancel();
  large.join();
  small.join();
  EXPECT_EQ(semaphore.ApproxAvailable(), 4);
}

TEST(Semaphore, ALateLargeRequestLetsThoseBehindItGo) {
  Semaphore semaphore(10);
  ASSERT_TRUE(semaphore.Acquire(4).ok());
  std::thread large([&] {
    absl::Status status;
    do {
      status = semaphore.AcquireUntil(absl::Now() + absl::Milliseconds(20), 10);
    } while (semaphore.ApproxAvailable() == 6);  // Until the small one was there to be held up.
    EXPECT_EQ(status.code(), kLate);
  });
  AwaitTrue([&] { return Waiting(semaphore) == 1; });
  EXPECT_TRUE(semaphore.Acquire(2).ok());
  large.join();
}

// The other case takes effect while the large request is first in the queue.
TEST(Semaphore, ALargeRequestThatWasNotChosenLetsThoseBehindItGo) {
  Semaphore semaphore(10);
  const Channel<int> channel(0);
  ASSERT_TRUE(semaphore.Acquire(4).ok());
  std::thread selecting([&] {
    absl::StatusOr<SemaphorePermit> permit;
    absl::StatusOr<int> value;
    EXPECT_EQ(Select({semaphore.OnAcquire(10, &permit), channel.OnReceive(&value)}), 1);
  });
  AwaitTrue([&] { return Waiting(semaphore) == 1; });
  std::thread small([&] { EXPECT_TRUE(semaphore.Acquire(2).ok()); });
  AwaitTrue([&] { return Waiting(semaphore) == 2; });
  EXPECT_TRUE(channel.Send(1).ok());
  selecting.join();
  small.join();
}

Task<> Take(Semaphore& semaphore, int64_t units) {
  absl::StatusOr<SemaphorePermit> permit;
  co_await AsyncSelect(semaphore.OnAcquire(units, &permit));
}

// A timer that is set to a later moment has who waits look at the clock, and find nothing.
TEST(Semaphore, ASelectKeepsItsPlaceWhenAnotherOfItsCasesWasNotDue) {
  VirtualClock clock;
  Semaphore semaphore(1);
  ASSERT_TRUE(semaphore.Acquire().ok());
  const Timer timer(absl::Seconds(1));
  absl::StatusOr<SemaphorePermit> permit;  // Outlives the thread, so that it is not handed on before it was looked for.
  std::thread selecting([&] {
    absl::StatusOr<absl::Time> now;
    EXPECT_EQ(Select({semaphore.OnAcquire(1, &permit), timer.OnReceive(&now)}), 0);
  });
  clock.AwaitWaiters(1);
  ManualExecutor executor;
  Spawned<> second = Spawn(executor, Take(semaphore, 1));
  executor.RunAll();
  timer.Reset(absl::Hours(1));
  clock.Advance(absl::Seconds(2));
  clock.AwaitWaiters(1);  // It has looked, and waits on.
  semaphore.Release();
  EXPECT_EQ(executor.size(), 0u) << "the one that came second has it";
  executor.RunAll();
  selecting.join();
  permit = absl::CancelledError();
  executor.RunAll();
}

Task<> TakeOrTick(Semaphore& semaphore, Timer timer, int& chosen) {
  absl::StatusOr<SemaphorePermit> permit;
  absl::StatusOr<absl::Time> now;
  chosen = co_await AsyncSelect(semaphore.OnAcquire(1, &permit), timer.OnReceive(&now));
}

TEST(Semaphore, AnAsyncSelectKeepsItsPlaceWhenAnotherOfItsCasesWasNotDue) {
  VirtualClock clock;
  Semaphore semaphore(1);
  ASSERT_TRUE(semaphore.Acquire().ok());
  const Timer timer(absl::Seconds(1));
  ManualExecutor executor;
  int chosen = -1;
  Spawned<> first = Spawn(executor, TakeOrTick(semaphore, timer, chosen));
  executor.RunAll();
  Spawned<> second = Spawn(executor, Take(semaphore, 1));
  executor.RunAll();
  timer.Reset(absl::Hours(1));
  clock.Advance(absl::Seconds(2));
  semaphore.Release();
  EXPECT_TRUE(executor.RunOne());
  EXPECT_EQ(chosen, 0) << "the one that came second has it";
  executor.RunAll();
}

TEST(Semaphore, ACoroutineThatIsStoppedLetsThoseBehindItGo) {
  Semaphore semaphore(10);
  ASSERT_TRUE(semaphore.Acquire(4).ok());
  ManualExecutor executor;
  Spawned<> large = Spawn(executor, Take(semaphore, 10));
  executor.RunAll();
  EXPECT_EQ(Waiting(semaphore), 1u);
  std::thread small([&] { EXPECT_TRUE(semaphore.Acquire(2).ok()); });
  AwaitTrue([&] { return Waiting(semaphore) == 2; });
  large.Stop();
  small.join();
}

TEST(Semaphore, UnitsHandedToACoroutineThatIsStoppedComeBack) {
  Semaphore semaphore(2);
  ASSERT_TRUE(semaphore.Acquire(2).ok());
  ManualExecutor executor;
  Spawned<> taker = Spawn(executor, Take(semaphore, 2));
  executor.RunAll();
  semaphore.Release(2);  // Handed over; the coroutine has not run since.
  EXPECT_EQ(semaphore.ApproxAvailable(), 0);
  taker.Stop();
  EXPECT_EQ(semaphore.ApproxAvailable(), 2);
}

TEST(SemaphorePermit, GivesBackOnceWhenItGoes) {
  Semaphore semaphore(3);
  {
    absl::StatusOr<SemaphorePermit> permit = semaphore.Hold(2);
    ASSERT_TRUE(permit.ok());
    EXPECT_EQ(permit->units(), 2);
    EXPECT_EQ(semaphore.TryHold(2).status().code(), kExhausted);
    SemaphorePermit moved = *std::move(permit);
    SemaphorePermit other = *semaphore.TryHold(1);
    EXPECT_EQ(semaphore.ApproxAvailable(), 0);
    other = std::move(moved);
    EXPECT_EQ(semaphore.ApproxAvailable(), 1);
    other.Release();
    other.Release();
    EXPECT_EQ(semaphore.ApproxAvailable(), 3);
    EXPECT_TRUE(semaphore.Hold(Context::Background(), 3).ok());
    EXPECT_TRUE(semaphore.HoldUntil(absl::InfinitePast(), 3).ok());
  }
  EXPECT_EQ(semaphore.ApproxAvailable(), 3);
}

TEST(SemaphoreSelect, TakesOnlyIfChosen) {
  Semaphore semaphore(1);
  const Channel<int> ready(1);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(ready.TrySend(1).ok());
    std::optional<SemaphorePermit> permit;
    const int chosen =
        Select({semaphore.OnAcquire(1, [&](absl::StatusOr<SemaphorePermit> held) { permit = *std::move(held); }),
                ready.OnReceive([](absl::StatusOr<int>) {})});
    EXPECT_EQ(chosen == 0, permit.has_value());
    EXPECT_EQ(semaphore.ApproxAvailable(), chosen == 0 ? 0 : 1);
    ready.TryReceive().IgnoreError();
  }
  EXPECT_EQ(semaphore.ApproxAvailable(), 1);
}

TEST(Semaphore, NothingIsLostWhenWaitersGiveUp) {
  Semaphore semaphore(3);
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 2'000; ++round) {
        const int64_t units = 1 + (i + round) % 3;
        const absl::Status status =
            i % 2 == 0 ? semaphore.Acquire(units) : semaphore.AcquireUntil(absl::Now() + absl::Microseconds(5), units);
        if (status.ok()) semaphore.Release(units);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(semaphore.ApproxAvailable(), 3);
}

TEST(SemaphoreDeathTest, NegativeUnitsAndGivingBackTooManyFailAtOnce) {
  EXPECT_DEATH(Semaphore(-1), "Semaphore: a negative number of units: -1");
  EXPECT_DEATH(Semaphore(1).Acquire(-1).IgnoreError(), "Semaphore::Acquire: a negative number of units: -1");
  EXPECT_DEATH(Semaphore(1).TryAcquire(-1).IgnoreError(), "Semaphore::TryAcquire: a negative");
  EXPECT_DEATH(Semaphore(1).Release(-1), "Semaphore::Release: a negative number of units: -1");
  EXPECT_DEATH(Semaphore(1).Release(), "Semaphore::Release: 1 units given back, and 0 had been taken");
}

}  // namespace
}  // namespace eventbus
