// What light consumers cost. Values are one word. Each benchmark checks what arrived.
//
//   BM_FeedCoroutines/<n>   sender ---> feed ===> n channels (capacity 200) ---> n coroutines on a pool of two threads
//                           Time is per send, in bursts of 400, each until every coroutine has received all of it, in
//                           order; `per_delivery` is that over n. The sender blocks where there is no room.
//   BM_SpawnJoin            spawns a coroutine that does nothing on a pool of one thread, and joins it
//   BM_InlineRoundTrip      a send to a coroutine in the sender's own thread, which receives it before the send returns
//
// Not measured: consumers that work.

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "benchmarks/measure.h"
#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "eventbus/inline_executor.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"

namespace eventbus::benchmarks {
namespace {

constexpr uint64_t kBurst = 400;

// Receives until the end. `late` counts down who has not received the last of a burst; the last of them says so.
// Gives how many came in order.
Task<uint64_t> Consume(ReceiveChannel<uint64_t> values, std::atomic<size_t>* late, SendChannel<int> done) {
  uint64_t expected = 0;
  while (true) {
    const absl::StatusOr<uint64_t> value = co_await values.AsyncReceive();
    if (!value.ok() || *value != expected) co_return expected;
    ++expected;
    if (expected % kBurst == 0 && late->fetch_sub(1) == 1) done.TrySend(1).IgnoreError();
  }
}

void BM_FeedCoroutines(benchmark::State& state) {
  const auto consumers = static_cast<size_t>(state.range(0));
  ThreadPool pool(2);
  FeedOf<uint64_t> feed;
  std::atomic<size_t> late{0};
  const Channel<int> done(1);
  std::vector<Channel<uint64_t>> channels;
  std::vector<Subscription> subscriptions;
  std::vector<Spawned<uint64_t>> spawned;
  for (size_t i = 0; i < consumers; ++i) {
    channels.emplace_back(200);
    subscriptions.push_back(*feed.Subscribe(channels.back()));
    spawned.push_back(Spawn(pool, Consume(channels.back(), &late, done)));
  }
  uint64_t sent = 0;
  const auto burst = [&] {
    late = consumers;
    for (uint64_t i = 0; i < kBurst; ++i) feed.Send(sent++);
    done.Receive().IgnoreError();
  };
  burst();
  const AllocationMeter allocations;
  while (state.KeepRunningBatch(kBurst)) burst();
  allocations.Report(state, state.iterations());
  for (const Channel<uint64_t>& channel : channels) channel.Close();
  bool right = true;
  for (Spawned<uint64_t>& consumer : spawned) right &= *consumer.Join() == sent;
  Check(state, right, "a value was lost, changed or overtaken");
  state.counters["per_delivery"] = benchmark::Counter(static_cast<double>(state.iterations() * consumers),
                                                      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_FeedCoroutines)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(10000)->UseRealTime();

Task<> DoNothing() { co_return; }

void BM_SpawnJoin(benchmark::State& state) {
  ThreadPool pool(1);
  bool right = true;
  for (auto _ : state) right &= Spawn(pool, DoNothing()).Join().ok();
  Check(state, right, "a task did not end well");
}
BENCHMARK(BM_SpawnJoin)->UseRealTime();

Task<> Add(ReceiveChannel<uint64_t> values, uint64_t* sum) {
  while (true) {
    const absl::StatusOr<uint64_t> value = co_await values.AsyncReceive();
    if (!value.ok()) co_return;
    *sum += *value;
  }
}

void BM_InlineRoundTrip(benchmark::State& state) {
  InlineExecutor here;
  const Channel<uint64_t> channel(0);
  uint64_t sum = 0;
  const Spawned<> adds = Spawn(here, Add(channel, &sum));
  const AllocationMeter allocations;
  for (auto _ : state) channel.TrySend(1).IgnoreError();
  allocations.Report(state, state.iterations());
  Check(state, sum == static_cast<uint64_t>(state.iterations()), "a value was lost");
}
BENCHMARK(BM_InlineRoundTrip);

}  // namespace
}  // namespace eventbus::benchmarks
