#include "eventbus/subscription.h"

#include <utility>

#include "eventbus/channel.h"
#include "eventbus/internal/subscription/end_signal.h"

namespace eventbus {

ReceiveChannel<absl::Status> Subscription::Err() const {
  if (state_) return state_->Err();
  Channel<absl::Status> ended;
  ended.Close();
  return ended;
}

internal::Selectable& SubscriptionAccess::end(const Subscription& subscription) {
  return subscription.state_ ? subscription.state_->end() : internal::EndSignal::Ended();
}

Case Subscription::EndCase(absl::AnyInvocable<void(void*, internal::Outcome)> finish) const {
  internal::CaseParts parts;
  parts.target = &SubscriptionAccess::end(*this);
  parts.kept_alive = state_;
  parts.finish = std::move(finish);
  return Case(std::move(parts));
}

}  // namespace eventbus
