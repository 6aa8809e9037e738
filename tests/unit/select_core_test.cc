#include "eventbus/internal/choosing/select_core.h"

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/waiting.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::AllocationCount;
using eventbus::testing::AwaitTrue;

// A counter of permits: an arm takes one. The contract of a selectable and nothing else.
class Permits final : public Selectable {
 public:
  explicit Permits(int permits = 0) : permits_(permits) {}

  // Gives one permit to the oldest waiter, or keeps it.
  void Give() {
    WakeList wakes;
    MutexLock lock(&mutex);
    if (Waiter* waiter = waiting_.PopClaimed()) {
      waiter->outcome = Outcome::kDone;
      wakes.Add(*waiter);
    } else {
      ++permits_;
    }
  }
  // Completes all waiters as closed, and every later arm.
  void End() {
    WakeList wakes;
    MutexLock lock(&mutex);
    ended_ = true;
    waiting_.ClaimAll(Outcome::kClosed, wakes);
  }
  // From `due` on, arms find permits without end.
  void SetDue(Instant due) {
    MutexLock lock(&mutex);
    due_ = due;
  }

  int permits() const {
    MutexLock lock(&mutex);
    return permits_;
  }
  size_t linked() const {
    MutexLock lock(&mutex);
    return waiting_.CountLinked();
  }

  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "permit"; }
  bool TryComplete(Waiter& arm, WakeList&) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (ended_) {
      arm.outcome = Outcome::kClosed;
      return true;
    }
    if (permits_ > 0) {
      --permits_;
    } else if (SteadyNow() < due_) {
      return false;
    }
    arm.outcome = Outcome::kDone;
    return true;
  }
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { waiting_.PushBack(arm); }
  Instant ReadyAt(const Waiter&) const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return due_; }

 private:
  int permits_ ABSL_GUARDED_BY(mutex);
  bool ended_ ABSL_GUARDED_BY(mutex) = false;
  Instant due_ ABSL_GUARDED_BY(mutex) = Instant::Never();
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

TEST(SelectAmong, TakesTheReadyArmAndNothingFromTheOthers) {
  Permits none, some(3), other;
  const Arm arms[] = {{.target = &none}, {.target = &some}, {.target = &other}};
  const Selected selected = SelectAmong(arms, Choice::kFair, Instant::Never());
  EXPECT_EQ(selected.index, 1);
  EXPECT_EQ(selected.outcome, Outcome::kDone);
  EXPECT_EQ(some.permits(), 2);
}

TEST(SelectAmong, NothingReadyAndNoWaitingGivesMinusOneAndLeavesNoWaiter) {
  Permits a, b;
  const Arm arms[] = {{.target = &a}, {.target = &b}};
  EXPECT_EQ(SelectAmong(arms, Choice::kFair, Instant::Past()).index, -1);
  EXPECT_EQ(a.linked(), 0u);
  EXPECT_EQ(b.linked(), 0u);
}

TEST(SelectAmong, NullArmsAreNeverReady) {
  Permits some(1);
  const Arm arms[] = {{}, {.target = &some}, {}};
  EXPECT_EQ(SelectAmong(arms, Choice::kListed, Instant::Never()).index, 1);
  EXPECT_EQ(SelectAmong(arms, Choice::kListed, Instant::Past()).index, -1);
  const Arm nulls[] = {{}, {}};
  EXPECT_EQ(SelectAmong(nulls, Choice::kListed, SteadyNow() + absl::Milliseconds(1)).index, -1);
  EXPECT_EQ(SelectAmong({}, Choice::kFair, Instant::Past()).index, -1);
}

