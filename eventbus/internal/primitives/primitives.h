// The one door to primitives. Everything in the library that another thread can observe the timing of goes through the
// names in this header: mutex, atomic, futex, clock, thread identity, randomness. Nothing else in `eventbus/` names a
// standard or Abseil primitive, and nothing includes the other headers of this folder. So a deterministic scheduler can
// be put behind the door: with EVENTBUS_EXPLORER, which only the model tests define.
//
// | name | is |
// |---|---|
// | `Mutex`, `MutexLock` | `mutex.h` |
// | `Atomic<T>` | `std::atomic<T>` |
// | `Thread`, `StartDetachedThread` | `std::thread` |
// | `Futex` | sleeping until a word changes, `futex.h` |
// | `AsymmetricFence` | two threads of which one must see the other, `asymmetric_fence.h` |
// | `Instant`, `SteadyNow`, `CoarseNow`, `WallNow`, `ToInstant`, `TimeIsVirtual` | `clock.h` |
// | `SpinPause`, `YieldThread` | `spin.h` |
// | `ProcessWide`, `ProcessWord` | what the process has one of, `process_wide.h` |
// | `ThisThread`, `ThreadPointer`, `HeldMutexPointer`, `WorkerPointer` | which thread this is, and pointers of its own |
// | `ThreadNumber` | the number by which people know it |
// | `kStallThresholdNanoseconds` | when a stall is reported, `observing/stall_watch.h` |
// | `StatisticWord` | a number that decides nothing, `observing/statistic.h` |
// | `ListsBlocked` | whether those who sleep are listed, `waiting/blocked_list.h` |
// | `RandomBits` | random bits for fair choices |
// | `kBackoffPauses`, `kBackoffYields` | how long it waits for what is likely to come, `waiting/spin_backoff.h` |
// | `kLeastSplitCapacity` | the capacity from which a channel has two locks, `channel/split_ring.h` |
// | `ModelCheck` | an invariant that the model tests check |

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_PRIMITIVES_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_PRIMITIVES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>

#include "eventbus/internal/primitives/clock.h"
#include "eventbus/internal/primitives/process_wide.h"

#ifdef EVENTBUS_EXPLORER

#include "eventbus/internal/primitives/scoped_lock.h"
#include "tests/support/explorer/primitives.h"

namespace eventbus::internal {

using MutexLock = ScopedLock<Mutex>;

}  // namespace eventbus::internal

#else

#include "eventbus/internal/primitives/asymmetric_fence.h"
#include "eventbus/internal/primitives/futex.h"
#include "eventbus/internal/primitives/mutex.h"
#include "eventbus/internal/primitives/spin.h"

namespace eventbus::internal {

template <typename T>
using Atomic = std::atomic<T>;

using Thread = std::thread;

// Runs `body` in a thread that nobody joins.
template <typename Body>
void StartDetachedThread(Body body) {
  std::thread(std::move(body)).detach();
}

// The most pauses in succession, each time twice as many as before, a microsecond to three in all; then turns that are left to
// other threads, for on two cores the one that is waited for may be ready and not running.
inline constexpr int kBackoffPauses = 64;
inline constexpr int kBackoffYields = 4;

// The second lock takes a cache line, and pays for a queue that several values are in at a time.
inline constexpr size_t kLeastSplitCapacity = 8;

// How long a send waits before it is reported, unless the program says otherwise. Never, in model tests.
inline constexpr int64_t kStallThresholdNanoseconds = 5'000'000'000;

// In model tests only where a scenario asks for it: each sleep would have twice as many points.
constexpr bool ListsBlocked() { return true; }

// Costs nothing outside of model tests.
inline void ModelCheck(bool, const char*) {}

}  // namespace eventbus::internal

#endif

namespace eventbus::internal {

// Of `observing/statistic.h`, which says why it is not a point in model tests.
using StatisticWord = std::atomic<uint64_t>;

// Identifies the calling thread among the running ones; may be reused after it ended. Never null.
using ThreadIdentity = const void*;
ThreadIdentity ThisThread();

// The number by which the system knows the calling thread, in its debugger and its lists of threads.
uint64_t ThreadNumber();

// A pointer of the calling thread, null at first: to the innermost `ConsumerScope` (`waiting/consumer_scope.h`).
const void*& ThreadPointer();

// Another: to the `HeldMutex` that it has taken last (`observing/held_mutexes.h`).
void*& HeldMutexPointer();

// Another: to its `WorkerThread` (`waiting/worker_thread.h`).
const void*& WorkerPointer();

// 64 bits from a generator of the calling thread. Fast and well spread; not for secrets.
uint64_t RandomBits();

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_PRIMITIVES_H_
