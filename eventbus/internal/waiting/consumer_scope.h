// Says, while a handler runs in this thread, whose handler it is: who is asked to wait for that one in here must refuse.

#ifndef EVENTBUS_INTERNAL_WAITING_CONSUMER_SCOPE_H_
#define EVENTBUS_INTERNAL_WAITING_CONSUMER_SCOPE_H_

#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class ConsumerScope {
 public:
  explicit ConsumerScope(const void* owner)
      : owner_(owner), outer_(static_cast<const ConsumerScope*>(ThreadPointer())) {
    ThreadPointer() = this;
  }
  ConsumerScope(const ConsumerScope&) = delete;
  ConsumerScope& operator=(const ConsumerScope&) = delete;
  ~ConsumerScope() { ThreadPointer() = outer_; }

  // Whether the calling thread runs, at whatever depth, a handler of `owner`. O(depth).
  static bool IsInside(const void* owner) {
    const auto* scope = static_cast<const ConsumerScope*>(ThreadPointer());
    while (scope != nullptr && scope->owner_ != owner) scope = scope->outer_;
    return scope != nullptr;
  }

 private:
  const void* const owner_;
  const ConsumerScope* const outer_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_CONSUMER_SCOPE_H_
