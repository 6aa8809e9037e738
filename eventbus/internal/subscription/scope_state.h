// What a `SubscriptionScope` and the subscriptions that it tracks share.
//
// Invariants:
//   S1. A tracked subscription is linked in its scope from `Track` until it has been unsubscribed.
//   S2. The scope does not own a tracked subscription: it takes a reference only under its mutex, which the destructor
//       of a tracked subscription takes too.

#ifndef EVENTBUS_INTERNAL_SUBSCRIPTION_SCOPE_STATE_H_
#define EVENTBUS_INTERNAL_SUBSCRIPTION_SCOPE_STATE_H_

#include <cstddef>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"

namespace eventbus::internal {

class TrackedSubscription;

class ScopeState final : public RefCounted {
 public:
  Subscription Track(Subscription subscription);
  void Adopt(Subscription subscription);
  void Close();
  size_t Count() const;

  // Takes `tracked` out, if it is still in.
  void Remove(TrackedSubscription& tracked);

 private:
  // The one that was tracked first; null if there is none.
  Ref<TrackedSubscription> FirstTracked();
  void RemoveLocked(TrackedSubscription& tracked) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;  // Nothing is unsubscribed under it.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  List<TrackedSubscription> tracked_ ABSL_GUARDED_BY(mutex_);
  size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Subscription> adopted_ ABSL_GUARDED_BY(mutex_);
};

// Stands for a subscription in a scope.
class TrackedSubscription final : public SubscriptionState, public ListNode<TrackedSubscription> {
 public:
  TrackedSubscription(Ref<ScopeState> scope, Subscription inner);

  void Unsubscribe() override;
  absl::Status UnsubscribeWithin(const Context& context) override;
  void RequestDrain() override { inner_.RequestDrain(); }
  bool RunsHere() override { return SubscriptionAccess::RunsHere(inner_); }
  void AddDrained(std::vector<DrainEntry>& entries) const override { SubscriptionAccess::AddDrained(inner_, entries); }
  absl::Status Flush(const Context& context) override { return inner_.Flush(context); }
  SubscriptionStats stats() const override { return inner_.stats(); }
  ReceiveChannel<absl::Status> Err() override { return inner_.Err(); }
  bool ended() const override { return inner_.ended(); }
  Selectable& end() override { return SubscriptionAccess::end(inner_); }
  uint64_t id() const override { return inner_.id(); }
  const std::string& name() const override { return label_.name(); }
  SourceLocation location() const override { return label_.location(); }

 private:
  ~TrackedSubscription() override;

  const Ref<ScopeState> scope_;
  Subscription inner_;
  const Label label_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_SUBSCRIPTION_SCOPE_STATE_H_
