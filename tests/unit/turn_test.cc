#include "eventbus/internal/waiting/turn.h"

#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/primitives/primitives.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::AwaitTrue;

// Waits for the turn until `deadline`; whether it has it.
bool Take(Turn& turn, Instant deadline = Instant::Never()) {
  const Arm arms[] = {{.target = &turn}};
  return SelectAmong(arms, Choice::kListed, deadline).index == 0;
}

void AwaitWaiting(const Turn& turn, size_t count) {
  AwaitTrue([&] { return turn.CountWaiting() == count; });
}

TEST(Turn, IsTakenByOneAtATime) {
  Turn turn;
  EXPECT_TRUE(turn.TryTake());
  EXPECT_FALSE(turn.TryTake());
  turn.Release();
  EXPECT_TRUE(turn.TryTake());
}

TEST(Turn, FreeOneIsTakenWithoutWaiting) {
  Turn turn;
  EXPECT_TRUE(Take(turn, Instant::Past()));
  EXPECT_FALSE(turn.TryTake());
}

TEST(Turn, GoesToTheWaitersInArrivalOrder) {
  constexpr int kWaiters = 8;
  Turn turn;
  std::vector<int> order;  // Guarded by the turn itself.
  std::vector<std::thread> waiters;
  ASSERT_TRUE(turn.TryTake());
  for (int i = 0; i < kWaiters; ++i) {
    waiters.emplace_back([&, i] {
      EXPECT_TRUE(Take(turn));
      order.push_back(i);
      turn.Release();
    });
    AwaitWaiting(turn, i + 1);
  }
  turn.Release();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Turn, ALateComerDoesNotOvertakeAWaiter) {
  Turn turn;
  Atomic<bool> go_on{false};
  ASSERT_TRUE(turn.TryTake());
  std::thread waiter([&] {
    EXPECT_TRUE(Take(turn));
    AwaitTrue([&] { return go_on.load(); });
    turn.Release();
  });
  AwaitWaiting(turn, 1);
  turn.Release();
  EXPECT_FALSE(turn.TryTake()) << "it was handed on, it never was free";
  go_on = true;
  waiter.join();
  EXPECT_TRUE(turn.TryTake());
}

TEST(Turn, SkipsAWaiterThatGaveUp) {
  Turn turn;
  ASSERT_TRUE(turn.TryTake());
  EXPECT_FALSE(Take(turn, SteadyNow() + absl::Milliseconds(1)));
  EXPECT_EQ(turn.CountWaiting(), 0u);
  turn.Release();
  EXPECT_TRUE(turn.TryTake());
}

TEST(Turn, ClosedOneIsWaitedForByNobodyNowOrLater) {
  Turn turn;
  ASSERT_TRUE(turn.TryTake());
  const auto wait = [&] {
    const Arm arms[] = {{.target = &turn}};
    return SelectAmong(arms, Choice::kListed, Instant::Never()).outcome;
  };
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) waiters.emplace_back([&] { EXPECT_EQ(wait(), Outcome::kClosed); });
  AwaitWaiting(turn, 4);
  turn.Close();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(wait(), Outcome::kClosed);
  EXPECT_FALSE(turn.TryTake()) << "who had it has it";
  turn.Release();
  EXPECT_TRUE(turn.TryTake());
}

TEST(Turn, IsNeverHeldTwiceNorLostWhenWaitersGiveUp) {
  Turn turn;
  int64_t holders = 0;  // Guarded by the turn: ThreadSanitizer checks that it is.
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 2'000; ++round) {
        const bool impatient = i % 2 == 0;
        if (!Take(turn, impatient ? SteadyNow() + absl::Microseconds(5) : Instant::Never())) continue;
        EXPECT_EQ(++holders, 1);
        --holders;
        turn.Release();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(turn.TryTake());
}

}  // namespace
}  // namespace eventbus::internal
