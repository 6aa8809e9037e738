// A subscription that is made again whenever it fails.
//
//   Subscription blocks = Resubscribe(absl::Seconds(10), [&](const Context& context, const absl::Status& last_error) {
//     if (!last_error.ok()) Log(last_error);
//     return node.SubscribeBlocks(context, channel);   // an absl::StatusOr<Subscription>
//   });
//
// Use it for a source that may go away and come back: a connection, another process. A feed of this process does not fail; its
// subscriptions need it not.
//
// | the function, or the subscription that it gave | then |
// |---|---|
// | the function fails or throws | it is called again, after a wait |
// | the subscription ends with a reason | the same |
// | the subscription ends without one | this ends |
// | `Unsubscribe` | the subscription is unsubscribed, the function's context cancelled; this ends, once both are over |
//
// Guarantees:
//   - There is a wait between two calls whatever failed: a tenth of a second at first, twice as long each time, `backoff_max` at
//     most; from that, up to half is taken off at random, so that many clients do not come back in one instant. A
//     subscription that lasted longer than `backoff_max` starts it again.
//   - A subscription that the function gives while this is being unsubscribed is unsubscribed, never leaked.
//   - `Err()` gives no reason: what failed is told to the next call. It closes at the end.
//   - No lock is held while the function runs.
//
// Cost: that of `NewSubscription` (`new_subscription.h`), a thread among it, or one of the executor's until it ends.
//
// Origin: `Resubscribe` and `ResubscribeErr` of go-ethereum's event package; that there is a wait after a subscription that
// failed at once, and the jitter, are additions.

#ifndef EVENTBUS_RESUBSCRIBE_H_
#define EVENTBUS_RESUBSCRIBE_H_

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"

namespace eventbus {

struct ResubscribeOptions {
  // For people: in statuses.
  std::string name = {};
  // As in `ProducerOptions`.
  Executor* executor = nullptr;
  Context context = Context::Background();
  // The first wait; positive. One above `backoff_max` is that.
  absl::Duration backoff_initial = absl::Milliseconds(100);
  // Where the jitter comes from: gives a number from 0 up to, and not including, 1. Empty: random bits. For tests.
  absl::AnyInvocable<double()> random = {};
};

// What subscribes, with the context of the attempt and the error of the last one, OK at first.
using Resubscriber =
    absl::AnyInvocable<absl::StatusOr<Subscription>(const Context& context, const absl::Status& last_error)>;

// Calls `subscribe`, and again after each failure, with at most `backoff_max`, which is positive, in between.
Subscription Resubscribe(absl::Duration backoff_max, Resubscriber subscribe, ResubscribeOptions options = {},
                         SourceLocation location = SourceLocation::current());

// The same for a function that does not ask for the last error.
template <std::invocable<const Context&> Function>
requires std::convertible_to<std::invoke_result_t<Function&, const Context&>, absl::StatusOr<Subscription>> Subscription
Resubscribe(absl::Duration backoff_max, Function subscribe, ResubscribeOptions options = {},
            SourceLocation location = SourceLocation::current()) {
  return Resubscribe(
      backoff_max,
      Resubscriber([subscribe = std::move(subscribe)](const Context& context, const absl::Status&) mutable {
        return absl::StatusOr<Subscription>(subscribe(context));
      }),
      std::move(options), location);
}

}  // namespace eventbus

#endif  // EVENTBUS_RESUBSCRIBE_H_