TEST(SelectAmong, IsWokenByOneArmAndLeavesTheOthers) {
  Permits a, b;
  Selected selected{};
  std::thread selecting([&] {
    const Arm arms[] = {{.target = &a}, {.target = &b}};
    selected = SelectAmong(arms, Choice::kFair, Instant::Never());
  });
  AwaitTrue([&] { return a.linked() == 1 && b.linked() == 1; });
  b.Give();
  selecting.join();
  EXPECT_EQ(selected.index, 1);
  EXPECT_EQ(selected.outcome, Outcome::kDone);
  EXPECT_EQ(a.linked(), 0u);
  EXPECT_EQ(b.linked(), 0u);
  a.Give();
  EXPECT_EQ(a.permits(), 1) << "nobody was there to take it";
}

TEST(SelectAmong, ReportsTheOutcomeOfTheArmThatEnded) {
  Permits a, b;
  Selected selected{};
  std::thread selecting([&] {
    const Arm arms[] = {{.target = &a}, {.target = &b}};
    selected = SelectAmong(arms, Choice::kFair, Instant::Never());
  });
  AwaitTrue([&] { return b.linked() == 1; });
  a.End();
  selecting.join();
  EXPECT_EQ(selected.index, 0);
  EXPECT_EQ(selected.outcome, Outcome::kClosed);
}

TEST(SelectAmong, GivesUpAtTheDeadlineAndNotBefore) {
  Permits a;
  const Arm arms[] = {{.target = &a}};
  const Instant deadline = SteadyNow() + absl::Milliseconds(2);
  const Selected selected = SelectAmong(arms, Choice::kFair, deadline);
  EXPECT_EQ(selected.index, -1);
  EXPECT_EQ(selected.outcome, Outcome::kDeadline);
  EXPECT_GE(SteadyNow(), deadline);
  EXPECT_EQ(a.linked(), 0u);
}

TEST(SelectAmong, AReadyArmCountsMoreThanAPassedDeadline) {
  Permits some(1);
  const Arm arms[] = {{.target = &some}};
  EXPECT_EQ(SelectAmong(arms, Choice::kFair, SteadyNow()).index, 0);
}

TEST(SelectAmong, WakesItselfWhenAnArmIsDueByTheClock) {
  Permits by_hand, by_clock;
  const Instant due = SteadyNow() + absl::Milliseconds(2);
  by_clock.SetDue(due);
  const Arm arms[] = {{.target = &by_hand}, {.target = &by_clock}};
  EXPECT_EQ(SelectAmong(arms, Choice::kFair, Instant::Never()).index, 1);
  EXPECT_GE(SteadyNow(), due);
  EXPECT_EQ(by_hand.linked(), 0u);
  EXPECT_EQ(by_clock.linked(), 0u);
}

TEST(SelectAmong, TheEarlierOfDueAndDeadlineDecides) {
  Permits late;
  late.SetDue(SteadyNow() + absl::Hours(1));
  const Arm arms[] = {{.target = &late}};
  EXPECT_EQ(SelectAmong(arms, Choice::kFair, SteadyNow() + absl::Milliseconds(1)).index, -1);
  late.SetDue(SteadyNow() + absl::Milliseconds(1));
  EXPECT_EQ(SelectAmong(arms, Choice::kFair, SteadyNow() + absl::Hours(1)).index, 0);
}

TEST(SelectAmong, TheSameSelectableTwiceGivesOnePermit) {
  Permits some(2);
  const Arm arms[] = {{.target = &some}, {.target = &some}};
  EXPECT_GE(SelectAmong(arms, Choice::kFair, Instant::Never()).index, 0);
  EXPECT_EQ(some.permits(), 1);
}

TEST(SelectAmong, TheSameSelectableTwiceIsLockedOnceAndWokenOnce) {
  Permits twice;
  std::thread selecting([&] {
    const Arm arms[] = {{.target = &twice}, {.target = &twice}};
    EXPECT_EQ(SelectAmong(arms, Choice::kListed, Instant::Never()).index, 0) << "the oldest waiter is the first arm's";
  });
  AwaitTrue([&] { return twice.linked() == 2; });
  twice.Give();
  selecting.join();
  EXPECT_EQ(twice.linked(), 0u);
  EXPECT_EQ(twice.permits(), 0);
}

