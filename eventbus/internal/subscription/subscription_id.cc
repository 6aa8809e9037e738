#include "eventbus/internal/subscription/subscription_id.h"

#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

namespace {

Atomic<uint64_t> last_composite_id{uint64_t{1} << 63};

}  // namespace

uint64_t NextCompositeId() {
  return last_composite_id.fetch_add(1, std::memory_order_relaxed) + 1;  // Relaxed: only uniqueness matters.
}

}  // namespace eventbus::internal
