// Timers that are set while somebody waits for them, and watchdogs that are kicked as they fire.

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/select.h"
#include "eventbus/timer.h"
#include "eventbus/watchdog.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;
using internal::Instant;
using internal::SteadyNow;

TEST(TimerModel, AResetWhileAThreadGoesToSleepForANeverDueTimer) {
  Explore([] {
    const Timer timer;
    Thread receiver([&] { Check(timer.Receive().ok(), "it is due some time"); });
    timer.Reset(absl::Seconds(1));
    receiver.Join();
    Check(!timer.TryReceive().ok(), "once");
  });
}

TEST(TimerModel, AStopAgainstAReceive) {
  Explore([] {
    const Timer timer(absl::Seconds(1));
    const absl::Time late = Clock::Now() + absl::Seconds(2);
    bool received = false;
    Thread receiver([&] { received = timer.ReceiveUntil(late).ok(); });
    const bool stopped = timer.Stop();
    Check(!timer.TryReceive().ok(), "a stale tick");
    receiver.Join();
    Check(received != stopped, "one of the two has it");
  });
}

TEST(TimerModel, AStopAgainstTheAlarm) {
  Explore([] {
    const Timer timer;
    const absl::Time late = Clock::Now() + absl::Seconds(2);
    bool received = false;
    Thread receiver([&] { received = timer.ReceiveUntil(late).ok(); });
    timer.Reset(absl::Seconds(1));
    const bool stopped = timer.Stop();
    Check(!timer.TryReceive().ok(), "a stale tick");
    receiver.Join();
    Check(received != stopped, "one of the two has it");
  });
}

TEST(WatchdogModel, AKickInTheInstantOfTheShot) {
  Explore([] {
    Instant earliest = SteadyNow() + absl::Seconds(1);
    Watchdog dog(absl::Seconds(1));
    Thread kicker([&] {
      SelectUntil(Clock::Now() + absl::Milliseconds(500),
                  {Case::Never()});  // Or no kick would be later than the start.
      const Instant before = SteadyNow();
      if (dog.Kick()) earliest = before + absl::Seconds(1);
    });
    Select({dog.context().OnDone()});
    const Instant fired = SteadyNow();
    kicker.Join();
    Check(fired >= earliest, "a kick that returned true counts");
    Check(!dog.Kick(), "it has fired");
  });
}

TEST(WatchdogModel, AStopAgainstTheShot) {
  Explore([] {
    Watchdog dog(absl::Seconds(1));
    Thread waiter([&] { SelectUntil(Clock::Now() + absl::Seconds(2), {Case::Never()}); });  // Time passes.
    dog.Stop();
    const bool fired = dog.context().done();
    waiter.Join();
    Check(dog.context().done() == fired, "it does not fire any more");
  });
}

}  // namespace
}  // namespace eventbus
