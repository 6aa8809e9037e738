#include "eventbus/internal/primitives/mutex.h"

#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

// As on a system without the asymmetric fence.
struct SymmetricPrimitives : MutexPrimitives {
  struct Fence {
    static uint32_t StoreThenLoad(Word& stored, uint32_t value, const Word& loaded) {
      stored.exchange(value);
      return loaded.load();
    }
    static void Heavy() {}
  };
};

template <typename M>
class MutexTest : public ::testing::Test {};
using Kinds = ::testing::Types<Mutex, BasicMutex<SymmetricPrimitives>>;
TYPED_TEST_SUITE(MutexTest, Kinds);

TYPED_TEST(MutexTest, IsOneWord) { EXPECT_EQ(sizeof(TypeParam), 4u); }

TYPED_TEST(MutexTest, LetsOneThreadInAtATime) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 20'000;
  TypeParam mutex;
  int64_t count = 0;  // Not atomic on purpose: ThreadSanitizer checks the ordering, the sum checks the exclusion.
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        ScopedLock<TypeParam> lock(&mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, int64_t{kThreads} * kRounds);
}

// A holder that stays long sends the others to sleep; each unlock has to wake the next of them.
TYPED_TEST(MutexTest, WakesAllThatWentToSleepOneAfterAnother) {
  constexpr int kThreads = 16;
  TypeParam mutex;
  int passed = 0;
  std::vector<std::thread> threads;
  mutex.Lock();
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        ScopedLock<TypeParam> lock(&mutex);
        ++passed;
        std::this_thread::yield();
      }
    });
  }
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  mutex.Unlock();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, kThreads * 10);
}

// Whoever locks next may destroy the mutex: the unlock before must not touch it any more.
TYPED_TEST(MutexTest, MayBeDestroyedByTheThreadThatLocksNext) {
  struct Shared {
    TypeParam mutex;
    bool first_was_here = false;
  };
  for (int round = 0; round < 2'000; ++round) {
    auto* shared = new Shared;
    auto visit = [shared] {
      bool last;
      shared->mutex.Lock();
      last = std::exchange(shared->first_was_here, true);
      shared->mutex.Unlock();
      if (last) delete shared;
    };
    std::thread other(visit);
    visit();
    other.join();
  }
}

TEST(MutexLock, UnlocksWhenAnExceptionLeaves) {
  Mutex mutex;
  try {
    MutexLock lock(&mutex);
    throw 1;
  } catch (int) {
  }
  MutexLock lock(&mutex);  // Would hang.
}

}  // namespace
}  // namespace eventbus::internal
