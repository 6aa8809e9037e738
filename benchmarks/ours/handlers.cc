// A send that calls n handlers in the sender's thread, each of which adds to a sum of its own.

#include <cstdint>
#include <vector>

#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "eventbus/feed.h"

namespace eventbus::benchmarks {
namespace {

contender::Result PlayHandlers(contender::Play& play, size_t count) {
  FeedOf<uint64_t> feed;
  std::vector<uint64_t> sums(count);
  std::vector<Subscription> subscriptions;
  for (uint64_t& sum : sums) {
    subscriptions.push_back(*feed.Subscribe([&sum](const uint64_t& value) { sum += value; }));
  }
  const uint64_t sends = contender::SendsOfBatch(count);
  uint64_t sent = 0;
  const contender::Result result = play.Measure(sends * count, [&] {
    for (uint64_t i = 0; i < sends; ++i) {
      contender::Require(feed.Send(sent++).delivered == count, "a send missed a handler");
    }
  });
  for (const uint64_t sum : sums) contender::RequireSum(sum, sent);
  return result;
}

}  // namespace

void AddHandlers(contender::Contender& contender) { contender.AddEach("handlers/", contender::kFanOuts, PlayHandlers); }

}  // namespace eventbus::benchmarks
