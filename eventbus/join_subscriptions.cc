#include "eventbus/join_subscriptions.h"

#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/thread_per_work.h"
#include "eventbus/internal/subscription/join_state.h"

namespace eventbus {

Subscription JoinSubscriptions(std::vector<Subscription> subscriptions, JoinOptions options, SourceLocation location) {
  if (subscriptions.empty()) return Subscription();
  auto state = internal::MakeRef<internal::JoinState>(internal::ExecutorOrThreads(options.executor),
                                                      internal::Label(location, std::move(options.name)),
                                                      std::move(subscriptions));
  state->Begin();
  return SubscriptionAccess::Make(std::move(state));
}

}  // namespace eventbus
