// Numbers of subscriptions that are not a feed's own.

#ifndef EVENTBUS_INTERNAL_SUBSCRIPTION_SUBSCRIPTION_ID_H_
#define EVENTBUS_INTERNAL_SUBSCRIPTION_SUBSCRIPTION_ID_H_

#include <cstdint>

namespace eventbus::internal {

// Unique in the process: feeds count from 1, these from 2^63.
uint64_t NextCompositeId();

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_SUBSCRIPTION_SUBSCRIPTION_ID_H_
