// What time and cancellation cost. Each benchmark checks its answer.
//
//   BM_After                     a timer channel is made, asked, and dropped
//   BM_TimerResetAndStop         one timer is set and stopped; nobody waits
//   BM_TimerResetWithWaiter      one timer is set to ever earlier moments while a thread waits: the alarm moves along
//   BM_AlarmSetAndCancel/<n>     an alarm is set and cancelled while n others are set
//   BM_DeadlineAndCancel         a context with a deadline is made and cancelled
//   BM_OnCancel/<deadline>       a callback is registered and removed, of a context with (1) or without (0) a deadline
//   BM_WatchdogKick              with several threads on one watchdog
//   BM_CancelTree/<children>     a context with that many children is cancelled: time is for one child
//   BM_CancelCallbacks/<n>       a context with n callbacks is cancelled: time is for one callback
//
// Not measured: being woken at a moment, which is the system's matter.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "benchmarks/measure.h"
#include "eventbus/context.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/alarm.h"
#include "eventbus/timer.h"
#include "eventbus/watchdog.h"
#include "tests/support/waiting.h"

namespace eventbus::benchmarks {
namespace {

class SilentAlarm final : public internal::Alarm {
 public:
  void Ring(internal::WakeList&, internal::ReadyWork&) override {}
};

void BM_After(benchmark::State& state) {
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) right &= !After(absl::Hours(1)).TryReceive().ok();
  allocations.Report(state, state.iterations());
  Check(state, right, "it was due too early");
}
BENCHMARK(BM_After);

void BM_TimerResetAndStop(benchmark::State& state) {
  const Timer timer;
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) {
    right &= !timer.Reset(absl::Hours(1));
    right &= timer.Stop();
  }
  allocations.Report(state, state.iterations());
  Check(state, right, "it was not as it was left");
}
BENCHMARK(BM_TimerResetAndStop);

void BM_TimerResetWithWaiter(benchmark::State& state) {
  const Timer timer;
  std::thread waiter([&timer] {
    while (timer.Receive().ok()) {
    }
  });
  testing::AwaitReceivers(timer, 1);
  absl::Duration delay = absl::Hours(1'000'000);
  bool right = true;
  timer.Reset(delay);
  const AllocationMeter allocations;
  for (auto _ : state) right &= timer.Reset(delay -= absl::Microseconds(10));
  allocations.Report(state, state.iterations());
  timer.Close();
  waiter.join();
  Check(state, right, "it was due too early");
}
BENCHMARK(BM_TimerResetWithWaiter);

void BM_AlarmSetAndCancel(benchmark::State& state) {
  internal::AlarmClock& clock = internal::AlarmClock::Get();
  const internal::Instant far = internal::SteadyNow() + absl::Hours(1);
  std::deque<SilentAlarm> others(static_cast<size_t>(state.range(0)));
  int64_t n = 0;
  for (SilentAlarm& other : others) clock.Set(other, far + absl::Nanoseconds((++n * 7919) % 1'000'003));
  SilentAlarm alarm;
  const AllocationMeter allocations;
  for (auto _ : state) {
    clock.Set(alarm, far + absl::Nanoseconds((++n * 7919) % 1'000'003));
    clock.Cancel(alarm);
  }
  allocations.Report(state, state.iterations());
  Check(state, clock.size() >= others.size(), "an alarm was lost");
  for (SilentAlarm& other : others) clock.Cancel(other);
}
BENCHMARK(BM_AlarmSetAndCancel)->Arg(0)->Arg(1000)->Arg(1'000'000);

void BM_DeadlineAndCancel(benchmark::State& state) {
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) {
    CancelHandle handle = Context::Background().WithTimeout(absl::Hours(1));
    right &= handle.Cancel();
  }
  allocations.Report(state, state.iterations());
  Check(state, right, "it had ended");
}
BENCHMARK(BM_DeadlineAndCancel);

void BM_OnCancel(benchmark::State& state) {
  const CancelHandle handle =
      Context::Background().WithTimeout(state.range(0) == 0 ? absl::InfiniteDuration() : absl::Hours(1));
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) right &= handle.context().OnCancel([] {}).Remove();
  allocations.Report(state, state.iterations());
  Check(state, right, "it was called");
}
BENCHMARK(BM_OnCancel)->Arg(0)->Arg(1);

void BM_WatchdogKick(benchmark::State& state) {
  static Watchdog& dog = *new Watchdog(absl::Hours(1));
  bool right = true;
  for (auto _ : state) right &= dog.Kick();
  Check(state, right, "it fired");
}
BENCHMARK(BM_WatchdogKick)->Threads(1)->Threads(2);

void BM_CancelTree(benchmark::State& state) {
  const int64_t count = state.range(0);
  bool right = true;
  for (auto _ : state) {
    state.PauseTiming();
    CancelHandle root = Context::Background().WithCancel();
    std::vector<CancelHandle> children;
    for (int64_t i = 0; i < count; ++i) children.push_back(root.context().WithCancel());
    state.ResumeTiming();
    right &= root.Cancel();
    state.PauseTiming();
    for (const CancelHandle& child : children) right &= child.context().done();
    children.clear();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * count);
  Check(state, right, "a child is alive");
}
BENCHMARK(BM_CancelTree)->Arg(100)->Arg(10'000);

void BM_CancelCallbacks(benchmark::State& state) {
  const int64_t count = state.range(0);
  int64_t calls = 0;
  for (auto _ : state) {
    state.PauseTiming();
    CancelHandle root = Context::Background().WithCancel();
    std::vector<CancelCallback> callbacks;
    for (int64_t i = 0; i < count; ++i) callbacks.push_back(root.context().OnCancel([&calls] { ++calls; }));
    state.ResumeTiming();
    root.Cancel();
    state.PauseTiming();
    callbacks.clear();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * count);
  Check(state, calls == state.iterations() * count, "a callback was not called");
}
BENCHMARK(BM_CancelCallbacks)->Arg(10'000);

}  // namespace
}  // namespace eventbus::benchmarks
