// Notices that something has stopped: a context that is cancelled when nobody has kicked it for a period.
//
//   Watchdog alive(absl::Seconds(10), {.name = "price feed"});
//   const CancelCallback restart = alive.context().OnCancel([&] { RequestRestart(); });
//   while (absl::StatusOr<Price> price = prices.Receive(alive.context()); price.ok()) {
//     alive.Kick();
//     Use(*price);
//   }
//
// Use it where silence is the failure: a peer that should be heard of, a loop that should go round, a lease that somebody
// should renew. For a limit on one operation use `context.WithTimeout`; for something to do each period, `Tick` (`timer.h`).
//
// | | kicked in time | not kicked for a period | stopped |
// |---|---|---|---|
// | `context()` | alive | cancelled; its cause is `kDeadlineExceeded` and names the watchdog | as it was |
// | `Kick()` | true | false | true, unless it was late |
//
// Guarantees: it fires no earlier than a period after the last `Kick` that returned true, and once; kicked every half period
// it never fires, however late the thread is that watches. When `Stop` has returned it does not fire any more, and no
// callback of its context is running because of it, unless in this thread. The period is measured on the steady clock, or on
// that of a `VirtualClock`.
//
// The watching is done by the thread that the process has for alarms: callbacks of `OnCancel` run there.
//
// Cost: two allocations; an alarm for each. `Kick` reads the clock and changes one word: no lock, no allocation, any number of
// threads at once. The alarm rings once a period at most.
//
// Origin: the watchdog timers of embedded systems.

#ifndef EVENTBUS_WATCHDOG_H_
#define EVENTBUS_WATCHDOG_H_

#include <string>

#include "absl/time/time.h"
#include "eventbus/context.h"
#include "eventbus/internal/ground/ref_counted.h"

namespace eventbus {

namespace internal {
class WatchdogState;
}

struct WatchdogOptions {
  // For people: in the cause.
  std::string name = {};
  // Above its context.
  Context parent = Context::Background();
};

// Neither movable nor copyable. Thread-safe but for destruction, which stops it and cancels its context.
class Watchdog {
 public:
  // Begins now, as if just kicked. `period` is at least a nanosecond: else fails at once; if it is infinite, it never fires.
  // Throws `std::system_error` if the system refuses the thread for alarms.
  explicit Watchdog(absl::Duration period, WatchdogOptions options = {});
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  // It is not to fire for another period. False if that comes too late: it has fired, or is about to.
  bool Kick();

  // It is not to fire any more. Blocks while it is firing in another thread. Any number of times; from one of its context's
  // callbacks, at once.
  void Stop();

  // Done once it has fired, the parent is done, or this was destroyed; it may outlive this.
  const Context& context() const;

 private:
  const internal::Ref<internal::WatchdogState> state_;
};

}  // namespace eventbus

#endif  // EVENTBUS_WATCHDOG_H_
