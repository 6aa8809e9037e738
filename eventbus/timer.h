// Time as something to receive: channels that give one value at a certain moment.
//
//   Select({orders.OnReceive(&order), After(absl::Seconds(1)).OnReceive(&now)});
//
// Use them as a case of a select. For one wait with a deadline, the `...Until` calls and contexts cost less.
//
// The value is the wall-clock time at which it was received. It comes once; from then on the channel is empty until
// someone closes it. It runs on the steady clock and needs no thread, and nothing is left behind by a channel that is
// dropped before its time: a thread that waits for it sleeps until then, and not longer.
//
// Origin: Go's time.After.

#ifndef EVENTBUS_TIMER_H_
#define EVENTBUS_TIMER_H_

#include "absl/time/time.h"
#include "eventbus/receive_channel.h"

namespace eventbus {

// Gives the time once `delay` has passed; at once if it is not positive, never if it is infinite. One allocation.
[[nodiscard]] ReceiveChannel<absl::Time> After(absl::Duration delay);

// Gives the time at `time`; at once if that has passed. A later step of the wall clock does not move it.
[[nodiscard]] ReceiveChannel<absl::Time> At(absl::Time time);

}  // namespace eventbus

#endif  // EVENTBUS_TIMER_H_
