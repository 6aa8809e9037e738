// What a channel costs. Values are one word. Each benchmark checks what arrived.
//
//   BM_Uncontended/<capacity>            one thread: send, then receive
//   BM_TwoThreads/<capacity>             sender ---> channel ---> receiver
//   BM_ReceiveMany/<capacity>            the same, the receiver takes batches of up to 64
//   BM_ManyToMany/<capacity>/<threads>   senders ===> channel ===> as many receivers
//   BM_ParkRound                         two threads that wake each other in turn, without a channel: what a rendezvous
//                                        cannot go below
//
// Time is per value. Not measured: large or costly values, more threads than cores, the wake-up latency of an idle core.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "benchmarks/measure.h"
#include "eventbus/channel.h"
#include "eventbus/internal/waiting/parker.h"

namespace eventbus::benchmarks {
namespace {

void SendAndReceive(benchmark::State& state, const Channel<uint64_t>& channel) {
  uint64_t sent = 0;
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) {
    right &= channel.Send(sent).ok();
    right &= *channel.Receive() == sent;
    ++sent;
  }
  allocations.Report(state, state.iterations());
  Check(state, right, "a value was lost or changed");
}

void BM_Uncontended(benchmark::State& state) { SendAndReceive(state, Channel<uint64_t>(state.range(0))); }
BENCHMARK(BM_Uncontended)->Arg(1)->Arg(64)->Arg(1024);

void BM_UncontendedUnbounded(benchmark::State& state) { SendAndReceive(state, Channel<uint64_t>(kUnbounded)); }
BENCHMARK(BM_UncontendedUnbounded);

// The receiving end of a benchmark: the count and the sum of what came.
struct Received {
  uint64_t count = 0;
  uint64_t sum = 0;
};

bool IsSumTo(const Received& received, uint64_t n) { return received.count == n && received.sum == n * (n - 1) / 2; }

void BM_TwoThreads(benchmark::State& state) {
  Channel<uint64_t> channel(state.range(0));
  Received received;
  std::thread receiver([&] {
    for (uint64_t value : channel) {
      ++received.count;
      received.sum += value;
    }
  });
  uint64_t sent = 0;
  const AllocationMeter allocations;
  for (auto _ : state) channel.Send(sent++).IgnoreError();
  allocations.Report(state, state.iterations());
  channel.Close();
  receiver.join();
  Check(state, IsSumTo(received, sent), "a value was lost or changed");
}
BENCHMARK(BM_TwoThreads)->Arg(0)->Arg(1)->Arg(64)->Arg(1024)->UseRealTime();

void BM_ReceiveMany(benchmark::State& state) {
  Channel<uint64_t> channel(state.range(0));
  Received received;
  std::thread receiver([&] {
    while (true) {
      const absl::StatusOr<std::vector<uint64_t>> values = channel.ReceiveMany(64);
      if (!values.ok()) return;
      received.count += values->size();
      for (uint64_t value : *values) received.sum += value;
    }
  });
  uint64_t sent = 0;
  for (auto _ : state) channel.Send(sent++).IgnoreError();
  channel.Close();
  receiver.join();
  Check(state, IsSumTo(received, sent), "a value was lost or changed");
}
BENCHMARK(BM_ReceiveMany)->Arg(64)->Arg(1024)->UseRealTime();

void BM_ManyToMany(benchmark::State& state) {
  constexpr uint64_t kBatch = 20'000;  // Values of one iteration, so that starting threads does not count.
  const auto pairs = static_cast<uint64_t>(state.range(1));
  for (auto _ : state) {
    Channel<uint64_t> channel(state.range(0));
    std::vector<Received> received(pairs);
    std::vector<std::thread> senders;
    std::vector<std::thread> receivers;
    for (uint64_t i = 0; i < pairs; ++i) {
      receivers.emplace_back([&channel, &mine = received[i]] {
        for (uint64_t value : channel) {
          ++mine.count;
          mine.sum += value;
        }
      });
      senders.emplace_back([&channel, i, pairs] {
        for (uint64_t value = i; value < kBatch; value += pairs) channel.Send(value).IgnoreError();
      });
    }
    for (std::thread& sender : senders) sender.join();
    channel.Close();
    for (std::thread& receiver : receivers) receiver.join();
    Received all;
    for (const Received& one : received) {
      all.count += one.count;
      all.sum += one.sum;
    }
    Check(state, IsSumTo(all, kBatch), "a value was lost or changed");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kBatch));
}
BENCHMARK(BM_ManyToMany)
    ->ArgsProduct({{0, 1, 64, 1024}, {2, 4}})
    ->ArgNames({"capacity", "pairs"})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// One round: this thread wakes the other, the other wakes this one.
void BM_ParkRound(benchmark::State& state) {
  using internal::Instant;
  using internal::Parker;
  struct Round {
    Parker there;
    Parker back;
  };
  constexpr size_t kRounds = 1024;  // Parkers are used once each; one vector serves many iterations.
  while (state.KeepRunningBatch(kRounds)) {
    std::vector<Round> rounds(kRounds);
    std::thread other([&rounds] {
      for (Round& round : rounds) {
        round.there.Park(Parker::kWoken, Instant::Never());
        round.back.Unpark(Parker::kWoken);
      }
    });
    for (Round& round : rounds) {
      round.there.Unpark(Parker::kWoken);
      round.back.Park(Parker::kWoken, Instant::Never());
    }
    other.join();
  }
}
BENCHMARK(BM_ParkRound)->UseRealTime();

}  // namespace
}  // namespace eventbus::benchmarks
