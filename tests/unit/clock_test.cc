#include "eventbus/internal/primitives/clock.h"

#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(Instant, AddsWithinItsRange) {
  EXPECT_EQ(Instant(5) + absl::Nanoseconds(7), Instant(12));
  EXPECT_EQ(Instant(5) + absl::Nanoseconds(-7), Instant(-2));
  EXPECT_EQ(Instant(0) + absl::Seconds(1), Instant(1'000'000'000));
}

TEST(Instant, SaturatesAtNeverInsteadOfWrappingIntoThePast) {
  EXPECT_EQ(Instant(kMax - 1) + absl::Nanoseconds(2), Instant::Never());
  EXPECT_EQ(Instant(1) + absl::Hours(24 * 365 * 1000), Instant::Never());
  EXPECT_EQ(Instant(0) + absl::InfiniteDuration(), Instant::Never());
  EXPECT_EQ(Instant(kMin + 1) + absl::InfiniteDuration(), Instant::Never());
}

TEST(Instant, SaturatesAtPastInsteadOfWrappingIntoTheFuture) {
  EXPECT_EQ(Instant(kMin + 1) + absl::Nanoseconds(-2), Instant::Past());
  EXPECT_EQ(Instant(-2) + absl::Hours(-24 * 365 * 1000), Instant::Past());
  EXPECT_EQ(Instant(0) + -absl::InfiniteDuration(), Instant::Past());
}

TEST(Instant, NeverStaysNeverWhateverIsAdded) {
  EXPECT_EQ(Instant::Never() + absl::Seconds(-1), Instant::Never());
  EXPECT_EQ(Instant::Never() + -absl::InfiniteDuration(), Instant::Never());
}

TEST(Instant, IsOrderedFromPastToNever) {
  EXPECT_LT(Instant::Past(), Instant(0));
  EXPECT_LT(Instant(0), Instant(1));
  EXPECT_LT(Instant(1), Instant::Never());
  EXPECT_TRUE(Instant::Never().is_never());
  EXPECT_FALSE(Instant::Past().is_never());
}

TEST(SteadyNow, NeverGoesBack) {
  Instant last = SteadyNow();
  for (int i = 0; i < 10'000; ++i) {
    const Instant now = SteadyNow();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(ToInstant, TheInfiniteFutureIsNever) { EXPECT_EQ(ToInstant(absl::InfiniteFuture()), Instant::Never()); }

// `Past()` means "do not wait", which is answered differently from "too late".
TEST(ToInstant, TheInfinitePastIsADeadlineThatHasPassed) {
  EXPECT_GT(ToInstant(absl::InfinitePast()), Instant::Past());
  EXPECT_LT(ToInstant(absl::InfinitePast()), SteadyNow());
}

TEST(ToInstant, TimesOutOfRangeOfNanosecondsSaturate) {
  EXPECT_EQ(ToInstant(absl::FromUnixSeconds(kMax / 2)), Instant::Never());
  EXPECT_LT(ToInstant(absl::FromUnixSeconds(kMin / 2)), SteadyNow());
}

TEST(ToInstant, KeepsTheDistanceToNow) {
  const Instant earliest = SteadyNow() + absl::Minutes(59);
  const Instant converted = ToInstant(WallNow() + absl::Hours(1));
  EXPECT_GT(converted, earliest);
  EXPECT_LT(ToInstant(WallNow() - absl::Hours(1)), SteadyNow());
}

}  // namespace
}  // namespace eventbus::internal
