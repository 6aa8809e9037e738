// What light consumers cost. Values are one word. Each benchmark checks what arrived.
//
//   BM_FeedCoroutines/<n>   sender ---> feed ===> n channels (capacity 200) ---> n coroutines on a pool of two threads
//   BM_FeedHandlers/<n>     sender ---> feed ===> n handlers (capacity 200) on a pool of two threads
//                           Time is per send, in bursts of 400, each until every consumer has received all of it, in
//                           order; `per_delivery` is that over n. The sender blocks where there is no room; the time of
//                           its thread alone is in the column CPU, so a sender that spun would have as much there as in
//                           Time.
//   BM_FeedInline/<n>       sender ---> feed ---> n handlers in the sender's own call. Time is per send.
//   BM_SpawnJoin            spawns a coroutine that does nothing on a pool of one thread, and joins it
//   BM_InlineRoundTrip      a send to a coroutine in the sender's own thread, which receives it before the send returns
//
// Not measured: consumers that work.

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "benchmarks/measure.h"
#include "benchmarks/wait_once.h"
#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "eventbus/inline_executor.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"

namespace eventbus::benchmarks {
namespace {

constexpr uint64_t kBurst = 400;

// Sends of one feed in bursts, each of which ends when every consumer has received all of it.
class Bursts {
 public:
  // For as many consumers at most.
  explicit Bursts(size_t consumers) : has_waited_(WaitOnce(feed_, consumers)) {}

  FeedOf<uint64_t>& feed() { return feed_; }
  uint64_t sent() const { return sent_; }

  // For a consumer: `value` came where `expected` was. False if that is wrong; then the burst never ends for it.
  bool Take(uint64_t value, uint64_t& expected) {
    if (value != expected) return false;
    ++expected;
    if (expected % kBurst == 0 && late_.fetch_sub(1) == 1) done_.TrySend(1).IgnoreError();
    return true;
  }

  // The measured loop, for `consumers` that are there.
  void Run(benchmark::State& state, size_t consumers) {
    Check(state, has_waited_, "a send did not wait");
    SendOne(consumers);
    const AllocationMeter allocations;
    while (state.KeepRunningBatch(kBurst)) SendOne(consumers);
    allocations.Report(state, state.iterations());
    state.counters["per_delivery"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(consumers),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }

 private:
  void SendOne(size_t consumers) {
    late_ = consumers;
    for (uint64_t i = 0; i < kBurst; ++i) feed_.Send(sent_++);
    done_.Receive().IgnoreError();
  }

  FeedOf<uint64_t> feed_;
  const bool has_waited_;
  std::atomic<size_t> late_{0};  // Who has not received the last of the burst.
  const Channel<int> done_{1};
  uint64_t sent_ = 0;
};

// Receives until the end. Gives how many came in order.
Task<uint64_t> Consume(ReceiveChannel<uint64_t> values, Bursts* bursts) {
  uint64_t expected = 0;
  while (std::optional<uint64_t> value = co_await values.AsyncNext()) {
    if (!bursts->Take(*value, expected)) break;
  }
  co_return expected;
}

void BM_FeedCoroutines(benchmark::State& state) {
  const auto consumers = static_cast<size_t>(state.range(0));
  ThreadPool pool(2);
  Bursts bursts(consumers);
  std::vector<Channel<uint64_t>> channels;
  std::vector<Subscription> subscriptions;
  std::vector<Spawned<uint64_t>> spawned;
  for (size_t i = 0; i < consumers; ++i) {
    channels.emplace_back(200);
    subscriptions.push_back(*bursts.feed().Subscribe(channels.back()));
    spawned.push_back(Spawn(pool, Consume(channels.back(), &bursts)));
  }
  bursts.Run(state, consumers);
  for (const Channel<uint64_t>& channel : channels) channel.Close();
  bool right = true;
  for (Spawned<uint64_t>& consumer : spawned) right &= *consumer.Join() == bursts.sent();
  Check(state, right, "a value was lost, changed or overtaken");
}
BENCHMARK(BM_FeedCoroutines)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(10000)->UseRealTime();

void BM_FeedHandlers(benchmark::State& state) {
  const auto consumers = static_cast<size_t>(state.range(0));
  ThreadPool pool(2);
  Bursts bursts(consumers);
  struct alignas(64) Expected {  // Two threads at work do not count in one cache line.
    uint64_t value = 0;
  };
  std::vector<Expected> expected(consumers);
  std::vector<Subscription> subscriptions;
  for (Expected& its : expected) {
    subscriptions.push_back(
        *bursts.feed().Subscribe([&bursts, &its](const uint64_t& value) { bursts.Take(value, its.value); },
                                 {.executor = &pool, .capacity = 200}));
  }
  bursts.Run(state, consumers);
  subscriptions.clear();
  bool right = true;
  for (const Expected& its : expected) right &= its.value == bursts.sent();
  Check(state, right, "a value was lost, changed or overtaken");
}
BENCHMARK(BM_FeedHandlers)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(10000)->UseRealTime();

void BM_FeedInline(benchmark::State& state) {
  const auto consumers = static_cast<size_t>(state.range(0));
  Bursts bursts(consumers);
  std::vector<uint64_t> expected(consumers);
  std::vector<Subscription> subscriptions;
  for (uint64_t& its : expected) {
    subscriptions.push_back(
        *bursts.feed().Subscribe([&bursts, &its](const uint64_t& value) { bursts.Take(value, its); }));
  }
  bursts.Run(state, consumers);
  bool right = true;
  for (const uint64_t its : expected) right &= its == bursts.sent();
  Check(state, right, "a value was lost, changed or overtaken");
}
BENCHMARK(BM_FeedInline)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(10000);

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
