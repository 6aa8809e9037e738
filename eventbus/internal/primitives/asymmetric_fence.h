// Two fences that work as a pair, of which one costs nothing: for a store and then a load on the side that runs all the time,
// against a store and then a load on a side that runs rarely.
//
// What one thread stored before its `Light` is seen by another after its `Heavy`, or what the other stored before its `Heavy` is
// seen by the one after its `Light`.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_ASYMMETRIC_FENCE_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_ASYMMETRIC_FENCE_H_

#include <atomic>
#include <cstdint>

namespace eventbus::internal {

class AsymmetricFence {
 public:
  // Whether `Light` is to be relied on. If not, both sides need sequentially consistent operations. May become true once, as a
  // rule while the program's static objects are initialised. Who sees true may rely on it against every `Heavy` that has not yet begun.
  static bool IsAsymmetric() { return state_.load(std::memory_order_relaxed) == kAsymmetric; }

  // Keeps the compiler from moving the load before the store; the processor is made to by `Heavy`.
  static void Light() { std::atomic_signal_fence(std::memory_order_seq_cst); }

  // A system call, of about a microsecond. Where the system cannot do it, does nothing, and `IsAsymmetric` stays false.
  static void Heavy();

 private:
  static constexpr int kUndecided = 0;
  static constexpr int kAsymmetric = 1;
  static constexpr int kSymmetric = 2;

  // Registers the process with the system, once.
  static int Decide();

  static std::atomic<int> state_;
  static const int decided_at_start_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_PRIMITIVES_ASYMMETRIC_FENCE_H_
