// What a send to many costs. Values are one word. Each benchmark checks what arrived.
//
//   BM_FeedRoom/<n>   sender ---> feed ===> n channels with room (capacity 200), emptied when they are full
//                     Time is per send; `per_delivery` is that over n. Emptying is not timed.
//   BM_FeedSlow/<n>   sender ---> feed ===> n rendezvous channels; one thread receives from them one by one
//                     Time is per send, during which each of the n subscribers becomes ready in turn.
//
// Not measured: consumers that work, values that are costly to copy.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "benchmarks/measure.h"
#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "tests/support/waiting.h"

namespace eventbus::benchmarks {
namespace {

class SubscribedChannels {
 public:
  SubscribedChannels(FeedOf<uint64_t>& feed, int64_t count, int64_t capacity) {
    channels.reserve(count);
    subscriptions_.reserve(count);
    for (int64_t i = 0; i < count; ++i) {
      channels.emplace_back(capacity);
      subscriptions_.push_back(*feed.Subscribe(channels.back()));
    }
  }

  std::vector<Channel<uint64_t>> channels;

 private:
  std::vector<Subscription> subscriptions_;
};

void BM_FeedRoom(benchmark::State& state) {
  constexpr int64_t kRoom = 200;
  const auto subscribers = static_cast<size_t>(state.range(0));
  FeedOf<uint64_t> feed;
  SubscribedChannels subscribed(feed, state.range(0), kRoom);
  uint64_t sent = 0;
  uint64_t received = 0;
  bool right = feed.Send(sent++).delivered == subscribers;  // The first send makes what all later ones use.
  // Takes everything; every channel has the same values, in order.
  const auto empty = [&] {
    for (const Channel<uint64_t>& channel : subscribed.channels) {
      for (uint64_t expected = received; expected < sent; ++expected) {
        const absl::StatusOr<uint64_t> value = channel.TryReceive();
        right &= value.ok() && *value == expected;
      }
    }
    received = sent;
  };
  const AllocationMeter allocations;
  for (auto _ : state) {
    right &= feed.Send(sent++).delivered == subscribers;
    if (sent - received == kRoom) {
      state.PauseTiming();
      empty();
      state.ResumeTiming();
    }
  }
  allocations.Report(state, state.iterations());
  empty();
  Check(state, right, "a value was lost, changed or overtaken");
  state.counters["per_delivery"] = benchmark::Counter(static_cast<double>(state.iterations() * subscribers),
                                                      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_FeedRoom)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(10000);

void BM_FeedSlow(benchmark::State& state) {
  const auto subscribers = static_cast<size_t>(state.range(0));
  FeedOf<uint64_t> feed;
  SubscribedChannels subscribed(feed, state.range(0), 0);
  bool right = true;
  bool received_right = true;
  // The first send finds all of them slow and makes room for its deliveries; no later one needs more.
  std::thread first([&] { right = feed.Send(0).delivered == subscribers; });
  testing::AwaitSenders(subscribed.channels.back(), 1);
  std::thread receiver([&] {
    for (uint64_t expected = 0;; ++expected) {
      for (const Channel<uint64_t>& channel : subscribed.channels) {
        const absl::StatusOr<uint64_t> value = channel.Receive();
        if (!value.ok()) return;
        received_right &= *value == expected;
      }
    }
  });
  first.join();
  uint64_t sent = 1;
  const AllocationMeter allocations;
  for (auto _ : state) right &= feed.Send(sent++).delivered == subscribers;
  allocations.Report(state, state.iterations());
  for (const Channel<uint64_t>& channel : subscribed.channels) channel.Close();
  receiver.join();
  Check(state, right && received_right, "a value was lost, changed or overtaken");
}
BENCHMARK(BM_FeedSlow)->Arg(10)->Arg(100)->Arg(1000)->Arg(4000)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace eventbus::benchmarks
