// What a choice costs, by the number of cases. Each benchmark checks what was chosen.
//
//   BM_SelectReady/<cases>    all cases are ready: one thread fills one channel of each case and selects
//   BM_SelectOneReady/<cases> one case is ready, the last listed
//   BM_TrySelect/<cases>      nothing is ready
//   BM_SelectBlocked/<cases>  sender ---> one of the channels, in turn; the receiver selects over all of them
//
// Time is per select. Not measured: handlers, large values.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "benchmarks/measure.h"
#include "eventbus/channel.h"
#include "eventbus/select.h"

namespace eventbus::benchmarks {
namespace {

// Channels, and a case to receive from each into the same slot.
class Receivers {
 public:
  Receivers(int64_t count, int64_t capacity) {
    for (int64_t i = 0; i < count; ++i) {
      channels.emplace_back(capacity);
      cases.push_back(channels.back().OnReceive(&slot));
    }
  }

  std::vector<Channel<uint64_t>> channels;
  std::vector<Case> cases;
  absl::StatusOr<uint64_t> slot = absl::UnavailableError("");
};

void BM_SelectReady(benchmark::State& state) {
  Receivers receivers(state.range(0), 1);
  for (size_t i = 0; i < receivers.channels.size(); ++i) receivers.channels[i].Send(i).IgnoreError();
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) {
    const int chosen = Select(receivers.cases);
    right &= *receivers.slot == static_cast<uint64_t>(chosen);
    right &= receivers.channels[chosen].TrySend(chosen).ok();
  }
  allocations.Report(state, state.iterations());
  Check(state, right, "a wrong value was received");
}
BENCHMARK(BM_SelectReady)->Arg(1)->Arg(2)->Arg(8)->Arg(64);

void BM_SelectOneReady(benchmark::State& state) {
  Receivers receivers(state.range(0), 1);
  const int last = static_cast<int>(state.range(0)) - 1;
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) {
    right &= receivers.channels[last].TrySend(7).ok();
    right &= Select(receivers.cases) == last;
  }
  allocations.Report(state, state.iterations());
  Check(state, right, "a wrong case was chosen");
}
BENCHMARK(BM_SelectOneReady)->Arg(1)->Arg(2)->Arg(8)->Arg(64);

void BM_TrySelect(benchmark::State& state) {
  Receivers receivers(state.range(0), 1);
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) right &= TrySelect(receivers.cases) == -1;
  allocations.Report(state, state.iterations());
  Check(state, right, "something was chosen");
}
BENCHMARK(BM_TrySelect)->Arg(1)->Arg(2)->Arg(8)->Arg(64);

void BM_SelectBlocked(benchmark::State& state) {
  Receivers receivers(state.range(0), 0);
  std::thread sender([&receivers] {
    for (uint64_t value = 0;; ++value) {
      const Channel<uint64_t>& channel = receivers.channels[value % receivers.channels.size()];
      if (!channel.Send(value).ok()) return;
    }
  });
  uint64_t expected = 0;
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) {
    Select(receivers.cases);
    right &= *receivers.slot == expected++;
  }
  allocations.Report(state, state.iterations());
  for (const Channel<uint64_t>& channel : receivers.channels) channel.Close();
  sender.join();
  Check(state, right, "a value was lost, changed or overtaken");
}
BENCHMARK(BM_SelectBlocked)->Arg(1)->Arg(2)->Arg(8)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace eventbus::benchmarks
