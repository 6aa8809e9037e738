#include "eventbus/internal/waiting/parker.h"

#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/spin_backoff.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

constexpr Parker::Tokens kA = 1;
constexpr Parker::Tokens kB = 2;
constexpr Parker::Tokens kC = 4;

TEST(Parker, FindsATokenThatWasLeftBefore) {
  Parker parker;
  parker.Unpark(kA);
  EXPECT_EQ(parker.Park(kA, Instant::Never()), kA);
}

TEST(Parker, TokensStay) {
  Parker parker;
  parker.Unpark(kA);
  EXPECT_EQ(parker.Park(kA, Instant::Never()), kA);
  EXPECT_EQ(parker.Park(kA, Instant::Never()), kA);
}

TEST(Parker, ReturnsOnlyTheTokensAskedFor) {
  Parker parker;
  parker.Unpark(kA);
  parker.Unpark(kC);
  EXPECT_EQ(parker.Park(kA | kB, Instant::Never()), kA);
  EXPECT_EQ(parker.Park(kA | kB | kC, Instant::Never()), kA | kC);
}

TEST(Parker, ReturnsNothingOnceTheDeadlineHasPassed) {
  Parker parker;
  EXPECT_EQ(parker.Park(kA, Instant::Past()), 0u);
  parker.Unpark(kB);
  EXPECT_EQ(parker.Park(kA, Instant::Past()), 0u) << "the token of another party is no reason to wake";
}

TEST(Parker, ATokenCountsMoreThanAPassedDeadline) {
  Parker parker;
  parker.Unpark(kA);
  EXPECT_EQ(parker.Park(kA, Instant::Past()), kA);
}

TEST(Parker, DoesNotReturnBeforeTheDeadline) {
  Parker parker;
  const Instant deadline = SteadyNow() + absl::Milliseconds(2);
  EXPECT_EQ(parker.Park(kA, deadline), 0u);
  EXPECT_GE(SteadyNow(), deadline);
}

TEST(Parker, FindsATokenThatIsLeftAfterADeadline) {
  Parker parker;
  EXPECT_EQ(parker.Park(kA, SteadyNow() + absl::Microseconds(100)), 0u);
  std::thread waker([&parker] { parker.Unpark(kA); });
  EXPECT_EQ(parker.Park(kA, Instant::Never()), kA);
  waker.join();
}

TEST(Parker, SleepsOnPastTheTokensOfOthers) {
  for (int round = 0; round < 1'000; ++round) {
    Parker parker;
    std::thread first([&parker] { parker.Unpark(kB); });
    std::thread second([&parker] { parker.Unpark(kA); });
    EXPECT_EQ(parker.Park(kA, Instant::Never()), kA);
    EXPECT_EQ(parker.Park(kB, Instant::Never()), kB);
    first.join();
    second.join();
  }
}

// What the waker wrote before is plain memory, so ThreadSanitizer checks the ordering; the parker goes as soon as its
// token was seen, so AddressSanitizer checks that leaving it was the waker's last access.
TEST(Parker, MayBeDestroyedAsSoonAsTheTokenWasSeen) {
  constexpr int kRounds = 5'000;
  struct Parked {
    Parker parker;
    int value = 0;
  };
  Atomic<Parked*> handed{nullptr};
  std::thread waker([&handed] {
    for (int round = 1; round <= kRounds; ++round) {
      Parked* parked;
      while ((parked = handed.exchange(nullptr)) == nullptr) std::this_thread::yield();
      parked->value = round;
      parked->parker.Unpark(Parker::kWoken);
    }
  });
  for (int round = 1; round <= kRounds; ++round) {
    auto parked = std::make_unique<Parked>();
    handed.store(parked.get());
    ASSERT_EQ(parked->parker.Park(Parker::kWoken, Instant::Never()), Parker::kWoken);
    ASSERT_EQ(parked->value, round);
  }
  waker.join();
}

TEST(SpinBackoff, EndsAndStaysAtItsEnd) {
  for (const SpinBackoff::First first : {SpinBackoff::First::kFew, SpinBackoff::First::kSome}) {
    SpinBackoff backoff(first);
    int in_place = 0;
    while (backoff.PauseInPlace()) ++in_place;
    EXPECT_EQ(static_cast<int>(first) << (in_place - 1), kBackoffPauses) << "the last of them";
    int turns = 0;
    while (backoff.Pause()) ++turns;
    EXPECT_EQ(turns, kBackoffYields);
    EXPECT_FALSE(backoff.PauseInPlace());
    EXPECT_FALSE(backoff.Pause());
  }
}

}  // namespace
}  // namespace eventbus::internal
