#include "eventbus/internal/primitives/mutex.h"

namespace eventbus::internal {

constinit MutexPrimitives::Counter MutexPrimitives::counters_[kCounters];

}  // namespace eventbus::internal
