// The algorithm of the mutex, over primitives that a test can replace.
//
// The word says free or held, no more. Who sleeps, or is about to, counts itself in a counter that belongs to the address of the
// mutex and outlives it; several mutexes may share one. To unlock is to store `free`, and then to look at the counter.
//
// Invariants:
//   M1. Who changes the word from free to held holds the mutex, until it stores `free`.
//   M2. A thread sleeps only while it is counted, and only after it has found the word held once it was counted.
//   M3. The store is the last access to the mutex; the counter is elsewhere, and the wake-up uses the address only. So whoever
//       locks next may destroy it.
//
// Why no wake-up is lost: the sleeper counts itself, then looks at the word; who unlocks stores the word, then looks at the
// counter. Were each side's store visible before its look (the pattern of Dekker), at least one would see the other: the sleeper
// a free word, or the other a count. On the side that runs all the time the fence for that would cost as much as the lock itself.
// So the rare side pays for both: `AsymmetricFence::Heavy` makes every running thread of the process pass a fence. Where the
// system has none such, unlocking is a sequentially consistent exchange (`asymmetric_fence.h`).
//
// Origin: the split of word and sleepers is that of the parking lot of WebKit; the asymmetric fence is Dice, Huang and Yang,
// "Asymmetric Dekker Synchronization", 2001.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_BASIC_MUTEX_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_BASIC_MUTEX_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/primitives/clock.h"

namespace eventbus::internal {

// `P` has: `Word`, an atomic `uint32_t`; `Futex`; `Fence`, as `AsymmetricFence`; `SleepersOf(address)`, a `Word&`;
// `SpinPause()` and `kSpins`. Not recursive, not fair. Uncontended: one compare-exchange to lock, one store to unlock.
template <typename P>
class ABSL_LOCKABLE BasicMutex {
 public:
  BasicMutex() = default;
  BasicMutex(const BasicMutex&) = delete;
  BasicMutex& operator=(const BasicMutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    if (!TryLock()) LockSlow();
  }

  void Unlock() ABSL_UNLOCK_FUNCTION() {
    if (UnlockAndLook()) WakeOne();
  }

  // The parts of these that call nothing, for code that goes another way where a call is due: a compiler that sees no call has no
  // registers to save. True if the caller has it now.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    uint32_t expected = kFree;
    // Acquire, here and below, pairs with the release in `UnlockAndLook`.
    return word_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire, std::memory_order_relaxed);
  }
  // Unlocks. True if somebody may sleep: then `WakeOne` must follow.
  bool UnlockAndLook() ABSL_UNLOCK_FUNCTION() {
    const auto& sleepers = P::SleepersOf(this);
    return P::Fence::StoreThenLoad(word_, kFree, sleepers) != 0;
  }
  void WakeOne() { P::Futex::WakeOne(word_); }  // M3

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;

  void LockSlow() {
    // A holder that runs on another core leaves within this many rounds; one that does not run will not be hurried.
    for (int i = 0; i < P::kSpins; ++i) {
      uint32_t seen = word_.load(std::memory_order_relaxed);
      if (seen == kFree &&
          word_.compare_exchange_weak(seen, kHeld, std::memory_order_acquire, std::memory_order_relaxed)) {
        return;
      }
      P::SpinPause();
    }
    auto& sleepers = P::SleepersOf(this);
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    P::Fence::Heavy();
    // Sequentially consistent for the case without the fence. Who holds it stores `free` in any case, so writing `held` over
    // `held` is harmless. A wake-up for another mutex of the same counter, or none at all, is one look more.
    while (word_.exchange(kHeld, std::memory_order_seq_cst) != kFree) P::Futex::Wait(word_, kHeld, Instant::Never());
    // Relaxed: a count that is too high for a moment costs a needless wake-up.
    sleepers.fetch_sub(1, std::memory_order_relaxed);
  }

  typename P::Word word_{kFree};
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_BASIC_MUTEX_H_
