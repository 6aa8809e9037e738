// How a waker reaches an executor that may be on its way out: the executor goes only when nobody is inside the gate, and
// nobody enters after that.
//
// Invariants:
//   G1. Who has entered and not left may use the executor.
//   G2. Once `Retire` has returned, nobody enters.
//
// Who wakes whom: the last to leave wakes who retires.

#ifndef EVENTBUS_INTERNAL_WAITING_EXECUTOR_GATE_H_
#define EVENTBUS_INTERNAL_WAITING_EXECUTOR_GATE_H_

#include <cstdint>

#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

class Executor;

namespace internal {

class ExecutorGate final : public RefCounted {
 public:
  explicit ExecutorGate(Executor& executor) : executor_(executor) {}

  // False if the executor has retired or is retiring. Otherwise it stays until `Leave`.
  bool Enter() {
    // Acquire is not needed: what makes the executor usable reached the caller with the gate.
    if (!(word_.fetch_add(1, std::memory_order_relaxed) & kRetired)) return true;
    Leave();
    return false;
  }

  void Leave() {
    // Release: what was done inside comes before the executor's end. The caller, or the executor, keeps the gate until
    // here; the wake-up uses the address only.
    if (word_.fetch_sub(1, std::memory_order_release) == (kRetired | 1)) Futex::WakeOne(word_);
  }

  // Blocks until nobody is inside. Called by one thread.
  void Retire() {
    // Acquire pairs with the release of those who left.
    uint32_t word = word_.fetch_or(kRetired, std::memory_order_acquire) | kRetired;
    while (word != kRetired) {
      Futex::Wait(word_, word, Instant::Never());
      word = word_.load(std::memory_order_acquire);
    }
  }

  // For who is inside.
  Executor& executor() const { return executor_; }

 private:
  // word_: | retired : 1 | how many are inside : 31 |
  static constexpr uint32_t kRetired = uint32_t{1} << 31;

  Executor& executor_;
  Atomic<uint32_t> word_{0};
};

}  // namespace internal
}  // namespace eventbus

#endif  // EVENTBUS_INTERNAL_WAITING_EXECUTOR_GATE_H_
