// Two threads that each store one thing and then look at what the other stores, where at least one must see the other: the
// pattern of Dekker, for a side that runs all the time and shall pay nothing, and one that runs rarely.
//
//   the frequent side:  seen = AsymmetricFence::StoreThenLoad(mine, value, theirs);
//   the rare side:      theirs.fetch_add(1, seq_cst);  AsymmetricFence::Heavy();  seen = mine.load(seq_cst);
//
// Not both see what was there before the other's store.

#ifndef EVENTBUS_INTERNAL_PRIMITIVES_ASYMMETRIC_FENCE_H_
#define EVENTBUS_INTERNAL_PRIMITIVES_ASYMMETRIC_FENCE_H_

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace eventbus::internal {

class AsymmetricFence {
 public:
  // Where `Heavy` does what it says.
  struct Light {
    // Stores with release, then loads with acquire. The store is the last access to `stored`.
    template <typename T, typename U>
    static U StoreThenLoad(std::atomic<T>& stored, std::type_identity_t<T> value, const std::atomic<U>& loaded) {
      stored.store(value, std::memory_order_release);
      // Keeps the compiler from moving the load before the store; `Heavy` makes the processor have stored.
      std::atomic_signal_fence(std::memory_order_seq_cst);
      return loaded.load(std::memory_order_acquire);
    }
  };
  // Where it does nothing.
  struct Full {
    template <typename T, typename U>
    static U StoreThenLoad(std::atomic<T>& stored, std::type_identity_t<T> value, const std::atomic<U>& loaded) {
      stored.exchange(value, std::memory_order_seq_cst);
      return loaded.load(std::memory_order_seq_cst);
    }
  };

  template <typename T, typename U>
  static U StoreThenLoad(std::atomic<T>& stored, std::type_identity_t<T> value, const std::atomic<U>& loaded) {
    if (IsAsymmetric()) [[likely]] {
      return Light::StoreThenLoad(stored, value, loaded);
    }
    return Full::StoreThenLoad(stored, value, loaded);
  }

  // For who does so many times in succession: calls `body` with the one that has `StoreThenLoad` here.
  template <typename Body>
  static auto Choose(Body body) {
    return IsAsymmetric() ? body(Light()) : body(Full());
  }

  // A system call, of about a microsecond. Where the system cannot do it, does nothing, and the other side does more.
  static void Heavy();

 private:
  // Whether `Heavy` does what it says. May become true once, as a rule while the program's static objects are initialised. Who
  // sees true may rely on it against every `Heavy` that has not yet begun.
  static bool IsAsymmetric() { return state_.load(std::memory_order_relaxed) == kAsymmetric; }

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
