// The one door to primitives. Everything in the library that another thread can observe the timing of goes through the
// names in this header: mutex, atomic, futex, clock, thread identity, randomness. Nothing else in `eventbus/` names a
// standard or Abseil primitive, so a deterministic scheduler can be put behind the door in tests.
//
// | name | is |
// |---|---|
// | `Mutex`, `MutexLock` | `mutex.h` |
// | `Atomic<T>` | `std::atomic<T>` |
// | `Futex` | sleeping until a word changes, `futex.h` |
// | `Instant`, `SteadyNow`, `WallNow`, `ToInstant` | `clock.h` |
// | `SpinPause` | `spin.h` |
// | `ThisThread` | which thread this is |
// | `RandomBits` | random bits for fair choices |

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_PRIMITIVES_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_PRIMITIVES_H_

#include <atomic>
#include <cstdint>

#include "eventbus/internal/primitives/clock.h"
#include "eventbus/internal/primitives/futex.h"
#include "eventbus/internal/primitives/mutex.h"
#include "eventbus/internal/primitives/spin.h"

namespace eventbus::internal {

template <typename T>
using Atomic = std::atomic<T>;

// Identifies the calling thread among the running ones; may be reused after it ended. Never null.
using ThreadIdentity = const void*;
ThreadIdentity ThisThread();

// 64 bits from a generator of the calling thread. Fast and well spread; not for secrets.
uint64_t RandomBits();

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_PRIMITIVES_H_
