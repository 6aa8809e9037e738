// Several subscriptions as one: unsubscribed together, and if one of them fails all are.
//
//   Subscription all = JoinSubscriptions(std::move(blocks), std::move(logs));
//   Select({all.OnEnd(), ...});
//
// Use it where parts are of no use without one another. To end many that may fail one by one, use a scope
// (`subscription_scope.h`).
//
// | | then the joined subscription |
// |---|---|
// | one of them ends with a reason | unsubscribes the others, and ends with that reason |
// | all have ended without one | ends without one |
// | `Unsubscribe` | unsubscribes all, and ends without one |
// | there are none | has ended |
//
// Guarantees: of several reasons the first counts. It ends when all have been unsubscribed; when its own `Unsubscribe` has
// returned, so has that of each, and it may be called where each of theirs may: from a handler of one of them, too.
//
// Waiting takes no thread; unsubscribing the others, once one has ended with a reason or all have, one for a moment, or one of
// the executor's.
//
// Cost: O(n), a few allocations for each.
//
// Origin: `JoinSubscriptions` of go-ethereum's event package.

#ifndef EVENTBUS_JOIN_SUBSCRIPTIONS_H_
#define EVENTBUS_JOIN_SUBSCRIPTIONS_H_

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include "eventbus/executor.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"

namespace eventbus {

struct JoinOptions {
  // For people.
  std::string name = {};
  // Where the others are unsubscribed once one has failed; must outlive the joined subscription, or be shut down before. Null:
  // in a thread for the moment.
  Executor* executor = nullptr;
};

// Takes over `subscriptions`.
Subscription JoinSubscriptions(std::vector<Subscription> subscriptions, JoinOptions options = {},
                               SourceLocation location = SourceLocation::current());

// The same; its location is that of `first`.
template <std::same_as<Subscription>... Subscriptions>
Subscription JoinSubscriptions(Subscription first, Subscriptions... rest) {
  const SourceLocation location = first.location();
  std::vector<Subscription> subscriptions;
  subscriptions.reserve(1 + sizeof...(rest));
  subscriptions.push_back(std::move(first));
  (subscriptions.push_back(std::move(rest)), ...);
  return JoinSubscriptions(std::move(subscriptions), {}, location);
}

}  // namespace eventbus

#endif  // EVENTBUS_JOIN_SUBSCRIPTIONS_H_
