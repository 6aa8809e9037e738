#include "eventbus/timer.h"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AllocationCount;
using testing::AwaitReceivers;
using testing::AwaitTrue;
using testing::WaitingReceivers;

// How far the wall clock and the steady clock may be apart in one short test.
constexpr absl::Duration kSlack = absl::Milliseconds(1);

TEST(After, GivesTheTimeOnceAndNotBefore) {
  const absl::Time start = absl::Now();
  const ReceiveChannel<absl::Time> timer = After(absl::Milliseconds(3));
  const absl::StatusOr<absl::Time> tick = timer.Receive();
  EXPECT_GE(tick.value(), start + absl::Milliseconds(3) - kSlack);
  EXPECT_LE(tick.value(), absl::Now() + kSlack);
  EXPECT_EQ(timer.TryReceive().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(timer.ReceiveUntil(absl::Now() + absl::Milliseconds(1)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(After, ANonPositiveDelayIsOverAtOnce) {
  EXPECT_TRUE(After(absl::ZeroDuration()).TryReceive().ok());
  EXPECT_TRUE(After(absl::Seconds(-5)).TryReceive().ok());
  EXPECT_TRUE(After(-absl::InfiniteDuration()).TryReceive().ok());
}

TEST(After, AnInfiniteDelayIsNeverOver) {
  const ReceiveChannel<absl::Time> timer = After(absl::InfiniteDuration());
  EXPECT_EQ(timer.TryReceive().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(timer.ReceiveUntil(absl::Now() + absl::Milliseconds(1)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(After, IsNotReadyBeforeItsTime) {
  const ReceiveChannel<absl::Time> timer = After(absl::Hours(1));
  absl::StatusOr<absl::Time> tick;
  EXPECT_EQ(TrySelect({timer.OnReceive(&tick)}), -1);
  EXPECT_EQ(WaitingReceivers(timer), 0u);
}

TEST(After, ThatNobodyAskedUntilLaterStillGivesItsOneValue) {
  const ReceiveChannel<absl::Time> timer = After(absl::Milliseconds(1));
  const absl::Time due = absl::Now() + absl::Milliseconds(2);
  AwaitTrue([&] { return absl::Now() > due; });
  EXPECT_GE(timer.TryReceive().value(), due) << "the time of the receive, not of the tick";
  EXPECT_FALSE(timer.TryReceive().ok());
}

TEST(After, WakesASelectAndLeavesTheOtherCasesAlone) {
  const Channel<int> idle;
  absl::StatusOr<int> slot;
  absl::StatusOr<absl::Time> tick;
  const absl::Time start = absl::Now();
  EXPECT_EQ(Select({idle.OnReceive(&slot), After(absl::Milliseconds(2)).OnReceive(&tick)}), 1);
  EXPECT_GE(tick.value(), start + absl::Milliseconds(2) - kSlack);
  EXPECT_EQ(WaitingReceivers(idle), 0u);
}

TEST(After, TheEarliestOfSeveralIsFirst) {
  absl::StatusOr<absl::Time> tick;
  std::vector<Case> cases;
  cases.push_back(After(absl::Hours(2)).OnReceive(&tick));
  cases.push_back(After(absl::Milliseconds(1)).OnReceive(&tick));
  cases.push_back(After(absl::Hours(1)).OnReceive(&tick));
  EXPECT_EQ(Select(cases), 1);
}

TEST(After, ACaseOfItIsReadyOnce) {
  absl::StatusOr<absl::Time> tick;
  std::vector<Case> cases;
  cases.push_back(After(absl::Milliseconds(1)).OnReceive(&tick));
  EXPECT_EQ(Select(cases), 0);
  EXPECT_EQ(TrySelect(cases), -1);
}

TEST(After, OneOfManyReceiversGetsTheValueAndCloseEndsTheOthers) {
  const ReceiveChannel<absl::Time> timer = After(absl::Milliseconds(1));
  std::atomic<int> ticks{0};
  std::atomic<int> ends{0};
  std::vector<std::thread> receivers;
  for (int i = 0; i < 4; ++i) receivers.emplace_back([&] { ++(timer.Receive().ok() ? ticks : ends); });
  AwaitTrue([&] { return ticks.load() == 1; });
  AwaitReceivers(timer, 3);
  EXPECT_TRUE(timer.Close());
  for (std::thread& receiver : receivers) receiver.join();
  EXPECT_EQ(ticks, 1);
  EXPECT_EQ(ends, 3);
}

TEST(After, ThatWasClosedGivesTheEndAndNoTime) {
  const ReceiveChannel<absl::Time> timer = After(absl::ZeroDuration());
  EXPECT_TRUE(timer.Close());
  EXPECT_EQ(timer.Receive().status().code(), absl::StatusCode::kOutOfRange);
}

TEST(After, CloseWakesAReceiverThatWaitsForAFarTime) {
  const ReceiveChannel<absl::Time> timer = After(absl::Hours(24));
  std::thread receiver([&] { EXPECT_EQ(timer.Receive().status().code(), absl::StatusCode::kOutOfRange); });
  AwaitReceivers(timer, 1);
  timer.Close();
  receiver.join();
}

TEST(After, AWaitForItEndsWithItsContext) {
  const ReceiveChannel<absl::Time> timer = After(absl::Hours(24));
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread receiver(
      [&] { EXPECT_EQ(timer.Receive(cancel.context()).status().code(), absl::StatusCode::kCancelled); });
  AwaitReceivers(timer, 1);
  cancel.Cancel();
  receiver.join();
}

TEST(At, GivesTheTimeNotBefore) {
  const absl::Time time = absl::Now() + absl::Milliseconds(3);
  EXPECT_GE(At(time).Receive().value(), time - kSlack);
}

TEST(At, ATimeThatHasPassedIsOverAtOnce) {
  EXPECT_TRUE(At(absl::Now() - absl::Hours(1)).TryReceive().ok());
  EXPECT_TRUE(At(absl::UnixEpoch()).TryReceive().ok());
  EXPECT_TRUE(At(absl::InfinitePast()).TryReceive().ok());
}

TEST(At, TheInfiniteFutureNeverComes) {
  EXPECT_EQ(At(absl::InfiniteFuture()).TryReceive().status().code(), absl::StatusCode::kUnavailable);
}

TEST(TimerMemory, OneAllocationEach) {
  const int64_t before = AllocationCount();
  const ReceiveChannel<absl::Time> after = After(absl::Hours(1));
  const ReceiveChannel<absl::Time> at = At(absl::InfiniteFuture());
  EXPECT_EQ(AllocationCount(), before + 2);
}

// Bytes of the heap in use. A sanitizer's heap says 0; it reports leaks by itself.
size_t HeapBytes() { return mallinfo2().uordblks; }

TEST(TimerMemory, TenThousandMadeAndDroppedLeaveNothingBehind) {
  const auto make_and_drop = [] {
    absl::StatusOr<absl::Time> tick;
    const ReceiveChannel<absl::Time> timer = After(absl::Hours(1));
    EXPECT_EQ(TrySelect({timer.OnReceive(&tick), At(absl::InfiniteFuture()).OnReceive(&tick)}), -1);
  };
  make_and_drop();
  const size_t before = HeapBytes();
  for (int i = 0; i < 10'000; ++i) make_and_drop();
  EXPECT_LT(HeapBytes(), before + 10'000);
}

}  // namespace
}  // namespace eventbus
