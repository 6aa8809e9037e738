// The clock that the library waits by, and one that a test winds by hand.
//
//   TEST(Session, EndsWhenItIsIdleForFiveMinutes) {
//     VirtualClock clock;
//     Session session(absl::Minutes(5));          // has a thread that waits for a request, for five minutes at most
//     clock.AwaitWaiters(1);                      // it waits
//     clock.Advance(absl::Minutes(5));            // takes no time
//     EXPECT_TRUE(session.AwaitEnd());
//   }
//
// While a `VirtualClock` lives, all time in the library is its time: deadlines of contexts, the `...Until` calls,
// `SleepFor`, `After`, `At`, `Tick`, `Timer`, `Watchdog`, tasks that wait with a deadline. It stands still until the test
// moves it. So a test of code that waits neither sleeps nor depends on how fast the machine is.
//
// Use it in tests. Not in a program: it is one clock for the whole process. Code under test that asks for the time itself
// should ask `Clock::Now()`, which costs the same as `absl::Now()`.
//
// How to write such a test: let the code run until it waits (`AwaitWaiters`), move the clock, wait for what follows. A
// thread is not waiting yet because its work looks done; the clock does not know of threads that are about to wait.
//
// What counts as waiting is what the clock alone would wake:
//
// | | counts |
// |---|---|
// | a thread that is blocked with a deadline, or in a select with a timer, however many it has | 1 |
// | a send of a feed that is blocked, for its stall report (`stall_watch.h`), unless those are off | 1 |
// | a task that waits with a deadline or for a timer | 1 |
// | a callback of a context with a deadline, a `Watchdog` | 1 |
// | a `ReadinessFd` of a timer; a `Timer` that was reset to an earlier moment | 1 |
// | a thread or a task that waits for something else, a context or a timer for which nobody waits | 0 |
//
// Cost: with the real clock, two loads more each time that the library reads the clock, and nothing else.
//
// Origin: the fake clocks of clockwork (Go) and of tokio's paused time.

#ifndef EVENTBUS_CLOCK_H_
#define EVENTBUS_CLOCK_H_

#include <cstddef>

#include "absl/time/time.h"

namespace eventbus {

class Clock {
 public:
  Clock() = delete;

  // The wall-clock time by which the library waits: that of the `VirtualClock`, if there is one.
  static absl::Time Now();
};

// Thread-safe but for construction and destruction. One at a time: a second fails at once. Make it before what waits. What
// still waits when it is destroyed waits for the rest of its time by the real clock.
class VirtualClock {
 public:
  // Begins at the present time.
  VirtualClock();
  // Begins at `start`, which lies in the years 1970 to 2200.
  explicit VirtualClock(absl::Time start);
  VirtualClock(const VirtualClock&) = delete;
  VirtualClock& operator=(const VirtualClock&) = delete;
  ~VirtualClock();

  absl::Time Now() const { return Clock::Now(); }

  // Moves the clock on, in one step, by `duration`, which is finite and not negative. Wakes who is due, and returns when what
  // became due has happened so far as it needs no thread of the caller's: callbacks have returned, tasks have been given to
  // their executors, descriptors are readable. Threads that were woken run when the system lets them.
  //
  // One step: who waits for a second again and again has slept once when the clock has moved by ten. Move it by steps where
  // that matters. Not to be called by what the clock itself calls.
  void Advance(absl::Duration duration);

  // Moves the clock to the earliest moment for which somebody waits, and returns as `Advance`. False, and the clock stands
  // still, if nobody waits.
  bool AdvanceToNext();

  // How many wait now.
  size_t waiters() const;

  // Blocks until at least `count` wait.
  void AwaitWaiters(size_t count) const;
};

}  // namespace eventbus

#endif  // EVENTBUS_CLOCK_H_
