#include "eventbus/internal/waiting/parker.h"

#include <optional>

#include "eventbus/internal/waiting/blocked_list.h"
#include "eventbus/internal/waiting/virtual_time.h"

namespace eventbus::internal {

Parker::Tokens Parker::Park(Tokens tokens, Instant deadline, const WaitDescription* description) {
  // At once: a turn awake costs a waker on the same core all of it, and who may hope for a quick one has waited for that already
  // (`spin_backoff.h`).
  std::optional<BlockedListing> listing;
  // Acquire, here and below, pairs with the release in `Unpark`.
  uint32_t word = word_.fetch_or(kAsleep, std::memory_order_acquire) | kAsleep;
  while (true) {
    const Tokens seen = word & tokens;
    const bool late = !seen && !deadline.is_never() && SteadyNow() >= deadline;
    if (seen || late) {
      // Awake again, so that a later `Unpark` need not call the kernel. Relaxed: tokens are judged by `word` only.
      word_.fetch_and(~kAsleep, std::memory_order_relaxed);
      return seen;
    }
    if (!listing) listing.emplace(description);
    // The word is compared once more by the kernel: a token left since it was read keeps this thread awake.
    if (!deadline.is_never() && TimeIsVirtual()) {
      VirtualTime::Get().Wait(word_, word, deadline);
    } else {
      Futex::Wait(word_, word, ToSystem(deadline));
    }
    word = word_.load(std::memory_order_acquire);
  }
}

}  // namespace eventbus::internal
