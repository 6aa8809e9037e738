// What an idle subscription takes: a handler on a pool, with room for one value, and the handle of the subscription.

#include <cstdint>
#include <vector>

#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "eventbus/feed.h"
#include "eventbus/thread_pool.h"

namespace eventbus::benchmarks {
namespace {

contender::Result PlayMemory(contender::Play&) {
  contender::Arrivals arrivals;
  ThreadPool pool(2);
  FeedOf<uint64_t> feed;
  std::vector<Subscription> subscriptions;
  subscriptions.reserve(contender::kIdleSubscriptions);
  const contender::Result result = contender::MeasureMemory([&](size_t) {
    subscriptions.push_back(*feed.Subscribe(
        [&arrivals](const uint64_t& value) {
          contender::Require(value == 7, "a value was changed");
          arrivals.Arrive();
        },
        {.executor = &pool, .capacity = 1}));
  });
  arrivals.Expect(contender::kIdleSubscriptions);
  contender::Require(feed.Send(7).delivered == contender::kIdleSubscriptions, "a send missed a subscriber");
  arrivals.Await();
  return result;
}

}  // namespace

void AddMemory(contender::Contender& contender) { contender.Add("memory/subscription", PlayMemory); }

}  // namespace eventbus::benchmarks
