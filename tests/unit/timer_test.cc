#include "eventbus/timer.h"

#include <malloc.h>
#include <poll.h>

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
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/inline_executor.h"
#include "eventbus/internal/waiting/alarm.h"
#include "eventbus/readiness_fd.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
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

TEST(Tick, GivesATimeEveryPeriodAndNotBefore) {
  VirtualClock clock;
  const absl::Time start = clock.Now();
  const ReceiveChannel<absl::Time> tick = Tick(absl::Seconds(2));
  for (int n = 1; n <= 3; ++n) {
    clock.Advance(absl::Seconds(2) - absl::Nanoseconds(1));
    EXPECT_FALSE(tick.TryReceive().ok());
    clock.Advance(absl::Nanoseconds(1));
    EXPECT_EQ(*tick.TryReceive(), start + n * absl::Seconds(2));
    EXPECT_FALSE(tick.TryReceive().ok());
  }
}

TEST(Tick, ASlowReceiverGetsOneForWhatItMissedAndTheNextInTime) {
  VirtualClock clock;
  const ReceiveChannel<absl::Time> tick = Tick(absl::Seconds(1));
  clock.Advance(absl::Milliseconds(3500));
  EXPECT_TRUE(tick.TryReceive().ok());
  EXPECT_FALSE(tick.TryReceive().ok());
  clock.Advance(absl::Milliseconds(499));
  EXPECT_FALSE(tick.TryReceive().ok());
  clock.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(tick.TryReceive().ok()) << "the fourth second";
}

TEST(Tick, EndsWithClose) {
  VirtualClock clock;
  const ReceiveChannel<absl::Time> tick = Tick(absl::Seconds(1));
  clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(tick.Close());
  EXPECT_EQ(tick.Receive().status().code(), absl::StatusCode::kOutOfRange);
}

TEST(Tick, WakesAThreadAgainAndAgain) {
  const ReceiveChannel<absl::Time> tick = Tick(absl::Microseconds(200));
  absl::Time last = absl::InfinitePast();
  for (int i = 0; i < 20; ++i) {
    const absl::StatusOr<absl::Time> time = tick.Receive();
    EXPECT_GT(time.value(), last);
    last = *time;
  }
}

TEST(Tick, OfALongPeriodDoesNotOverflow) {
  VirtualClock clock;
  const ReceiveChannel<absl::Time> tick = Tick(absl::InfiniteDuration());
  const ReceiveChannel<absl::Time> rare = Tick(absl::Hours(24 * 365 * 200));
  clock.Advance(absl::Hours(24 * 365 * 100));
  EXPECT_FALSE(tick.TryReceive().ok());
  EXPECT_FALSE(rare.TryReceive().ok());
}

TEST(TickDeathTest, APeriodThatIsNotPositiveFailsAtOnce) {
  EXPECT_DEATH(Tick(absl::ZeroDuration()).Close(), "Tick: the period must be at least a nanosecond");
  EXPECT_DEATH(Tick(absl::Nanoseconds(1) / 2).Close(), "Tick: the period must be at least a nanosecond");
  EXPECT_DEATH(Tick(-absl::InfiniteDuration()).Close(), "Tick: the period must be at least a nanosecond");
}

TEST(Timer, StateByState) {
  VirtualClock clock;
  const Timer timer(absl::Seconds(1));
  EXPECT_TRUE(timer.Reset(absl::Seconds(2))) << "it was set";
  clock.Advance(absl::Seconds(1));
  EXPECT_FALSE(timer.TryReceive().ok()) << "the earlier setting is gone";
  clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(timer.Reset(absl::Seconds(1))) << "it was due, and nobody had received";
  EXPECT_FALSE(timer.TryReceive().ok()) << "a stale tick";
  clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(timer.TryReceive().ok());
  EXPECT_FALSE(timer.Stop()) << "it was received";
  EXPECT_FALSE(timer.Reset(absl::ZeroDuration()));
  EXPECT_TRUE(timer.Stop()) << "due at once";
  EXPECT_FALSE(timer.TryReceive().ok()) << "a stale tick";
  EXPECT_FALSE(timer.Stop());
  EXPECT_FALSE(timer.Reset(absl::InfiniteDuration()));
  EXPECT_FALSE(timer.Reset(absl::Seconds(-1)));
  EXPECT_TRUE(timer.TryReceive().ok());
}

