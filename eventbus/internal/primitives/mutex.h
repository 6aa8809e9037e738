// The mutex of the library: one word, known to clang's thread-safety analysis and transparent to ThreadSanitizer.
//
// Why not `absl::Mutex` or `std::mutex`: a distribution's prebuilt Abseil runs the deadlock detector on every lock
// (about 30 ns) and is opaque to ThreadSanitizer; `std::mutex` is 40 bytes and carries no annotations. Critical
// sections here are a few moves and list operations long, so a short spin nearly always suffices. See
// docs/decisions/own_mutex.md.
//
// Lock order (a thread that holds one may take only those below it; those of one line never together, but as said):
//   1. `SubscriptionScope`'s mutex
//   2. a feed's membership mutex
//   3. mutexes of selectables (channels, contexts, a feed's turn, the end of a subscription): several together only by the
//      select core, by address
//   4. the alarm clock's mutex
// User code runs under none of them.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_MUTEX_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_MUTEX_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/primitives/futex.h"
#include "eventbus/internal/primitives/scoped_lock.h"

namespace eventbus::internal {

// Not recursive, not fair. 4 bytes. Uncontended: one compare-exchange to lock, one exchange to unlock.
// Origin of the three states: Drepper, "Futexes Are Tricky", 2011, section 6, third mutex.
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    uint32_t expected = kFree;
    // Acquire pairs with the release in `Unlock`.
    if (!word_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire, std::memory_order_relaxed))
      LockSlow();
  }

  // The exchange is the last access to this object: whoever locks next may destroy it, and the wake-up that may follow
  // uses the address only.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    if (word_.exchange(kFree, std::memory_order_release) == kContended) Futex::WakeOne(word_);
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;
  static constexpr uint32_t kContended = 2;  // Held, and someone may be asleep.

  void LockSlow();

  std::atomic<uint32_t> word_{kFree};
};

using MutexLock = ScopedLock<Mutex>;

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_MUTEX_H_
