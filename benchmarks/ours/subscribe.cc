// A handler is subscribed, and leaves again, while n others stay.

#include <cstdint>
#include <vector>

#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "eventbus/feed.h"

namespace eventbus::benchmarks {
namespace {

contender::Result PlaySubscribe(contender::Play& play, size_t others) {
  constexpr uint64_t kSubscriptions = 100;
  FeedOf<uint64_t> feed;
  std::vector<uint64_t> sums(others);
  std::vector<Subscription> subscriptions;
  for (uint64_t& sum : sums) {
    subscriptions.push_back(*feed.Subscribe([&sum](const uint64_t& value) { sum += value; }));
  }
  uint64_t calls = 0;
  const contender::Result result = play.Measure(kSubscriptions, [&] {
    for (uint64_t i = 0; i < kSubscriptions; ++i) {
      absl::StatusOr<Subscription> one = feed.Subscribe([&calls](const uint64_t&) { ++calls; });
      contender::Require(one.ok(), "a subscription was refused");
      one->Unsubscribe();
    }
  });
  // Those that stayed are there, and nobody else.
  contender::Require(feed.Send(1).delivered == others && calls == 0, "a subscription was lost, or did not end");
  for (const uint64_t sum : sums) contender::Require(sum == 1, "a handler was not called once");
  const Subscription last = *feed.Subscribe([&calls](const uint64_t&) { ++calls; });
  contender::Require(feed.Send(1).delivered == others + 1 && calls == 1, "a new subscription got nothing");
  return result;
}

}  // namespace

void AddSubscribe(contender::Contender& contender) {
  contender.AddEach("subscribe/", contender::kOthers, PlaySubscribe);
}

}  // namespace eventbus::benchmarks