TEST(Timer, MadeWithoutATimeIsStopped) {
  VirtualClock clock;
  const Timer timer;
  const Timer copy = timer;
  EXPECT_TRUE(copy == timer);
  clock.Advance(absl::Hours(1));
  EXPECT_FALSE(timer.TryReceive().ok());
  EXPECT_FALSE(copy.Reset(absl::Hours(1)));
  clock.Advance(absl::Hours(1));
  EXPECT_TRUE(timer.TryReceive().ok());
}

TEST(Timer, ClosedGivesNothingWhateverIsSet) {
  const Timer timer(absl::ZeroDuration());
  timer.Close();
  EXPECT_FALSE(timer.Reset(absl::ZeroDuration()));
  EXPECT_EQ(timer.Receive().status().code(), absl::StatusCode::kOutOfRange);
}

TEST(Timer, AResetToAnEarlierTimeWakesWhoWaits) {
  VirtualClock clock;
  const Timer timer(absl::Hours(2));
  std::thread receiver([&] { EXPECT_TRUE(timer.Receive().ok()); });
  clock.AwaitWaiters(1);
  EXPECT_TRUE(timer.Reset(absl::Hours(1)));
  EXPECT_EQ(clock.waiters(), 2u) << "the thread, and the alarm";
  clock.Advance(absl::Hours(1));
  receiver.join();
  const Timer stopped;
  std::thread selecter([&] {
    absl::StatusOr<absl::Time> tick;
    EXPECT_EQ(Select({stopped.OnReceive(&tick)}), 0);
  });
  AwaitReceivers(stopped, 1);
  stopped.Reset(absl::ZeroDuration());
  selecter.join();
}

TEST(Timer, AResetToALaterTimeOrAStopLetsWhoWaitsSleepOn) {
  VirtualClock clock;
  const Timer timer(absl::Hours(1));
  std::atomic<bool> received{false};
  std::thread receiver([&] {
    EXPECT_TRUE(timer.Receive().ok());
    received = true;
  });
  clock.AwaitWaiters(1);
  EXPECT_TRUE(timer.Reset(absl::Hours(2)));
  EXPECT_EQ(clock.waiters(), 1u) << "no alarm is needed";
  clock.Advance(absl::Hours(1));
  clock.AwaitWaiters(1);  // It has looked, and sleeps on.
  EXPECT_FALSE(received);
  EXPECT_TRUE(timer.Stop());
  clock.Advance(absl::Hours(1));
  AwaitReceivers(timer, 1);
  EXPECT_FALSE(received);
  EXPECT_FALSE(timer.Reset(absl::Hours(1)));
  clock.AwaitWaiters(1);
  clock.Advance(absl::Hours(1));
  receiver.join();
}

Task<> ReceiveFrom(Timer timer) { EXPECT_TRUE((co_await timer.AsyncReceive()).ok()); }

TEST(Timer, ATaskThatWaitsFollowsTheReset) {
  VirtualClock clock;
  InlineExecutor executor;
  for (const absl::Duration first : {absl::Hours(2), absl::Minutes(1), absl::InfiniteDuration()}) {
    const Timer timer(first);
    Spawned<> task = Spawn(executor, ReceiveFrom(timer));
    timer.Reset(absl::Hours(1));
    clock.Advance(absl::Minutes(59));
    EXPECT_FALSE(task.done());
    clock.Advance(absl::Minutes(1));
    EXPECT_TRUE(task.done());
    EXPECT_EQ(clock.waiters(), 0u);
  }
}

