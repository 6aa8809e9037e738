// The mutex of the library: one word, known to clang's thread-safety analysis and transparent to ThreadSanitizer.
//
// How it works is in `basic_mutex.h`. Why not `absl::Mutex` or `std::mutex`: a distribution's prebuilt Abseil runs the
// deadlock detector on every lock (about 30 ns) and is opaque to ThreadSanitizer; `std::mutex` is 40 bytes and carries no
// annotations. Critical sections here are a few moves and list operations long, so a short spin nearly always suffices. See
// docs/decisions/own_mutex.md.
//
// Lock order (a thread that holds one may take only those below it; those of one line never together, but as said):
//   0. those of the list of blocked operations: whoever dumps it may take any other under one of them
//   1. a service's mutex, then that of its shutdown plan; `SubscriptionScope`'s mutex, a bus's mutex
//   2. a feed's membership mutex
//   3. the mutex of the links between groups
//   4. a broadcast's mutex
//   5. mutexes of selectables (channels, contexts, groups, a feed's turn, the end of a subscription): several together only
//      by the select core, by address
//   6. the mutex of a channel's receiving end, where it has one: under the channel's or alone
//   7. the alarm clock's mutex, that of virtual time, that of signals: not under that
//   8. the mutex of a topic's hooks, that of the parts of a wildcard subscription, those of hooks, of the stall watch and of the
//      list of coroutines: nothing under them, and the last three under no other
// User code runs under none of them.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_MUTEX_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_MUTEX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "eventbus/internal/primitives/asymmetric_fence.h"
#include "eventbus/internal/primitives/basic_mutex.h"
#include "eventbus/internal/primitives/futex.h"
#include "eventbus/internal/primitives/scoped_lock.h"
#include "eventbus/internal/primitives/spin.h"

namespace eventbus::internal {

// What the mutex is made of.
class MutexPrimitives {
 public:
  using Word = std::atomic<uint32_t>;
  using Futex = internal::Futex;
  using Fence = AsymmetricFence;

  static constexpr int kSpins = 64;
  static void SpinPause() { internal::SpinPause(); }

  static Word& SleepersOf(const void* mutex) {
    const auto bits = reinterpret_cast<uintptr_t>(mutex);
    return counters_[((bits >> 4) ^ (bits >> 10)) % kCounters].sleepers;
  }

 private:
  // Each has a cache line: unlocking reads it, and should find it in the cache.
  struct alignas(64) Counter {
    Word sleepers{0};
  };
  static constexpr size_t kCounters = 64;

  static Counter counters_[kCounters];
};

// 4 bytes.
using Mutex = BasicMutex<MutexPrimitives>;

using MutexLock = ScopedLock<Mutex>;

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_MUTEX_H_
