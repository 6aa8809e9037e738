// Time as something to receive: channels that give values at certain moments.
//
//   Select({orders.OnReceive(&order), After(absl::Seconds(1)).OnReceive(&now)});   // once
//   const ReceiveChannel<absl::Time> tick = Tick(absl::Seconds(1));                // every second
//   Timer idle(absl::Minutes(5));                                                  // once, and can be set again
//
// Use them as a case of a select. For one wait with a deadline, the `...Until` calls and contexts cost less. To call a
// function at a certain moment, use `context.WithTimeout(d).context().OnCancel(f)`, or a task that waits for `After`.
//
// The value is the wall-clock time at which it was received. All run on the steady clock, and none needs a thread: a thread
// that waits for one sleeps until it is due, and not longer. What is dropped before its time leaves nothing behind.
//
// | | `After(d)`, `At(t)` | `Tick(d)` | `Timer` |
// |---|---|---|---|
// | gives a value | once | every `d`, from `d` from now on | once, `d` after it was made or last `Reset` |
// | nobody receives in time | it waits | one waits, the others are skipped | it waits |
// | several receive | one of them gets it | each value goes to one | one of them gets it |
// | `Close` | no value | no more | no more, whatever is set |
//
// Origin: Go's time.After, Ticker and Timer, whose tick of an earlier setting cannot be received here.

#ifndef EVENTBUS_TIMER_H_
#define EVENTBUS_TIMER_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/receive_channel.h"

namespace eventbus {

namespace internal {
class TimerCore;
}

// Gives the time once `delay` has passed; at once if it is not positive, never if it is infinite. One allocation.
[[nodiscard]] ReceiveChannel<absl::Time> After(absl::Duration delay);

// Gives the time at `time`; at once if that has passed. A later step of the wall clock does not move it.
[[nodiscard]] ReceiveChannel<absl::Time> At(absl::Time time);

// Gives the time every `period`, which is at least a nanosecond: else fails at once. The moments are multiples of the period
// after this call, however late a value is received: a receiver that is slow gets one value for what it has missed, and then
// the next in time. It ends with its last handle, or with `Close`. One allocation.
[[nodiscard]] ReceiveChannel<absl::Time> Tick(absl::Duration period);

// A channel like that of `After`, which can be set again and stopped at any moment.
//
//   Timer idle(absl::Minutes(5));
//   while (true) {
//     switch (Select({requests.OnReceive(&request), idle.OnReceive(&now)})) {
//       case 0: Handle(request); idle.Reset(absl::Minutes(5)); break;
//       case 1: return Disconnect();
//     }
//   }
//
// | | set, not due | due, not received | received, or stopped |
// |---|---|---|---|
// | `Reset(d)` | set anew: true | the value is gone, set anew: true | set: false |
// | `Stop()` | stopped: true | the value is gone: true | false |
// | a receive | waits | gives the time | waits |
//
// Guarantee: when `Reset` or `Stop` has returned, no receive that begins gives a value of an earlier setting. Those who wait
// go on waiting, for the new one.
//
// A copyable handle; copies are the same timer. Thread-safe. Dropping the last handle leaves nothing behind.
//
// Cost: one allocation, then none. `Reset` and `Stop` are O(1) and take one lock; a `Reset` to an earlier moment than one
// that somebody has waited for also sets an alarm, O(log n) in the number of alarms.
class Timer : public ReceiveChannel<absl::Time> {
 public:
  // One that is stopped.
  Timer();
  // Gives the time once `delay` has passed; at once if it is not positive, never if it is infinite.
  explicit Timer(absl::Duration delay);

  // From now on it gives the time once `delay` has passed from now. True if a value of the earlier setting was still to come
  // or to be received, and now will not be. May throw `std::system_error` if an alarm is needed and the system refuses the
  // thread for it; it is then set all the same, but who waits already may learn of it late.
  bool Reset(absl::Duration delay) const;

  // From now on it gives nothing. True as above.
  bool Stop() const;

 private:
  explicit Timer(internal::Ref<internal::TimerCore> core);

  internal::TimerCore& core(absl::string_view call) const;
};

}  // namespace eventbus

#endif  // EVENTBUS_TIMER_H_