TEST(SelectAmong, ListedChoiceTakesTheFirstListed) {
  Permits a(1'000), b(1'000);
  const Arm arms[] = {{.target = &b}, {.target = &a}};
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(SelectAmong(arms, Choice::kListed, Instant::Never()).index, 0);
  EXPECT_EQ(SelectAmong(arms, Choice::kListed, Instant::Never()).index, 1);
}

// The bounds are ten standard deviations for two arms.
TEST(SelectAmong, FairChoiceIsEvenAmongTheReadyWhereverTheyStand) {
  constexpr int kRounds = 10'000;
  Permits never, a(kRounds), b(kRounds);
  const std::array<Permits*, 3> orders[] = {{&never, &a, &b}, {&a, &never, &b}, {&a, &b, &never}};
  for (const auto& order : orders) {
    int of_a = 0;
    for (int i = 0; i < kRounds; ++i) {
      const Arm arms[] = {{.target = order[0]}, {.target = order[1]}, {.target = order[2]}};
      Permits* const chosen = order[SelectAmong(arms, Choice::kFair, Instant::Never()).index];
      of_a += chosen == &a;
      chosen->Give();
    }
    EXPECT_GE(of_a, kRounds * 45 / 100);
    EXPECT_LE(of_a, kRounds * 55 / 100);
  }
}

TEST(SelectAmong, FairChoiceReachesEachOfMany) {
  constexpr int kArms = 20;
  std::array<Permits, kArms> permits;
  std::vector<Arm> arms;
  for (Permits& each : permits) {
    each.Give();
    arms.push_back({.target = &each});
  }
  std::array<int, kArms> chosen{};
  for (int i = 0; i < 20'000; ++i) {
    const int index = SelectAmong(arms, Choice::kFair, Instant::Never()).index;
    ++chosen[index];
    permits[index].Give();
  }
  // A mean of 1,000; more than nine standard deviations.
  EXPECT_GT(*std::min_element(chosen.begin(), chosen.end()), 700);
  EXPECT_LT(*std::max_element(chosen.begin(), chosen.end()), 1'300);
}

TEST(SelectAmong, AllocatesNothingForUpToEightArms) {
  std::array<Permits, 8> permits;
  std::vector<Arm> arms;
  for (Permits& each : permits) arms.push_back({.target = &each});
  permits[3].Give();
  const int64_t before = AllocationCount();
  EXPECT_EQ(SelectAmong(arms, Choice::kFair, Instant::Never()).index, 3);
  EXPECT_EQ(SelectAmong(arms, Choice::kFair, SteadyNow() + absl::Microseconds(100)).index, -1);
  EXPECT_EQ(AllocationCount(), before);
}

// A select that was woken by one selectable may still be linked in others for a moment; who comes there must not give a
// permit to it. With permits conserved, none was lost and none was given twice.
TEST(SelectAmong, ConservesPermitsUnderStaleWaitersAndDeadlines) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 3'000;
  std::array<Permits, 3> permits;
  std::array<std::array<Atomic<int>, 3>, 2> counts{};  // Given, taken.
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        // Every other thread lists the selectables the other way round.
        std::array<int, 3> order = {0, 1, 2};
        if (t % 2 == 0) std::reverse(order.begin(), order.end());
        const Arm arms[] = {
            {.target = &permits[order[0]]}, {.target = &permits[order[1]]}, {.target = &permits[order[2]]}};
        const int index = SelectAmong(arms, Choice::kFair, SteadyNow() + absl::Microseconds(round % 20)).index;
        if (index >= 0) ++counts[1][order[index]];
      }
    });
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        const int which = (round + t) % 3;
        ++counts[0][which];
        permits[which].Give();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(counts[0][i].load(), counts[1][i].load() + permits[i].permits());
    EXPECT_EQ(permits[i].linked(), 0u);
  }
}

}  // namespace
}  // namespace eventbus::internal
