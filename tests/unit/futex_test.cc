#include "eventbus/internal/primitives/futex.h"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/internal/primitives/clock.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

// Both forms run on every system that has both, so the portable one is not tested for the first time where it is used.
template <typename F>
class FutexTest : public ::testing::Test {
 public:
  static void AwaitChange(const std::atomic<uint32_t>& word, uint32_t from) {
    while (word.load() == from) F::Wait(word, from, Instant::Never());
  }
  static void Change(std::atomic<uint32_t>& word, uint32_t to) {
    word.store(to);
    F::WakeOne(word);
  }
};

#ifdef __linux__
using Forms = ::testing::Types<LinuxFutex, PortableFutex>;
#else
using Forms = ::testing::Types<PortableFutex>;
#endif
TYPED_TEST_SUITE(FutexTest, Forms);

TYPED_TEST(FutexTest, DoesNotSleepIfTheWordHasChangedAlready) {
  std::atomic<uint32_t> word{1};
  TypeParam::Wait(word, 0, Instant::Never());
}

TYPED_TEST(FutexTest, DoesNotSleepIfTheDeadlineHasPassed) {
  std::atomic<uint32_t> word{0};
  TypeParam::Wait(word, 0, Instant::Past());
  TypeParam::Wait(word, 0, Instant(-1));
  TypeParam::Wait(word, 0, Instant(0));
  TypeParam::Wait(word, 0, SteadyNow());
}

TYPED_TEST(FutexTest, GivesUpAtTheDeadlineAndNotBefore) {
  std::atomic<uint32_t> word{0};
  const Instant deadline = SteadyNow() + absl::Milliseconds(2);
  while (SteadyNow() < deadline) TypeParam::Wait(word, 0, deadline);
  EXPECT_GE(SteadyNow(), deadline);
}

TYPED_TEST(FutexTest, WakingNobodyDoesNothing) {
  std::atomic<uint32_t> word{0};
  TypeParam::WakeOne(word);
  EXPECT_EQ(word.load(), 0u);
}

TYPED_TEST(FutexTest, WakesAll) {
  std::atomic<uint32_t> word{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { TestFixture::AwaitChange(word, 0); });
  }
  word.store(1);
  TypeParam::WakeAll(word);
  for (std::thread& thread : threads) thread.join();
}

// Each turn is one chance to lose a wake-up between the look at the word and the sleep; a lost one hangs.
TYPED_TEST(FutexTest, LosesNoWakeUpInManyTurns) {
  constexpr uint32_t kTurns = 20'000;
  std::atomic<uint32_t> there{0};
  std::atomic<uint32_t> back{0};
  std::thread partner([&] {
    for (uint32_t turn = 0; turn < kTurns; ++turn) {
      this->AwaitChange(there, turn);
      this->Change(back, turn + 1);
    }
  });
  for (uint32_t turn = 0; turn < kTurns; ++turn) {
    this->Change(there, turn + 1);
    this->AwaitChange(back, turn);
  }
  partner.join();
  EXPECT_EQ(there.load(), kTurns);
}

// The words are neighbours, so that in the portable form several share a bucket and a wake-up may reach the wrong one.
TYPED_TEST(FutexTest, WakesTheSleeperOfEachWord) {
  constexpr int kWords = 16;
  std::vector<std::atomic<uint32_t>> words(kWords);
  std::vector<std::thread> sleepers;
  for (std::atomic<uint32_t>& word : words) {
    sleepers.emplace_back([this, &word] { this->AwaitChange(word, 0); });
  }
  for (std::atomic<uint32_t>& word : words) this->Change(word, 1);
  for (std::thread& sleeper : sleepers) sleeper.join();
}

}  // namespace
}  // namespace eventbus::internal
