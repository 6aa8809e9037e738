#include "eventbus/internal/primitives/primitives.h"

#include <array>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

TEST(ThisThread, IsTheSameInOneThreadAndNeverNull) {
  EXPECT_NE(ThisThread(), nullptr);
  EXPECT_EQ(ThisThread(), ThisThread());
}

TEST(ThisThread, DiffersBetweenThreadsThatRunTogether) {
  ThreadIdentity other = nullptr;
  std::thread thread([&other] { other = ThisThread(); });
  thread.join();
  EXPECT_NE(other, nullptr);
  EXPECT_NE(other, ThisThread());  // This one was running all the time.
}

TEST(RandomBits, DoesNotRepeatItself) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(RandomBits());
  EXPECT_EQ(seen.size(), 10'000u);  // A repetition has a probability of 3e-12.
}

// Bounds of more than five standard deviations.
TEST(RandomBits, SetsEveryBitHalfOfTheTime) {
  constexpr int kRounds = 40'000;
  std::array<int, 64> ones{};
  for (int i = 0; i < kRounds; ++i) {
    const uint64_t bits = RandomBits();
    for (int bit = 0; bit < 64; ++bit) ones[bit] += (bits >> bit) & 1;
  }
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_GT(ones[bit], kRounds / 2 - 600) << "bit " << bit;
    EXPECT_LT(ones[bit], kRounds / 2 + 600) << "bit " << bit;
  }
}

TEST(RandomBits, DiffersBetweenThreads) {
  std::vector<uint64_t> firsts(8);
  std::vector<std::thread> threads;
  for (uint64_t& first : firsts) threads.emplace_back([&first] { first = RandomBits(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<uint64_t>(firsts.begin(), firsts.end()).size(), firsts.size());
}

TEST(SpinPause, Returns) { SpinPause(); }

}  // namespace
}  // namespace eventbus::internal
