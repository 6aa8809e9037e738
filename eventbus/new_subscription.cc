#include "eventbus/new_subscription.h"

#include <utility>

#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/subscription/producer_state.h"

namespace eventbus {

Subscription NewSubscription(absl::AnyInvocable<absl::Status(const Context& context)> producer, ProducerOptions options,
                             SourceLocation location) {
  auto state = internal::MakeRef<internal::ProducerState>(
      options.executor, options.context, internal::Label(location, std::move(options.name)), std::move(producer));
  state->Prepare();
  state->Go();
  return SubscriptionAccess::Make(std::move(state));
}

}  // namespace eventbus
