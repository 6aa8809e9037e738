#include "eventbus/internal/subscription/scope_state.h"

#include <utility>

namespace eventbus::internal {

TrackedSubscription::TrackedSubscription(Ref<ScopeState> scope, Subscription inner)
    : scope_(std::move(scope)), inner_(std::move(inner)), label_(inner_.location(), inner_.name()) {}

TrackedSubscription::~TrackedSubscription() { scope_->Remove(*this); }

void TrackedSubscription::Unsubscribe() {
  inner_.Unsubscribe();
  scope_->Remove(*this);
}

absl::Status TrackedSubscription::UnsubscribeWithin(const Context& context) {
  const absl::Status status = inner_.Unsubscribe(context);
  if (status.ok()) scope_->Remove(*this);
  return status;
}

Subscription ScopeState::Track(Subscription subscription) {
  auto tracked = MakeRef<TrackedSubscription>(Ref<ScopeState>(this), std::move(subscription));
  bool refused;
  {
    MutexLock lock(&mutex_);
    refused = closed_;
    if (!refused) {
      tracked_.PushBack(*tracked);
      ++count_;
    }
  }
  if (refused) tracked->Unsubscribe();
  return SubscriptionAccess::Make(std::move(tracked));
}

void ScopeState::Adopt(Subscription subscription) {
  Subscription tracked = Track(std::move(subscription));  // Declared before the lock, so destroyed after it.
  MutexLock lock(&mutex_);
  if (!closed_) adopted_.push_back(std::move(tracked));
}

void ScopeState::Close() {
  std::vector<Subscription> adopted;
  {
    MutexLock lock(&mutex_);
    closed_ = true;
    adopted.swap(adopted_);
  }
  // Each stays linked until it has ended, so no caller of `Close` returns while another one is still at work.
  while (const Ref<TrackedSubscription> tracked = FirstTracked()) tracked->Unsubscribe();
}

Ref<TrackedSubscription> ScopeState::FirstTracked() {
  MutexLock lock(&mutex_);
  while (TrackedSubscription* tracked = tracked_.front()) {
    if (tracked->TryAddRef()) return Ref<TrackedSubscription>::Adopt(tracked);
    RemoveLocked(*tracked);  // It has ended, and waits for the mutex in its destructor (S2).
  }
  return {};
}

size_t ScopeState::Count() const {
  MutexLock lock(&mutex_);
  return count_;
}

void ScopeState::Remove(TrackedSubscription& tracked) {
  MutexLock lock(&mutex_);
  if (tracked.linked()) RemoveLocked(tracked);
}

void ScopeState::RemoveLocked(TrackedSubscription& tracked) {
  tracked.Unlink();
  --count_;
}

}  // namespace eventbus::internal
