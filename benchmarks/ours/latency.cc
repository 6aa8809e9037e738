// One event to one subscribed channel whose thread sleeps, or has just received the event before.
//
//   sender ---> feed ---> channel ---> thread

#include <cstdint>

#include "benchmarks/contender/contender.h"
#include "benchmarks/contender/queues.h"
#include "benchmarks/ours/families.h"
#include "eventbus/channel.h"
#include "eventbus/feed.h"

namespace eventbus::benchmarks {
namespace {

using contender::Play;

class SubscribedChannel {
 public:
  void Send(uint64_t value) { contender::Require(feed_.Send(value).delivered == 1, "a send missed its subscriber"); }

  uint64_t Receive() {
    const absl::StatusOr<uint64_t> value = channel_.Receive();
    contender::Require(value.ok(), "a receive failed");
    return *value;
  }

 private:
  FeedOf<uint64_t> feed_;
  const Channel<uint64_t> channel_{64};
  const Subscription subscription_ = *feed_.Subscribe(channel_);
};

contender::Result PlayLatency(Play& play, contender::Receiver kind) {
  SubscribedChannel subscribed;
  return contender::PlayLatency(play, subscribed, kind);
}

}  // namespace

void AddLatency(contender::Contender& contender) {
  contender.Add("latency/parked", [](Play& play) { return PlayLatency(play, contender::Receiver::kParked); });
  contender.Add("latency/busy", [](Play& play) { return PlayLatency(play, contender::Receiver::kBusy); });
}

}  // namespace eventbus::benchmarks
