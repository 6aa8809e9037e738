// A thread's wait for one thing, with whatever else may end it: what the blocking calls of a synchroniser are made of.

#ifndef EVENTBUS_INTERNAL_CHOOSING_AWAIT_H_
#define EVENTBUS_INTERNAL_CHOOSING_AWAIT_H_

#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

// Blocks until `arm` has taken effect: its outcome; or until `deadline` has passed: `kDeadline`, and nothing happened. With
// `Instant::Past()` never blocks: `kNotReady` instead. One lock and nothing else if it need not wait.
Outcome Await(const Arm& arm, Instant deadline);

// The same, or until `context` is done: `kCancelled`, and nothing happened. That comes first if both are true.
Outcome Await(const Arm& arm, const Context& context);

// What such an outcome is called in public, but for `kClosed`, which each object has its own word for. `context` is the one
// that was given to the wait. Without a message, so that it allocates nothing.
absl::Status WaitStatus(Outcome outcome, const Context& context = Context::Background());

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHOOSING_AWAIT_H_
