#include "eventbus/internal/waiting/alarm.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::AwaitTrue;

class TestAlarm final : public Alarm {
 public:
  explicit TestAlarm(std::function<void()> ring) : ring_(std::move(ring)) {}
  void Ring(WakeList&, ReadyWork&) override { ring_(); }

 private:
  const std::function<void()> ring_;
};

Instant In(absl::Duration delay) { return SteadyNow() + delay; }

TEST(AlarmClock, RingsInTheOrderOfTheirTimesAndNotBefore) {
  AlarmClock& clock = AlarmClock::Get();
  std::vector<int> order;
  std::atomic<int> rung{0};
  bool early = false;
  std::atomic<bool> all_set{false};
  TestAlarm holds_up([&] { AwaitTrue([&] { return all_set.load(); }); });  // The others, until they are all set.
  clock.Set(holds_up, SteadyNow());
  const Instant at[] = {In(absl::Milliseconds(9)), In(absl::Milliseconds(3)), In(absl::Milliseconds(6))};
  std::deque<TestAlarm> alarms;
  for (int i = 0; i < 3; ++i) {
    clock.Set(alarms.emplace_back([&, i] {
      early = early || SteadyNow() < at[i];
      order.push_back(i);
      ++rung;
    }),
              at[i]);
  }
  all_set = true;
  AwaitTrue([&] { return rung.load() == 3; });
  clock.Cancel(holds_up);
  for (TestAlarm& alarm : alarms) clock.Cancel(alarm);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 0}));
  EXPECT_FALSE(early);
}

TEST(AlarmClock, AnEarlierOneWakesItsThread) {
  AlarmClock& clock = AlarmClock::Get();
  TestAlarm far([] { FAIL(); });
  clock.Set(far, In(absl::Hours(1)));
  std::atomic<bool> rung{false};
  TestAlarm near([&] { rung = true; });
  clock.Set(near, In(absl::Milliseconds(1)));
  AwaitTrue([&] { return rung.load(); });
  clock.Cancel(near);
  clock.Cancel(far);
}

TEST(AlarmClock, ACancelledOneDoesNotRingAndOneThatRingsIsWaitedFor) {
  AlarmClock& clock = AlarmClock::Get();
  TestAlarm cancelled([] { FAIL(); });
  clock.Set(cancelled, In(absl::Hours(1)));
  clock.Cancel(cancelled);
  clock.Cancel(cancelled);  // Again: nothing to do.
  std::atomic<bool> began{false};
  std::atomic<bool> released{false};
  std::atomic<bool> over{false};
  TestAlarm rings([&] {
    began = true;
    AwaitTrue([&] { return released.load(); });
    over = true;
  });
  clock.Set(rings, In(absl::ZeroDuration()));
  AwaitTrue([&] { return began.load(); });
  std::vector<std::thread> cancellers;
  for (int i = 0; i < 2; ++i) {
    cancellers.emplace_back([&] {
      clock.Cancel(rings);
      EXPECT_TRUE(over);
    });
  }
  released = true;
  for (std::thread& canceller : cancellers) canceller.join();
}

TEST(AlarmClock, AnAlarmMaySetItselfAgainAndCancelItself) {
  AlarmClock& clock = AlarmClock::Get();
  std::atomic<int> rung{0};
  TestAlarm* self = nullptr;
  TestAlarm again([&] {
    clock.Cancel(*self);
    if (++rung < 5) clock.Set(*self, In(absl::Microseconds(100)));
  });
  self = &again;
  clock.Set(again, In(absl::ZeroDuration()));
  AwaitTrue([&] { return rung.load() == 5; });
  clock.Cancel(again);
}

TEST(AlarmClock, SetAndCancelFromManyThreads) {
  AlarmClock& clock = AlarmClock::Get();
  std::vector<std::thread> threads;
  std::atomic<int> rung{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        TestAlarm alarm([&] { ++rung; });
        clock.Set(alarm, In(absl::Microseconds((i * 7 + t) % 50)));
        if (i % 3 == 0) std::this_thread::yield();
        clock.Cancel(alarm);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(rung, 0);
}

class SilentAlarm final : public Alarm {
 public:
  void Ring(WakeList&, ReadyWork&) override {}
};

TEST(AlarmClock, HoldsAMillion) {
  AlarmClock& clock = AlarmClock::Get();
  constexpr int64_t kMillion = 1'000'000;
  const size_t before = clock.size();
  const Instant far = In(absl::Hours(1));
  std::deque<SilentAlarm> alarms(kMillion);
  int64_t n = 0;
  for (SilentAlarm& alarm : alarms) clock.Set(alarm, far + absl::Nanoseconds((++n * 7919) % 1'000'003));
  EXPECT_EQ(clock.size(), before + kMillion);
  EXPECT_LE(clock.Earliest(), far + absl::Nanoseconds(1));
  for (SilentAlarm& alarm : alarms) clock.Cancel(alarm);
  EXPECT_EQ(clock.size(), before);
}

TEST(AlarmClock, OneIsSetEarlierButNotLater) {
  AlarmClock& clock = AlarmClock::Get();
  std::atomic<int> rung{0};
  TestAlarm alarm([&] { ++rung; });
  clock.SetEarlier(alarm, In(absl::ZeroDuration()));  // Not set: nothing.
  clock.Set(alarm, In(absl::Hours(1)));
  clock.SetEarlier(alarm, In(absl::Hours(2)));
  clock.SetEarlier(alarm, In(absl::Milliseconds(1)));
  AwaitTrue([&] { return rung.load() == 1; });
  clock.Cancel(alarm);
  EXPECT_EQ(rung, 1);
}

}  // namespace
}  // namespace eventbus::internal
