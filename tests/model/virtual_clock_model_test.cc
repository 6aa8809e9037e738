// A clock that is moved by hand while threads go to sleep by it.

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/sleep.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;
using internal::SteadyNow;

TEST(VirtualClockModel, AMomentThatComesWhileAThreadGoesToSleep) {
  Explore([] {
    VirtualClock clock;
    const absl::Time until = clock.Now() + absl::Seconds(1);
    Thread sleeper([&] { Check(SleepUntil(Context::Background(), until).ok(), "it comes"); });
    clock.Advance(absl::Seconds(1));
    sleeper.Join();
  });
}

TEST(VirtualClockModel, AnEndWhileAThreadGoesToSleep) {
  Explore([] {
    std::optional<VirtualClock> clock(std::in_place);
    const absl::Time until = clock->Now() + absl::Seconds(1);
    Thread sleeper([&] { Check(SleepUntil(Context::Background(), until).ok(), "it comes, by the real clock"); });
    clock.reset();
    sleeper.Join();
  });
}

TEST(VirtualClockModel, WhoIsAwaitedWaits) {
  Explore([] {
    VirtualClock clock;
    bool over = false;
    Thread sleeper([&] {
      Check(SleepUntil(Context::Background(), Clock::Now() + absl::Seconds(1)).ok(), "it comes");
      over = true;
    });
    clock.AwaitWaiters(1);
    Check(clock.AdvanceToNext(), "somebody waits");
    sleeper.Join();
    Check(over && !clock.AdvanceToNext(), "nobody waits");
  });
}

TEST(VirtualClockModel, AdvanceReturnsWhenCallbacksHaveRun) {
  Explore([] {
    VirtualClock clock;
    const CancelHandle limit = Context::Background().WithTimeout(absl::Seconds(1));
    bool called = false;
    const CancelCallback callback = limit.context().OnCancel([&] {
      SteadyNow();  // A point at which others could come in.
      called = true;
    });
    clock.Advance(absl::Seconds(1));
    Check(called, "it has run");
  });
}

TEST(VirtualClockModel, AnAlarmGoesOnByTheRealClock) {
  Explore([] {
    std::optional<VirtualClock> clock(std::in_place);
    const CancelHandle limit = Context::Background().WithTimeout(absl::Seconds(1));
    internal::Event called;
    const CancelCallback callback = limit.context().OnCancel([&] { called.Happen(); });
    clock.reset();
    called.Wait();
  });
}

// The thread that rings alarms stays for a while, and time becomes virtual while it goes to sleep.
TEST(VirtualClockModel, OnlyWhoWaitsIsCounted) {
  Explore([] {
    {
      const CancelHandle limit = Context::Background().WithTimeout(absl::Hours(1));
      const CancelCallback callback = limit.context().OnCancel([] {});
    }
    VirtualClock clock;
    Check(clock.waiters() == 0, "nobody waits");
  });
}

TEST(VirtualClockModel, AValueInTheInstantOfTheDeadline) {
  Explore([] {
    VirtualClock clock;
    const Channel<int> channel;
    const absl::Time until = clock.Now() + absl::Seconds(1);
    bool received = false;
    Thread receiver([&] { received = channel.ReceiveUntil(until).ok(); });
    Thread mover([&] { clock.Advance(absl::Seconds(1)); });
    const bool sent = channel.TrySend(1).ok();
    receiver.Join();
    mover.Join();
    Check(sent == received, "given or kept");
  });
}

}  // namespace
}  // namespace eventbus
