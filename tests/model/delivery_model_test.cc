// Deliveries that are acknowledged, sent back, received, drained and given up in the same instant: each value is acknowledged or
// left, once.

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/delivery.h"
#include "eventbus/feed.h"
#include "eventbus/select.h"
#include "eventbus/subscription.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

// A subscription whose channel is of deliveries, and what became of its values.
struct Answered {
  explicit Answered(FeedOf<int>& feed, size_t capacity)
      : channel(capacity), subscription(*feed.Subscribe(channel, {.on_left = [this](int) { ++left; }})) {}

  std::optional<Delivery<int>> Take() {
    absl::StatusOr<Delivery<int>> taken = channel.TryReceive();
    if (!taken.ok()) return std::nullopt;
    return *std::move(taken);
  }
  // Receives a value, and acknowledges it.
  void AckOne() {
    absl::StatusOr<Delivery<int>> delivery = channel.Receive();
    Check(delivery.ok() && delivery->Ack(), "it comes, and nobody else has it");
    ++acknowledged;
  }

  Channel<Delivery<int>> channel;
  int acknowledged = 0;
  int left = 0;
  Subscription subscription;
};

TEST(DeliveryModel, AnAckAgainstUnsubscribe) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    Thread unsubscriber([&] { one.subscription.Unsubscribe(); });
    if (delivery->Ack()) ++one.acknowledged;
    unsubscriber.Join();
    Check(one.acknowledged + one.left == 1, "acknowledged or left");
  });
}

TEST(DeliveryModel, ANackAgainstUnsubscribe) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    feed.Send(2);
    Thread unsubscriber([&] { one.subscription.Unsubscribe(); });
    delivery->Nack();  // There is no room.
    unsubscriber.Join();
    Check(one.left == 2, "both are left");
    delivery.reset();
    Check(one.Take().has_value() && !one.Take().has_value(), "and none comes again");
  });
}

TEST(DeliveryModel, ANackAgainstCloseOfTheChannel) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    feed.Send(2);
    Thread closer([&] { one.channel.Close(); });
    delivery->Nack();
    closer.Join();
    while (std::optional<Delivery<int>> rest = one.Take()) {
      if (rest->Ack()) ++one.acknowledged;
    }
    one.subscription.Unsubscribe();
    Check(one.acknowledged + one.left == 2, "acknowledged or left");
  });
}

TEST(DeliveryModel, ANackWithoutRoomAgainstAReceiver) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    feed.Send(2);
    Thread receiver([&] {
      one.AckOne();
      one.AckOne();
    });
    delivery->Nack();
    receiver.Join();
    Check(!one.Take().has_value(), "each came once more");
  });
}

// The one that receives it sends it back before the one that let it in has woken it.
TEST(DeliveryModel, OneThatIsSentBackAgainAtOnce) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    feed.Send(2);
    delivery->Nack();  // It waits for room.
    Thread receiver([&] { one.AckOne(); });
    one.Take();  // Dropped.
    receiver.Join();
    one.AckOne();
    Check(!one.Take().has_value(), "each came once more");
  });
}

// Either of the two hands back, and only one of them waits for the other.
TEST(DeliveryModel, TheEndOfAClosedChannelAgainstUnsubscribe) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 2);
    feed.Send(1);
    feed.Send(2);
    one.channel.Close();
    Thread sender([&] { feed.Send(3); });
    one.subscription.Unsubscribe();
    Check(one.left == 2, "both are left");
    sender.Join();
    Check(one.left == 2, "once");
  });
}

TEST(DeliveryModel, AnAckAndANackOfOneAttempt) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 2);
    feed.Send(1);
    feed.Send(2);
    std::optional<Delivery<int>> delivery = one.Take();
    bool returned = false;
    Thread other([&] { returned = delivery->Nack(); });
    const bool acknowledged = delivery->Ack();
    other.Join();
    Check(acknowledged != returned, "one of them");
    delivery.reset();
  });
}

TEST(DeliveryModel, ASendThatWaitsAgainstUnsubscribe) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    uint64_t delivered = 1;
    Thread sender([&] { delivered += feed.Send(2).delivered; });
    Thread receiver([&] {
      std::optional<Delivery<int>> delivery = one.Take();
      if (delivery && delivery->Ack()) ++one.acknowledged;
    });
    one.subscription.Unsubscribe();
    sender.Join();
    receiver.Join();
    Check(static_cast<uint64_t>(one.acknowledged + one.left) == delivered, "what the channel has taken");
  });
}

TEST(DeliveryModel, ASendThatWaitsAgainstCloseOfTheChannelAndUnsubscribe) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    uint64_t delivered = 1;
    Thread sender([&] { delivered += feed.Send(2).delivered; });
    Thread closer([&] { one.channel.Close(); });
    one.subscription.Unsubscribe();
    sender.Join();
    closer.Join();
    Check(static_cast<uint64_t>(one.left) == delivered, "what the channel has taken");
  });
}

TEST(DeliveryModel, ASendThatGivesUpAgainstUnsubscribe) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    uint64_t delivered = 1;
    CancelHandle asked = Context::Background().WithCancel();
    Thread sender([&] { delivered += feed.Send(asked.context(), 2).delivered; });
    Thread canceller([&] { asked.Cancel(); });
    one.subscription.Unsubscribe();
    sender.Join();
    canceller.Join();
    Check(static_cast<uint64_t>(one.left) == delivered, "what the channel has taken");
  });
}

TEST(DeliveryModel, ADrainEndsWithTheLastAck) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    Thread drainer([&] {
      feed.RequestDrain();
      Select({feed.OnEnd()});
      Check(one.acknowledged == 1 && one.left == 0, "not before");
      Check(one.subscription.ended(), "nor before its subscription");
    });
    delivery->Nack();
    absl::StatusOr<Delivery<int>> again = one.channel.Receive();
    one.acknowledged = 1;
    Check(again->Ack(), "it is not left");
    drainer.Join();
  });
}

TEST(DeliveryModel, ADrainThatIsCutShort) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    feed.RequestDrain();
    Thread stopper([&] { feed.Close(); });
    if (delivery->Ack()) ++one.acknowledged;
    stopper.Join();
    Select({feed.OnEnd()});
    Check(one.acknowledged + one.left == 1, "acknowledged or left");
  });
}

TEST(DeliveryModel, ANackAgainstTheHardStopOfADrain) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    feed.RequestDrain();
    Thread stopper([&] { feed.Close(); });
    delivery.reset();
    stopper.Join();
    Check(one.left == 1, "it is left");
  });
}

TEST(DeliveryModel, ALimitAgainstTheLastAck) {
  Explore([] {
    FeedOf<int> feed;
    const Channel<Delivery<int>> channel(1);
    const Subscription subscription = *feed.Subscribe(channel, {.limit = 1});
    Thread sender([&] { feed.Send(1); });
    Check(channel.Receive()->Ack(), "it comes");
    Select({subscription.OnEnd()});
    sender.Join();
  });
}

TEST(DeliveryModel, AFlushEndsWithTheLastAck) {
  Explore([] {
    FeedOf<int> feed;
    Answered one(feed, 1);
    feed.Send(1);
    std::optional<Delivery<int>> delivery = one.Take();
    Thread flusher([&] {
      Check(feed.Flush(Context::Background()).ok(), "it is");
      Check(one.acknowledged == 1, "not before");
    });
    one.acknowledged = 1;
    Check(delivery->Ack(), "it is outstanding");
    flusher.Join();
  });
}

}  // namespace
}  // namespace eventbus
