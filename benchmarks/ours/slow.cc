// A send to n subscribers that are never ready in advance: each becomes so once the one before has its value.
//
//   sender ---> feed ===> n rendezvous channels ---> one thread, which receives from one after the other

#include <cstdint>
#include <thread>
#include <vector>

#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "tests/support/waiting.h"

namespace eventbus::benchmarks {
namespace {

contender::Result PlaySlow(contender::Play& play, size_t subscribers) {
  FeedOf<uint64_t> feed;
  std::vector<Channel<uint64_t>> channels;
  std::vector<Subscription> subscriptions;
  for (size_t i = 0; i < subscribers; ++i) {
    channels.emplace_back(0);
    subscriptions.push_back(*feed.Subscribe(channels.back()));
  }
  uint64_t sent = 0;
  const auto send = [&] {
    contender::Require(feed.Send(sent++).delivered == subscribers, "a send missed a subscriber");
  };
  // The first send finds all of them slow and makes room for its deliveries; no later one needs more.
  std::thread first(send);
  testing::AwaitSenders(channels.back(), 1);
  uint64_t rounds = 0;
  std::thread receiver([&] {
    for (;; ++rounds) {
      for (const Channel<uint64_t>& channel : channels) {
        const absl::StatusOr<uint64_t> value = channel.Receive();
        if (!value.ok()) return;
        contender::Require(*value == rounds, "a value was lost, changed or overtaken");
      }
    }
  });
  first.join();
  const contender::Result result = play.Measure(1, send);
  for (const Channel<uint64_t>& channel : channels) channel.Close();
  receiver.join();
  contender::Require(rounds == sent, "values were lost");
  return result;
}

}  // namespace

void AddSlow(contender::Contender& contender) { contender.AddEach("slow/", {10, 100, 1000, 4000}, PlaySlow); }

}  // namespace eventbus::benchmarks
