// Ends many subscriptions at once: what a component subscribes to, it leaves with one call.
//
//   SubscriptionScope scope;
//   absl::Status status = scope.Adopt(blocks.Subscribe(block_channel));            // the scope owns it
//   absl::StatusOr<Subscription> logs = scope.Track(feed.Subscribe(log_channel));  // the caller owns it
//   scope.Close();                                                                 // both have ended
//
// | | open | closed |
// |---|---|---|
// | `Track` | a subscription that `Close` will end | unsubscribes at once, returns an ended subscription |
// | `Adopt` | `Close` will end it | unsubscribes at once |
// | `Close` | ends all, then returns | returns once all have ended |
// | `Count` | tracked and adopted, not yet dropped | 0 |
//
// Thread-safe. No call holds a lock of the scope while it unsubscribes, so a filter may use the scope.
//
// Origin: the subscription scope of go-ethereum's event package.

#ifndef EVENTBUS_SUBSCRIPTION_SCOPE_H_
#define EVENTBUS_SUBSCRIPTION_SCOPE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/internal/subscription/scope_state.h"
#include "eventbus/subscription.h"

namespace eventbus {

// Not movable. Destruction closes it.
class SubscriptionScope {
 public:
  SubscriptionScope();
  SubscriptionScope(const SubscriptionScope&) = delete;
  SubscriptionScope& operator=(const SubscriptionScope&) = delete;
  ~SubscriptionScope() { Close(); }

  // Lets `Close` end `subscription`. The returned one stands for it; unsubscribing or dropping that removes it from the
  // scope. On a closed scope: unsubscribes and returns an ended subscription. O(1), one allocation.
  [[nodiscard]] Subscription Track(Subscription subscription);

  // Keeps `subscription` until `Close`. O(1) amortised.
  void Adopt(Subscription subscription);

  // As above, for what `Subscribe` returned: an error is passed on, and the scope stays as it was.
  absl::StatusOr<Subscription> Track(absl::StatusOr<Subscription> subscription);
  absl::Status Adopt(absl::StatusOr<Subscription> subscription);

  // Ends all subscriptions and refuses more; returns when all have ended. Any number of times, from any thread.
  void Close();

  // How many subscriptions `Close` would end now.
  size_t Count() const;

 private:
  const internal::Ref<internal::ScopeState> state_;
};

}  // namespace eventbus

#endif  // EVENTBUS_SUBSCRIPTION_SCOPE_H_
