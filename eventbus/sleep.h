// Waiting for nothing but time, and for the end of a context.
//
//   for (int attempt = 0; !TryConnect() && attempt < 5; ++attempt) {
//     absl::Status status = SleepFor(context, absl::Seconds(1) << attempt);
//     if (!status.ok()) return status;      // the program stops: do not sleep on
//   }
//
// Use it where a program would sleep: before another attempt, in a loop that polls. A thread that could wait for what it
// sleeps for should do that: `Select`, `Receive(context)`, and `Tick` (`timer.h`) for what is done every second.

#ifndef EVENTBUS_SLEEP_H_
#define EVENTBUS_SLEEP_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/context.h"

namespace eventbus {

// Blocks the calling thread until `duration` has passed: OK; or until `context` is done, which is checked first:
// `kCancelled` or `kDeadlineExceeded`. A duration that is not positive returns at once. Runs on the steady clock; allocates
// nothing.
[[nodiscard]] absl::Status SleepFor(const Context& context, absl::Duration duration);

// The same until the wall clock shows `time`. A later step of that clock does not move it.
[[nodiscard]] absl::Status SleepUntil(const Context& context, absl::Time time);

}  // namespace eventbus

#endif  // EVENTBUS_SLEEP_H_
