// One thread sends to n light consumers on a pool of two threads, in bursts.
//
//   fanout/n              sender ---> feed ===> n handlers with room for 200
//   fanout_coroutines/n   sender ---> feed ===> n channels with room for 200 ---> n coroutines

#include <cstdint>
#include <optional>
#include <vector>

#include "benchmarks/contender/bursts.h"
#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "benchmarks/wait_once.h"
#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "eventbus/subscription.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"

namespace eventbus::benchmarks {
namespace {

using contender::BurstReceiver;
using contender::Bursts;
using contender::Play;

contender::Result MeasureSends(Play& play, Bursts& bursts, FeedOf<uint64_t>& feed, size_t consumers) {
  return bursts.Measure(play, consumers, [&feed, consumers](uint64_t value) {
    contender::Require(feed.Send(value).delivered == consumers, "a send missed a subscriber");
  });
}

Task<> Consume(ReceiveChannel<uint64_t> values, BurstReceiver receiver) {
  while (std::optional<uint64_t> value = co_await values.AsyncNext()) receiver.Take(*value);
}

contender::Result PlayCoroutines(Play& play, size_t consumers) {
  Bursts bursts;
  ThreadPool pool(2);
  FeedOf<uint64_t> feed;
  contender::Require(WaitOnce(feed, consumers), "a send did not wait");
  std::vector<Channel<uint64_t>> channels;
  std::vector<Subscription> subscriptions;
  std::vector<Spawned<>> spawned;
  for (size_t i = 0; i < consumers; ++i) {
    channels.emplace_back(contender::kRoom);
    subscriptions.push_back(*feed.Subscribe(channels.back()));
    spawned.push_back(Spawn(pool, Consume(channels.back(), BurstReceiver(bursts))));
  }
  const contender::Result result = MeasureSends(play, bursts, feed, consumers);
  for (const Channel<uint64_t>& channel : channels) channel.Close();
  for (Spawned<>& consumer : spawned) contender::Require(consumer.Join().ok(), "a consumer did not end well");
  return result;
}

contender::Result PlayHandlers(Play& play, size_t consumers) {
  Bursts bursts;
  ThreadPool pool(2);
  FeedOf<uint64_t> feed;
  contender::Require(WaitOnce(feed, consumers), "a send did not wait");
  std::vector<Subscription> subscriptions;
  for (size_t i = 0; i < consumers; ++i) {
    subscriptions.push_back(
        *feed.Subscribe([receiver = BurstReceiver(bursts)](const uint64_t& value) mutable { receiver.Take(value); },
                        {.executor = &pool, .capacity = contender::kRoom}));
  }
  return MeasureSends(play, bursts, feed, consumers);
}

}  // namespace

void AddFanOut(contender::Contender& contender) {
  contender.AddEach("fanout/", contender::kFanOuts, PlayHandlers);
  contender.AddEach("fanout_coroutines/", contender::kFanOuts, PlayCoroutines);
}

}  // namespace eventbus::benchmarks
