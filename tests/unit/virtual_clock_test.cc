#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/inline_executor.h"
#include "eventbus/select.h"
#include "eventbus/sleep.h"
#include "eventbus/task.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

constexpr absl::StatusCode kLate = absl::StatusCode::kDeadlineExceeded;

TEST(Clock, IsTheWallClockUnlessThereIsAVirtualOne) {
  const absl::Time before = absl::Now() - absl::Milliseconds(1);
  EXPECT_GE(Clock::Now(), before);
  EXPECT_LE(Clock::Now(), absl::Now() + absl::Milliseconds(1));
  const absl::Time start = absl::FromUnixSeconds(1'000'000'000);
  {
    VirtualClock clock(start);
    EXPECT_EQ(Clock::Now(), start);
    clock.Advance(absl::Hours(3));
    EXPECT_EQ(clock.Now(), start + absl::Hours(3));
    EXPECT_EQ(Clock::Now(), start + absl::Hours(3));
  }
  EXPECT_GE(Clock::Now(), before);
  EXPECT_LE(Clock::Now(), absl::Now() + absl::Milliseconds(1));
}

TEST(VirtualClock, EachOfThoseThatAdvanceItAtOnceMovesIt) {
  constexpr int kSteps = 2'000;
  VirtualClock clock;
  const absl::Time start = clock.Now();
  const auto advance = [&] {
    for (int i = 0; i < kSteps; ++i) clock.Advance(absl::Seconds(1));
  };
  std::thread other(advance);
  advance();
  other.join();
  EXPECT_EQ(clock.Now() - start, absl::Seconds(2 * kSteps));
}

TEST(VirtualClock, StandsStill) {
  VirtualClock clock;
  const CancelHandle limit = Context::Background().WithTimeout(absl::Nanoseconds(1));
  const ReceiveChannel<absl::Time> timer = After(absl::Nanoseconds(1));
  EXPECT_FALSE(limit.context().done());
  EXPECT_FALSE(timer.TryReceive().ok());
  clock.Advance(absl::ZeroDuration());
  EXPECT_FALSE(limit.context().done());
  clock.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(limit.context().status().code(), kLate);
  EXPECT_EQ(*timer.TryReceive(), clock.Now());
}

TEST(VirtualClock, WakesEveryKindOfWaitWhenItIsDueAndNotBefore) {
  VirtualClock clock;
  const Channel<int> empty;
  const Channel<int> full;
  std::atomic<int> over{0};
  std::vector<std::thread> threads;
  const auto wait = [&](auto call) {
    threads.emplace_back([&over, call] {
      call();
      ++over;
    });
  };
  const absl::Time hour = clock.Now() + absl::Hours(1);
  const CancelHandle limit = Context::Background().WithDeadline(hour);
  const CancelHandle alive = Context::Background().WithCancel();
  wait([&] { EXPECT_EQ(empty.ReceiveUntil(hour).status().code(), kLate); });
  wait([&] { EXPECT_EQ(full.SendUntil(hour, 1).code(), kLate); });
  wait([&] { EXPECT_EQ(empty.Receive(limit.context()).status().code(), kLate); });
  wait([&] { EXPECT_TRUE(SleepFor(alive.context(), absl::Minutes(60) - absl::Nanoseconds(1)).ok()); });
  wait([&] { EXPECT_EQ(Select({limit.context().OnDone()}), 0); });
  wait([&] { EXPECT_EQ(SelectUntil(hour, {Case::Never()}), -1); });
  wait([&] { EXPECT_TRUE(After(absl::Hours(1)).Receive().ok()); });
  wait([&] { EXPECT_TRUE(Tick(absl::Hours(1)).Receive().ok()); });
  clock.AwaitWaiters(8);
  clock.Advance(absl::Hours(1) - absl::Nanoseconds(2));
  EXPECT_EQ(clock.waiters(), 8u);
  EXPECT_EQ(over, 0);
  clock.Advance(absl::Nanoseconds(2));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(clock.waiters(), 0u);
}

TEST(VirtualClock, AdvanceToNextGoesFromOneToTheNext) {
  VirtualClock clock;
  const absl::Time start = clock.Now();
  EXPECT_FALSE(clock.AdvanceToNext());
  const CancelHandle alive = Context::Background().WithCancel();
  std::vector<std::thread> sleepers;
  for (int hours = 3; hours > 0; --hours) {
    sleepers.emplace_back([&, hours] { EXPECT_TRUE(SleepFor(alive.context(), absl::Hours(hours)).ok()); });
  }
  clock.AwaitWaiters(3);
  for (int hours = 1; hours <= 3; ++hours) {
    EXPECT_TRUE(clock.AdvanceToNext());
    EXPECT_EQ(clock.Now(), start + absl::Hours(hours));
    EXPECT_EQ(clock.waiters(), 3u - static_cast<size_t>(hours));
  }
  EXPECT_FALSE(clock.AdvanceToNext());
  for (std::thread& sleeper : sleepers) sleeper.join();
}

TEST(VirtualClock, AdvanceReturnsWhenCallbacksHaveRun) {
  VirtualClock clock;
  const CancelHandle limit = Context::Background().WithTimeout(absl::Hours(1));
  int calls = 0;
  const CancelCallback callback = limit.context().OnCancel([&] { ++calls; });
  EXPECT_EQ(clock.waiters(), 1u);
  clock.Advance(absl::Minutes(59));
  EXPECT_EQ(calls, 0);
  clock.Advance(absl::Minutes(1));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(clock.waiters(), 0u);
}

Task<> CountTicks(int& count) {
  const ReceiveChannel<absl::Time> tick = Tick(absl::Seconds(1));
  while (count < 3) {
    const absl::StatusOr<absl::Time> time = co_await tick.AsyncReceive();
    if (!time.ok()) co_return;
    ++count;
  }
}

TEST(VirtualClock, AdvanceReturnsWhenTasksHaveRunInlineOrWereSubmitted) {
  VirtualClock clock;
  InlineExecutor executor;
  int count = 0;
  Spawned<> task = Spawn(executor, CountTicks(count));
  for (int second = 1; second <= 3; ++second) {
    EXPECT_EQ(clock.waiters(), 1u);
    clock.Advance(absl::Seconds(1));
    EXPECT_EQ(count, second);
  }
  EXPECT_TRUE(task.done());
}

TEST(VirtualClock, AThreadThatIsServedIsNotWokenByTheClock) {
  VirtualClock clock;
  const Channel<int> channel;
  std::thread receiver([&] { EXPECT_EQ(*channel.ReceiveUntil(clock.Now() + absl::Hours(1)), 7); });
  clock.AwaitWaiters(1);
  ASSERT_TRUE(channel.Send(7).ok());
  receiver.join();
  EXPECT_EQ(clock.waiters(), 0u);
}

TEST(VirtualClock, AwaitWaitersCountsWhoSleepsAgain) {
  VirtualClock clock;
  std::atomic<int> rounds{0};
  const CancelHandle alive = Context::Background().WithCancel();
  std::thread poller([&] {
    while (rounds < 100 && SleepFor(alive.context(), absl::Seconds(1)).ok()) ++rounds;
  });
  for (int round = 0; round < 100; ++round) {
    clock.AwaitWaiters(1);
    EXPECT_EQ(rounds, round);
    clock.Advance(absl::Seconds(1));
  }
  poller.join();
  EXPECT_EQ(rounds, 100);
}

TEST(VirtualClock, WhoStillWaitsWhenItGoesGoesOnByTheRealOne) {
  std::optional<VirtualClock> clock(std::in_place);
  const Channel<int> channel;
  std::thread receiver([&] { EXPECT_EQ(*channel.ReceiveUntil(Clock::Now() + absl::Hours(1)), 7); });
  clock->AwaitWaiters(1);
  std::thread sleeper(
      [&] { EXPECT_EQ(channel.ReceiveUntil(Clock::Now() + absl::Milliseconds(5)).status().code(), kLate); });
  clock->AwaitWaiters(2);
  clock.reset();
  sleeper.join();  // After a few real milliseconds.
  ASSERT_TRUE(channel.Send(7).ok());
  receiver.join();
}

TEST(VirtualClock, WhatIsLeftOfATimeIsLeftWhenItGoes) {
  std::optional<VirtualClock> clock(std::in_place);
  const CancelHandle limit = Context::Background().WithTimeout(absl::Hours(2));
  const CancelHandle late = Context::Background().WithTimeout(absl::Hours(1));
  const ReceiveChannel<absl::Time> timer = After(absl::Hours(1));
  clock->Advance(absl::Hours(1));
  EXPECT_TRUE(late.context().done());
  clock.reset();
  EXPECT_FALSE(limit.context().done());
  EXPECT_TRUE(late.context().done());
  EXPECT_TRUE(timer.TryReceive().ok());
  const Channel<int> nothing;
  EXPECT_EQ(nothing.ReceiveUntil(Clock::Now() + absl::Milliseconds(2)).status().code(), kLate) << "in real time";
  EXPECT_TRUE(After(absl::Milliseconds(2)).Receive().ok());
}

TEST(VirtualClock, AThousandOneAfterTheOther) {
  for (int i = 0; i < 1000; ++i) {
    VirtualClock clock;
    const CancelHandle limit = Context::Background().WithTimeout(absl::Seconds(1));
    bool called = false;
    const CancelCallback callback = limit.context().OnCancel([&] { called = true; });
    clock.Advance(absl::Seconds(1));
    EXPECT_TRUE(called);
  }
}

TEST(VirtualClock, MovedFromManyThreadsWhileManySleep) {
  VirtualClock clock;
  const CancelHandle alive = Context::Background().WithCancel();
  std::vector<std::thread> sleepers;
  for (int t = 0; t < 4; ++t) {
    sleepers.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) EXPECT_TRUE(SleepFor(alive.context(), absl::Milliseconds(1 + (i + t) % 5)).ok());
    });
  }
  std::atomic<bool> over{false};
  std::vector<std::thread> movers;
  for (int t = 0; t < 2; ++t) {
    movers.emplace_back([&] {
      while (!over) {
        clock.Advance(absl::Milliseconds(1));
        std::this_thread::yield();
      }
    });
  }
  for (std::thread& sleeper : sleepers) sleeper.join();
  over = true;
  for (std::thread& mover : movers) mover.join();
}

TEST(VirtualClockDeathTest, WhatCannotBeFailsAtOnce) {
  VirtualClock clock;
  EXPECT_DEATH(VirtualClock(), "VirtualClock: there is one already");
  EXPECT_DEATH(clock.Advance(absl::Seconds(-1)), "Advance: the duration must be finite and not negative");
  EXPECT_DEATH(clock.Advance(absl::InfiniteDuration()), "finite");
  EXPECT_DEATH(VirtualClock{absl::InfiniteFuture()}, "not in the years");
  EXPECT_DEATH(VirtualClock{absl::InfinitePast()}, "not in the years");
}

}  // namespace
}  // namespace eventbus
