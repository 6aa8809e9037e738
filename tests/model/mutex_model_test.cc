// The algorithm of the mutex itself, on the scheduler's atomics and futex. What it needs of weak memory orders is argued in
// docs/memory_model.md; here every step is seen by all at once.

#include <optional>

#include "eventbus/internal/primitives/basic_mutex.h"
#include "eventbus/internal/primitives/primitives.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus::internal {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

struct Explored {
  using Word = Atomic<uint32_t>;
  using Futex = internal::Futex;
  using Fence = AsymmetricFence;
  static constexpr int kSpins = 1;
  static void SpinPause() {}
  static Word& SleepersOf(const void*) { return *sleepers; }

  static inline Word* sleepers = nullptr;
};

// One counter, for however many mutexes.
class Counter {
 public:
  Counter() { Explored::sleepers = &sleepers_; }
  ~Counter() { Check(sleepers_.load(std::memory_order_relaxed) == 0, "nobody sleeps"); }

 private:
  Atomic<uint32_t> sleepers_{0};
};

TEST(MutexModel, LetsOneInAtATimeAndEveryoneInTheEnd) {
  Explore([] {
    const Counter counter;
    BasicMutex<Explored> mutex;
    Atomic<int> inside{0};
    const auto visit = [&] {
      mutex.Lock();
      Check(inside.fetch_add(1, std::memory_order_relaxed) == 0, "alone");
      inside.fetch_sub(1, std::memory_order_relaxed);
      mutex.Unlock();
    };
    Thread second(visit);
    Thread third(visit);
    visit();
  });
}

TEST(MutexModel, WhoLocksLastMayDestroyIt) {
  Explore([] {
    const Counter counter;
    std::optional<BasicMutex<Explored>> mutex(std::in_place);
    int visits = 0;
    const auto visit = [&] {
      mutex->Lock();
      const bool last = ++visits == 2;
      mutex->Unlock();
      if (last) mutex.reset();
    };
    Thread other(visit);
    visit();
  });
}

TEST(MutexModel, TwoThatShareACounter) {
  Explore([] {
    const Counter counter;
    BasicMutex<Explored> a;
    BasicMutex<Explored> b;
    Thread first([&] {
      a.Lock();
      a.Unlock();
    });
    Thread second([&] {
      b.Lock();
      b.Unlock();
    });
    a.Lock();
    b.Lock();
    a.Unlock();
    b.Unlock();
  });
}

}  // namespace
}  // namespace eventbus::internal
