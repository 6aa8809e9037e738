#include "eventbus/subscription_scope.h"

#include <utility>

namespace eventbus {

SubscriptionScope::SubscriptionScope() : state_(internal::MakeRef<internal::ScopeState>()) {}

Subscription SubscriptionScope::Track(Subscription subscription) { return state_->Track(std::move(subscription)); }

void SubscriptionScope::Adopt(Subscription subscription) { state_->Adopt(std::move(subscription)); }

absl::StatusOr<Subscription> SubscriptionScope::Track(absl::StatusOr<Subscription> subscription) {
  if (!subscription.ok()) return subscription;
  return Track(*std::move(subscription));
}

absl::Status SubscriptionScope::Adopt(absl::StatusOr<Subscription> subscription) {
  if (!subscription.ok()) return subscription.status();
  Adopt(*std::move(subscription));
  return absl::OkStatus();
}

void SubscriptionScope::Close() { state_->Close(); }

size_t SubscriptionScope::Count() const { return state_->Count(); }

}  // namespace eventbus
