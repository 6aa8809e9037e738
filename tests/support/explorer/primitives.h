// The primitives that stand behind the door in model tests: every operation is a point of the scheduler. Outside of an
// execution they work for one thread.
//
// Included by `eventbus/internal/primitives/primitives.h` when EVENTBUS_EXPLORER is defined; see there for what each is.

#ifndef EVENTBUS_TESTS_SUPPORT_EXPLORER_PRIMITIVES_H_
#define EVENTBUS_TESTS_SUPPORT_EXPLORER_PRIMITIVES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/primitives/clock.h"
#include "tests/support/explorer/scheduler.h"

namespace eventbus::internal {

// Base of a primitive: alive from construction to destruction, and touched only in between. The scheduler keeps the list:
// of a primitive that has been destroyed, nothing is read.
class Explored {
 public:
  Explored() { explorer::Scheduler::Created(this); }
  Explored(const Explored&) = delete;
  Explored& operator=(const Explored&) = delete;
  ~Explored() { explorer::Scheduler::Destroyed(this); }

 protected:
  void Point(const char* operation) const {
    if (auto* const scheduler = explorer::Scheduler::Current()) scheduler->Point(operation, this);
    explorer::Scheduler::CheckAlive(this, operation);
  }
};

template <typename T>
class Atomic : private Explored {
 public:
  Atomic() = default;
  constexpr Atomic(T value) : value_(value) {}

  T load(std::memory_order) const {
    Point("load");
    return value_;
  }
  void store(T value, std::memory_order) {
    Point("store");
    value_ = value;
  }
  T exchange(T value, std::memory_order) {
    Point("exchange");
    return std::exchange(value_, value);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order, std::memory_order) {
    Point("compare-exchange");
    if (value_ == expected) {
      value_ = desired;
      return true;
    }
    expected = value_;
    return false;
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure) {
    return compare_exchange_strong(expected, desired, success, failure);
  }
  T fetch_add(T by, std::memory_order) {
    Point("fetch-add");
    return std::exchange(value_, static_cast<T>(value_ + by));
  }
  T fetch_sub(T by, std::memory_order) {
    Point("fetch-sub");
    return std::exchange(value_, static_cast<T>(value_ - by));
  }
  T fetch_or(T bits, std::memory_order) {
    Point("fetch-or");
    return std::exchange(value_, static_cast<T>(value_ | bits));
  }
  T fetch_and(T bits, std::memory_order) {
    Point("fetch-and");
    return std::exchange(value_, static_cast<T>(value_ & bits));
  }

  // Not a point: for `Futex`, whose comparison is part of its own step.
  T Peek() const { return value_; }

 private:
  T value_{};
};

class ABSL_LOCKABLE Mutex : private Explored {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    Point("lock");
    while (locked_) explorer::Scheduler::Current()->Block("lock", this);
    locked_ = true;
  }
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    Point("try lock");
    return !std::exchange(locked_, true);
  }
  // Wakes by itself.
  bool UnlockAndLook() ABSL_UNLOCK_FUNCTION() {
    Unlock();
    return false;
  }
  void WakeOne() {}
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    locked_ = false;
    if (auto* scheduler = explorer::Scheduler::Current()) scheduler->UnblockAll(this);
  }

 private:
  bool locked_ = false;
};

struct Futex {
  static void Wait(const Atomic<uint32_t>& word, uint32_t expected, Instant deadline) {
    auto* scheduler = explorer::Scheduler::Current();
    scheduler->Point("futex wait", &word);
    if (word.Peek() == expected) {
      scheduler->Block("futex wait", &word, deadline.is_never() ? explorer::kNoDeadline : deadline.nanoseconds());
    }
  }
  // Uses the address only: the word may be gone.
  static void WakeOne(const Atomic<uint32_t>& word) {
    auto* scheduler = explorer::Scheduler::Current();
    scheduler->Point("futex wake", nullptr);
    scheduler->UnblockOne(&word);
  }
  static void WakeAll(const Atomic<uint32_t>& word) {
    auto* scheduler = explorer::Scheduler::Current();
    scheduler->Point("futex wake all", nullptr);
    scheduler->UnblockAll(&word);
  }
};

// Each step is seen by all at once, so storing and then loading is all there is to it.
struct AsymmetricFence {
  template <typename T, typename U>
  static U StoreThenLoad(Atomic<T>& stored, std::type_identity_t<T> value, const Atomic<U>& loaded) {
    stored.store(value, std::memory_order_release);
    return loaded.load(std::memory_order_acquire);
  }
  template <typename Body>
  static auto Choose(Body body) {
    return body(AsymmetricFence());
  }
  static void Heavy() {}
};

// Joined like a `std::thread`.
class Thread {
 public:
  explicit Thread(std::function<void()> body) : number_(explorer::Scheduler::Current()->Start(std::move(body))) {
    explorer::Scheduler::Current()->Point("start a thread", nullptr);
  }

  void join() {
    explorer::Scheduler::Current()->Point("join a thread", nullptr);
    explorer::Scheduler::Current()->Join(number_);
  }

  // It runs on; the execution waits for its end.
  void detach() {}

 private:
  size_t number_;
};

inline void StartDetachedThread(std::function<void()> body) {
  explorer::Scheduler::Current()->Start(std::move(body));
  explorer::Scheduler::Current()->Point("start a thread", nullptr);
}

inline void ModelCheck(bool holds, const char* what) {
  if (holds) return;
  if (auto* const scheduler = explorer::Scheduler::Current()) scheduler->Fail(what);
}

inline void SpinPause() {}
inline void YieldThread() {}

inline constexpr int64_t kStallThresholdNanoseconds = std::numeric_limits<int64_t>::max();

// Whether those who sleep are listed: from `ListBlocked` on, in the same execution.
bool ListsBlocked();
void ListBlocked();

// Spinning adds interleavings and no behaviour: whatever a spin may see, the wait after it may see.
inline constexpr int kBackoffPauses = 0;
inline constexpr int kBackoffYields = 0;

// The least that has room for a second value while there is a first.
inline constexpr size_t kLeastSplitCapacity = 2;

}  // namespace eventbus::internal

#endif  // EVENTBUS_TESTS_SUPPORT_EXPLORER_PRIMITIVES_H_
