#include "eventbus/wait_group.h"

#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/async_select.h"
#include "eventbus/context.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

size_t Waiting(WaitGroup& group) { return internal::CoreAccess::core(group).CountWaiting(); }

TEST(WaitGroup, AtZeroNobodyWaits) {
  WaitGroup group;
  group.Wait();
  EXPECT_TRUE(group.Wait(Context::Background()).ok());
  EXPECT_TRUE(group.WaitUntil(absl::InfinitePast()).ok());
  EXPECT_EQ(TrySelect({group.OnZero()}), 0);
}

TEST(WaitGroup, TheLastDoneWakesAllAndShowsWhatWasDone) {
  WaitGroup group;
  group.Add(3);
  int result = 0;  // ThreadSanitizer checks that `Done` orders it.
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] {
      group.Wait();
      EXPECT_EQ(result, 7);
    });
  }
  AwaitTrue([&] { return Waiting(group) == 4; });
  group.Done();
  group.Add(-1);
  EXPECT_EQ(Waiting(group), 4u);
  EXPECT_EQ(group.ApproxCount(), 1);
  result = 7;
  group.Done();
  for (std::thread& waiter : waiters) waiter.join();
}

TEST(WaitGroup, CancellationIsLookedAtFirst) {
  WaitGroup group;
  CancelHandle cancel = Context::Background().WithCancel();
  cancel.Cancel();
  EXPECT_EQ(group.Wait(cancel.context()).code(), absl::StatusCode::kCancelled);
}

TEST(WaitGroup, AWaitThatIsCancelledLeavesNothing) {
  WaitGroup group;
  group.Add();
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread waiter([&] { EXPECT_EQ(group.Wait(cancel.context()).code(), absl::StatusCode::kCancelled); });
  AwaitTrue([&] { return Waiting(group) == 1; });
  cancel.Cancel();
  waiter.join();
  EXPECT_EQ(Waiting(group), 0u);
  EXPECT_EQ(group.WaitUntil(absl::Now() + absl::Microseconds(10)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(group.Wait(Context::Background().WithTimeout(absl::Microseconds(10)).context()).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Waiting(group), 0u);
  group.Done();
}

TEST(WaitGroup, ReuseAfterZeroWakesThoseOfTheFormerRound) {
  WaitGroup group;
  for (int round = 0; round < 100; ++round) {
    group.Add();
    std::thread waiter([&] { group.Wait(); });
    AwaitTrue([&] { return Waiting(group) == 1; });
    group.Done();
    group.Add();  // The waiter may not have run yet; it goes on all the same.
    waiter.join();
    EXPECT_EQ(group.WaitUntil(absl::InfinitePast()).code(), absl::StatusCode::kDeadlineExceeded) << "the next round";
    group.Done();
  }
}

TEST(WaitGroup, WhoWaitedMayDestroyIt) {
  for (int round = 0; round < 2'000; ++round) {
    auto group = std::make_unique<WaitGroup>();
    group->Add();
    std::thread worker([&group = *group] { group.Done(); });
    group->Wait();
    group.reset();
    worker.join();
  }
}

Task<> AwaitZero(WaitGroup& group, bool& zero) {
  co_await AsyncSelect(group.OnZero([&zero] { zero = true; }));
}

TEST(WaitGroup, IsACaseForThreadsAndCoroutines) {
  WaitGroup group;
  group.Add();
  EXPECT_EQ(TrySelect({group.OnZero()}), -1);
  ManualExecutor executor;
  bool zero = false;
  Spawned<> waits = Spawn(executor, AwaitZero(group, zero));
  executor.RunAll();
  EXPECT_FALSE(waits.done());
  group.Done();
  executor.RunAll();
  EXPECT_TRUE(waits.done());
  EXPECT_TRUE(zero);
}

TEST(WaitGroup, AddingNothingAndAMillion) {
  WaitGroup group;
  group.Add(0);
  group.Wait();
  group.Add(1'000'000);
  for (int i = 0; i < 1'000'000; ++i) group.Done();
  group.Wait();
}

TEST(WaitGroupDeathTest, ANegativeCountAndAnOverflowFailAtOnce) {
  EXPECT_DEATH(WaitGroup().Done(), "WaitGroup::Done: the count would be negative: -1");
  EXPECT_DEATH(WaitGroup().Add(-2), "WaitGroup::Add: the count would be negative: -2");
  EXPECT_DEATH(
      {
        WaitGroup group;
        group.Add(std::numeric_limits<int64_t>::max());
        group.Add();
      },
      "WaitGroup::Add: the count of 9223372036854775807 overflows");
}

}  // namespace
}  // namespace eventbus
