#include "eventbus/new_subscription.h"

#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/thread_per_work.h"

namespace eventbus {

Subscription NewSubscription(absl::AnyInvocable<absl::Status(const Context& context)> producer,
                             ProducerOptions options) {
  auto state = internal::MakeRef<internal::ProducerState>(
      internal::ExecutorOrThreads(options.executor), options.context, std::move(options.name), std::move(producer));
  state->Prepare();
  state->Go();
  return SubscriptionAccess::Make(std::move(state));
}

}  // namespace eventbus
