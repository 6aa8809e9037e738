// A subscription whose events a function of yours produces: it reads a socket, follows a log, polls a device.
//
//   Subscription logs = NewSubscription(
//       [channel](const Context& context) -> absl::Status {
//         while (true) {
//           absl::StatusOr<Line> line = ReadLine(context);
//           if (!line.ok()) return line.status();                              // reaches `Err()`
//           if (absl::Status sent = channel.Send(context, *line); !sent.ok()) return sent;
//         }
//       },
//       {.name = "logs"});
//   ...
//   logs.Unsubscribe();   // the context is cancelled, and the producer has returned
//
// Use it to give a source of your own the life of a subscription: an end that can be waited for, a reason, a place in a scope.
// To tell many subscribers, let the producer send to a feed.
//
// | the producer | `Err()` gives |
// |---|---|
// | returns OK, or nothing | the end |
// | returns an error, or throws (`kInternal`) | that, then the end |
// | returns anything after `Unsubscribe` | the end |
// | never runs: its executor was shut down, or the system refuses a thread | `kUnavailable`, then the end |
//
// Guarantees: the producer is called once at most, and its context is cancelled by `Unsubscribe`, which returns when it has
// returned and been destroyed, and its thread has ended; called by the producer itself, `Unsubscribe` returns at once, and so
// does the destruction of the subscription there, after which the thread ends by itself. No lock is held while it runs.
// Unsubscribed before it began, it never runs.
//
// A producer that waits for another thread that unsubscribes it would wait for ever.
//
// Cost: a few allocations and, without an executor, a thread.
//
// Origin: `NewSubscription` of go-ethereum's event package.

#ifndef EVENTBUS_NEW_SUBSCRIPTION_H_
#define EVENTBUS_NEW_SUBSCRIPTION_H_

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/subscription/producer_state.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"

namespace eventbus {

struct ProducerOptions {
  // For people: in statuses.
  std::string name = {};
  // Where the producer runs, which takes one of its threads until it returns; must outlive the subscription, or be shut down
  // before. Null: in a thread of its own.
  Executor* executor = nullptr;
  // Above the context of the producer.
  Context context = Context::Background();
};

// What can be a producer: called with its context, gives nothing or an `absl::Status`.
template <typename Function>
concept ProducerFunction = std::invocable<Function&, const Context&> &&
    (std::is_void_v<std::invoke_result_t<Function&, const Context&>> ||
     std::convertible_to<std::invoke_result_t<Function&, const Context&>, absl::Status>);

// For a producer that has been made to give a status.
Subscription NewSubscription(absl::AnyInvocable<absl::Status(const Context& context)> producer,
                             ProducerOptions options = {}, SourceLocation location = SourceLocation::current());

// Starts `producer`, and does not wait for it to begin.
template <ProducerFunction Producer>
Subscription NewSubscription(Producer producer, ProducerOptions options = {},
                             SourceLocation location = SourceLocation::current()) {
  return NewSubscription(
      internal::ErasedProducer([producer = std::move(producer)](const Context& context) mutable -> absl::Status {
        if constexpr (std::is_void_v<std::invoke_result_t<Producer&, const Context&>>) {
          producer(context);
          return absl::OkStatus();
        } else {
          return producer(context);
        }
      }),
      std::move(options), location);
}

}  // namespace eventbus

#endif  // EVENTBUS_NEW_SUBSCRIPTION_H_
