#include "eventbus/internal/primitives/mutex.h"

#include "eventbus/internal/primitives/spin.h"

namespace eventbus::internal {

void Mutex::LockSlow() {
  // A holder that runs on another core leaves within this many rounds; one that does not run will not be hurried.
  constexpr int kSpins = 64;
  for (int i = 0; i < kSpins; ++i) {
    uint32_t seen = word_.load(std::memory_order_relaxed);
    if (seen == kContended) break;  // Others sleep already: queue behind them rather than race them.
    if (seen == kFree &&
        word_.compare_exchange_weak(seen, kHeld, std::memory_order_acquire, std::memory_order_relaxed)) {
      return;
    }
    SpinPause();
  }
  // From here on the word says contended while this thread holds it, even if nobody else sleeps: one wake-up too many
  // at the next unlock, but never one too few. Acquire pairs with the release in `Unlock`.
  while (word_.exchange(kContended, std::memory_order_acquire) != kFree) {
    Futex::Wait(word_, kContended, Instant::Never());
  }
}

}  // namespace eventbus::internal
