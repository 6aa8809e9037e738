#include "eventbus/resubscribe.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/subscription/backoff.h"
#include "eventbus/new_subscription.h"
#include "eventbus/select.h"

namespace eventbus {

namespace {

double RandomFraction() { return static_cast<double>(internal::RandomBits() >> 11) * 0x1p-53; }

// Subscribes once, and waits for the end of that. True if there is nothing more to do; otherwise `error` says what failed.
bool Attempt(const Context& context, Resubscriber& subscribe, absl::string_view name, absl::Status& error) {
  Subscription inner;
  error = internal::StatusOfCall(
      [&] {
        absl::StatusOr<Subscription> made = subscribe(context, error);
        if (made.ok()) inner = *std::move(made);
        return std::move(made).status();
      },
      [&](absl::string_view what) {
        return internal::SafeStatus(absl::StatusCode::kInternal, [&] {
          return absl::StrCat("subscription '", name, "': subscribing threw", what.empty() ? "" : ": ", what);
        });
      });
  if (!error.ok()) return context.done();
  if (SelectInOrder({context.OnDone(), inner.OnEnd()}) == 0) return true;  // `inner` is unsubscribed as it goes.
  const absl::StatusOr<absl::Status> reason = inner.Err().Receive();       // It may still be on its way.
  if (!reason.ok()) return true;
  error = *reason;
  return false;
}

}  // namespace

Subscription Resubscribe(absl::Duration backoff_max, Resubscriber subscribe, ResubscribeOptions options,
                         SourceLocation location) {
  if (backoff_max <= absl::ZeroDuration()) internal::Fail("Resubscribe", "backoff_max must be positive");
  if (options.backoff_initial <= absl::ZeroDuration())
    internal::Fail("Resubscribe", "backoff_initial must be positive");
  if (!options.random) options.random = RandomFraction;
  internal::Backoff backoff(options.backoff_initial, backoff_max, std::move(options.random));
  ProducerOptions producer = {.name = options.name, .executor = options.executor, .context = options.context};
  return NewSubscription(
      [subscribe = std::move(subscribe), backoff = std::move(backoff),
       name = std::move(options.name)](const Context& context) mutable {
        absl::Status error;
        while (true) {
          const internal::Instant begin = internal::SteadyNow();
          if (Attempt(context, subscribe, name, error)) return;
          const auto lasted = absl::Nanoseconds(internal::SteadyNow().nanoseconds() - begin.nanoseconds());
          const CancelHandle wait = context.WithTimeout(backoff.Next(lasted));
          Select({wait.context().OnDone()});
          if (context.done()) return;
        }
      },
      std::move(producer), location);
}

}  // namespace eventbus
