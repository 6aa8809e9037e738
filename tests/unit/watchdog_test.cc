#include "eventbus/watchdog.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/internal/waiting/alarm.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"

namespace eventbus {
namespace {

constexpr absl::Duration kPeriod = absl::Seconds(10);

TEST(Watchdog, NotKickedForAPeriodCancelsItsContextWithACause) {
  VirtualClock clock;
  const Watchdog dog(kPeriod, {.name = "feed"});
  clock.Advance(kPeriod - absl::Nanoseconds(1));
  EXPECT_FALSE(dog.context().done());
  clock.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(dog.context().status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(dog.context().cause(), absl::DeadlineExceededError("watchdog 'feed': not kicked for 10s"));
}

TEST(Watchdog, KickedEveryHalfPeriodNeverFires) {
  VirtualClock clock;
  Watchdog dog(kPeriod);
  for (int i = 0; i < 10'000; ++i) {
    clock.Advance(kPeriod / 2);
    ASSERT_TRUE(dog.Kick());
  }
  EXPECT_FALSE(dog.context().done());
  clock.Advance(kPeriod);
  EXPECT_TRUE(dog.context().done());
}

TEST(Watchdog, FiresAPeriodAfterTheLastKick) {
  VirtualClock clock;
  Watchdog dog(kPeriod);
  clock.Advance(kPeriod - absl::Nanoseconds(1));
  EXPECT_TRUE(dog.Kick());
  EXPECT_TRUE(dog.Kick());
  clock.Advance(kPeriod - absl::Nanoseconds(1));
  EXPECT_FALSE(dog.context().done());
  clock.Advance(absl::Nanoseconds(1));
  EXPECT_TRUE(dog.context().done());
  EXPECT_FALSE(dog.Kick()) << "too late";
}

TEST(Watchdog, StoppedItDoesNotFire) {
  VirtualClock clock;
  Watchdog dog(kPeriod);
  dog.Stop();
  dog.Stop();
  EXPECT_EQ(clock.waiters(), 0u);
  clock.Advance(kPeriod * 3);
  EXPECT_FALSE(dog.context().done());
}

TEST(Watchdog, DestroyedItCancelsItsContext) {
  std::optional<Watchdog> dog(std::in_place, kPeriod);
  const Context context = dog->context();
  dog.reset();
  EXPECT_TRUE(context.done());
  EXPECT_EQ(internal::AlarmClock::Get().size(), 0u);
}

TEST(Watchdog, WhoseParentHasEndedWatchesNoMore) {
  VirtualClock clock;
  CancelHandle parent = Context::Background().WithCancel();
  const Watchdog dog(kPeriod, {.parent = parent.context()});
  parent.Cancel(absl::AbortedError("above"));
  EXPECT_TRUE(dog.context().done());
  clock.Advance(kPeriod);
  EXPECT_EQ(clock.waiters(), 0u);
  EXPECT_EQ(dog.context().cause(), absl::AbortedError("above"));
}

TEST(Watchdog, OfAnInfinitePeriodNeverFires) {
  VirtualClock clock;
  Watchdog dog(absl::InfiniteDuration());
  clock.Advance(absl::Hours(24 * 365));
  EXPECT_TRUE(dog.Kick());
  EXPECT_EQ(clock.waiters(), 0u);
}

TEST(Watchdog, ACallbackMayStopAndDestroyIt) {
  VirtualClock clock;
  auto dog = std::make_unique<Watchdog>(kPeriod);
  const CancelCallback callback = dog->context().OnCancel([&] {
    EXPECT_FALSE(dog->Kick());
    dog->Stop();
    dog.reset();
  });
  clock.Advance(kPeriod);
  EXPECT_EQ(dog, nullptr);
}

TEST(Watchdog, KickedByManyThreadsInRealTimeDoesNotFire) {
  Watchdog dog(absl::Seconds(20));
  const int64_t before = testing::AllocationCount();
  std::vector<std::thread> kickers;
  for (int t = 0; t < 4; ++t) {
    kickers.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(dog.Kick());
    });
  }
  for (std::thread& kicker : kickers) kicker.join();
  EXPECT_FALSE(dog.context().done());
  EXPECT_LT(testing::AllocationCount() - before, 100) << "a kick allocates nothing";
}

TEST(Watchdog, FiresInRealTime) {
  const Watchdog dog(absl::Milliseconds(2));
  EXPECT_EQ(Select({dog.context().OnDone()}), 0);
}

TEST(WatchdogDeathTest, APeriodThatIsNotPositiveFailsAtOnce) {
  EXPECT_DEATH(Watchdog{absl::ZeroDuration()}, "Watchdog: the period must be at least a nanosecond");
}

}  // namespace
}  // namespace eventbus