TEST(Timer, AReadinessFdFollowsTheReset) {
  VirtualClock clock;
  const auto is_readable = [](const ReadinessFd& ready) {
    pollfd polled = {.fd = ready.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, 0) == 1;
  };
  const Timer timer(absl::Hours(2));
  const ReadinessFd ready{ReceiveChannel<absl::Time>(timer)};
  EXPECT_TRUE(timer.Reset(absl::Hours(1)));
  clock.Advance(absl::Hours(1));
  EXPECT_TRUE(is_readable(ready));
  EXPECT_TRUE(timer.Reset(absl::Hours(3)));
  EXPECT_FALSE(is_readable(ready));
  clock.Advance(absl::Hours(1));  // Where the alarm was first set.
  EXPECT_FALSE(is_readable(ready));
  clock.Advance(absl::Hours(2));
  EXPECT_TRUE(is_readable(ready));
  EXPECT_TRUE(timer.Stop());
  EXPECT_FALSE(is_readable(ready));
}

TEST(Timer, ResetInALoopThatWaitsNeedsNoAlarm) {
  VirtualClock clock;
  const Channel<int> requests(1);
  const Timer idle(absl::Minutes(5));
  const size_t alarms = internal::AlarmClock::Get().size();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(requests.Send(i).ok());
    absl::StatusOr<int> request;
    absl::StatusOr<absl::Time> now;
    EXPECT_EQ(Select({requests.OnReceive(&request), idle.OnReceive(&now)}), 0);
    clock.Advance(absl::Minutes(4));
    EXPECT_TRUE(idle.Reset(absl::Minutes(5)));
  }
  EXPECT_EQ(internal::AlarmClock::Get().size(), alarms);
}

TEST(Timer, AStaleTickIsNeverReceivedInRealTime) {
  const Timer timer;
  std::atomic<int64_t> received{0};
  std::vector<std::thread> receivers;
  for (int t = 0; t < 2; ++t) {
    receivers.emplace_back([&] {
      while (timer.Receive().ok()) ++received;
    });
  }
  int64_t set = 0;
  int64_t revoked = 0;
  for (int i = 0; i < 5000; ++i) {
    ++set;
    revoked += timer.Reset(absl::Microseconds(i % 20));
    if (i % 3 == 0) revoked += timer.Stop();
    if (i % 7 == 0) std::this_thread::yield();
  }
  revoked += timer.Stop();
  const int64_t given = set - revoked;  // Those of which nobody took back.
  AwaitTrue([&] { return received.load() == given; });
  timer.Close();
  for (std::thread& receiver : receivers) receiver.join();
  EXPECT_EQ(received, given);
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

TEST(TimerMemory, TenThousandTickersAndTimersMadeAndDroppedLeaveNothing) {
  const size_t alarms = internal::AlarmClock::Get().size();
  const int64_t live = testing::LiveAllocations();
  for (int i = 0; i < 10'000; ++i) {
    absl::StatusOr<absl::Time> now;
    const ReceiveChannel<absl::Time> tick = Tick(absl::Hours(1));
    const Timer timer(absl::Hours(1));
    EXPECT_EQ(TrySelect({tick.OnReceive(&now), timer.OnReceive(&now)}), -1);
    timer.Reset(absl::Minutes(1));
  }
  EXPECT_EQ(testing::LiveAllocations(), live);
  EXPECT_EQ(internal::AlarmClock::Get().size(), alarms);
}

TEST(TimerMemory, ATimerThatHadAnAlarmTakesItAlong) {
  const size_t alarms = internal::AlarmClock::Get().size();
  {
    const Timer timer;
    CancelHandle cancel = Context::Background().WithCancel();
    std::thread receiver([&] { EXPECT_FALSE(timer.Receive(cancel.context()).ok()); });
    AwaitReceivers(timer, 1);
    timer.Reset(absl::Hours(1));
    EXPECT_EQ(internal::AlarmClock::Get().size(), alarms + 1);
    cancel.Cancel();
    receiver.join();
  }
  EXPECT_EQ(internal::AlarmClock::Get().size(), alarms);
}

}  // namespace
}  // namespace eventbus
