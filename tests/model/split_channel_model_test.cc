// Channels whose ends have a lock each: a receiver that takes a value past the channel's mutex, against everything that is
// done under it. In these tests a channel of two is one of them (`kLeastSplitCapacity`).

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;
using internal::ChannelAccess;

// A channel of two values, 0 and 1.
template <typename T = int>
Channel<T> FullChannel() {
  Channel<T> channel(2);
  for (T i = 0; i < 2; ++i) Check(channel.TrySend(i).ok(), "room for two");
  return channel;
}

// Explores `scenario` with a value that is a word, which has a way of its own, and with one that is not.
template <typename Scenario>
void ExploreBoth(Scenario scenario) {
  Explore([&] { scenario(int()); });
  Explore([&] { scenario(int64_t()); });
}

TEST(SplitChannelModel, AReceiverTakesWhileASenderIsAboutToWait) {
  ExploreBoth([](auto value) {
    using Value = decltype(value);
    const Channel<Value> channel = FullChannel<Value>();
    Thread sender([&] { Check(channel.Send(2).ok(), "sent"); });
    for (int i = 0; i < 3; ++i) Check(*channel.Receive() == i, "in order");
  });
}

TEST(SplitChannelModel, SlotsAreUsedAgain) {
  Explore([] {
    const Channel<std::unique_ptr<int>> channel(2);
    Thread sender([&] {
      for (int i = 0; i < 4; ++i) Check(channel.Send(std::make_unique<int>(i)).ok(), "sent");
    });
    for (int i = 0; i < 4; ++i) Check(**channel.Receive() == i, "in order");
  });
}

TEST(SplitChannelModel, ASenderDoesNotOvertakeTheOneThatWaits) {
  Explore([] {
    const Channel<int> channel = FullChannel();
    bool came_later = false;
    Thread first([&] { Check(channel.Send(2).ok(), "sent"); });
    Thread second([&] {
      // Only once the first waits is there an order between the two.
      if (ChannelAccess::core(channel)->CountWaiting(internal::Role::kSend) == 0) return;
      came_later = channel.TrySend(3).ok();
    });
    Check(*channel.Receive() == 0, "the first");
    Check(*channel.Receive() == 1, "the second");
    second.Join();
    Check(*channel.Receive() == 2, "who waited");
    first.Join();
    if (came_later) Check(*channel.Receive() == 3, "who came later");
  });
}

TEST(SplitChannelModel, AFreedSlotIsFilledAtOnce) {
  Explore([] {
    const Channel<int> channel = FullChannel();
    Thread sender([&] { Check(channel.Send(2).ok(), "sent"); });
    Check(*channel.Receive() == 0, "the first");
    sender.Join();
    Check(channel.ApproxSize() == 2, "the slot is filled");
  });
}

TEST(SplitChannelModel, TwoReceiversAndTwoSendersThatWait) {
  ExploreBoth([](auto value) {
    using Value = decltype(value);
    const Channel<Value> channel = FullChannel<Value>();
    int sum = 0;
    Thread first([&] { Check(channel.Send(2).ok(), "sent"); });
    Thread second([&] { Check(channel.Send(4).ok(), "sent"); });
    Thread other([&] { sum += *channel.Receive(); });
    sum += *channel.Receive();
    first.Join();
    second.Join();
    other.Join();
    Check(channel.ApproxSize() == 2, "both slots are filled");
    sum += *channel.Receive();
    sum += *channel.Receive();
    Check(sum == 7, "each once");
  });
}

TEST(SplitChannelModel, AnswersOfTriesAreTrue) {
  ExploreBoth([](auto value) {
    using Value = decltype(value);
    const Channel<Value> channel = FullChannel<Value>();
    bool received = false;
    Thread receiver([&] {
      received = channel.TryReceive().ok();
      Check(channel.TrySend(2).ok(), "there is the room of the value received");
    });
    receiver.Join();
    Check(received, "there was one");
    Thread sender([&] {
      if (!channel.TrySend(3).ok()) Check(channel.TryReceive().ok(), "full, so there is one");
    });
    Check(channel.TryReceive().ok(), "never empty");
  });
}

TEST(SplitChannelModel, ABatchLetsThoseInWhoWait) {
  Explore([] {
    const Channel<int> channel = FullChannel();
    Thread first([&] { Check(channel.Send(2).ok(), "sent"); });
    Thread second([&] { Check(channel.Send(2).ok(), "sent"); });
    size_t received = 0;
    while (received < 2) received += channel.ReceiveMany(3)->size();
    // There is room for both, and nobody receives meanwhile.
    first.Join();
    second.Join();
    Check(channel.ApproxSize() == 4 - received, "the rest is there");
  });
}

TEST(SplitChannelModel, CloseAgainstAReceiverAndASender) {
  ExploreBoth([](auto value) {
    using Value = decltype(value);
    const Channel<Value> channel = FullChannel<Value>();
    bool sent = false;
    int received = 0;
    Thread sender([&] { sent = channel.Send(2).ok(); });
    Thread receiver([&] { received += channel.Receive().ok(); });
    Check(channel.Close(), "first to close");
    sender.Join();
    receiver.Join();
    while (channel.Receive().ok()) ++received;
    Check(received == 2 + sent, "what was accepted is received");
    Check(!channel.TrySend(3).ok(), "closed");
  });
}

TEST(SplitChannelModel, CloseAgainstAReceiverThatFindsNothing) {
  ExploreBoth([](auto value) {
    using Value = decltype(value);
    const Channel<Value> channel(2);
    Thread receiver([&] { Check(channel.Receive().status().code() == absl::StatusCode::kOutOfRange, "the end"); });
    Check(channel.Close(), "first to close");
  });
}

TEST(SplitChannelModel, ASendMeetsAReceiverThatIsAboutToWait) {
  ExploreBoth([](auto value) {
    using Value = decltype(value);
    const Channel<Value> channel(2);
    int sum = 0;
    Thread receiver([&] { sum += *channel.Receive(); });
    Thread other([&] { sum += *channel.Receive(); });
    Check(channel.Send(1).ok(), "sent");
    Check(channel.Send(2).ok(), "sent");
    receiver.Join();
    other.Join();
    Check(sum == 3, "each got one");
  });
}

TEST(SplitChannelModel, ASelectThatSendsAgainstAReceiver) {
  Explore([] {
    const Channel<int> channel = FullChannel();
    const Channel<int> other(0);
    Thread sender([&] {
      int value = 2;
      Select({channel.OnSend(&value), other.OnSend(&value)});
    });
    for (int i = 0; i < 3; ++i) Check(*channel.Receive() == i, "in order");
  });
}

TEST(SplitChannelModel, ASelectThatReceivesAgainstAReceiverAndASender) {
  Explore([] {
    const Channel<int> channel(2);
    const Channel<int> other(0);
    int sum = 0;
    Thread selects([&] {
      absl::StatusOr<int> value = absl::UnavailableError("");
      Select({channel.OnReceive(&value), other.OnReceive(&value)});
      sum += *value;
    });
    Thread sender([&] {
      Check(channel.Send(1).ok(), "sent");
      Check(channel.Send(2).ok(), "sent");
    });
    sum += *channel.Receive();
    selects.Join();
    Check(sum == 3, "each got one");
  });
}

// The hand-off race, where the receiver takes the value that makes room and the sender gives up in the same instant.
TEST(SplitChannelModel, ASenderThatGivesUpAgainstAReceiver) {
  Explore([] {
    const Channel<int> channel = FullChannel();
    CancelHandle cancel = Context::Background().WithCancel();
    bool sent = false;
    Thread sender([&] { sent = channel.Send(cancel.context(), 2).ok(); });
    Thread canceller([&] { cancel.Cancel(); });
    int received = channel.TryReceive().ok();
    sender.Join();
    canceller.Join();
    while (channel.TryReceive().ok()) ++received;
    Check(received == 2 + sent, "not lost, not twice");
    Check(channel.TrySend(3).ok() && channel.TrySend(4).ok(), "room for two");
  });
}

// What it was told last must be how things are.
class Watch final : public internal::ChannelWatch {
 public:
  void Update(bool readable, internal::Instant) override { readable_ = readable; }
  bool readable() const { return readable_; }

 private:
  bool readable_ = false;
};

TEST(SplitChannelModel, AWatchHearsOfEverything) {
  Explore([] {
    const Channel<int> channel(2);
    internal::ChannelCore& core = *ChannelAccess::core(channel);
    Check(channel.TrySend(0).ok(), "room");
    Watch watch;
    Thread sender([&] { Check(channel.Send(1).ok(), "sent"); });
    Thread receiver([&] { Check(channel.TryReceive().ok(), "received"); });
    core.AddWatch(watch);
    sender.Join();
    receiver.Join();
    Check(watch.readable(), "one is left");
    Check(channel.TryReceive().ok(), "received");
    Check(!watch.readable(), "nothing is left");
    Check(channel.TrySend(2).ok(), "sent");
    Check(watch.readable(), "one is there");
    core.RemoveWatch(watch);
  });
}

// It looks once, and waits in the same hold of the mutex.
TEST(SplitChannelModel, AFeedThatWaitsForRoomIsServedByTheReceiveThatMakesIt) {
  Explore([] {
    const Channel<int> channel = FullChannel();
    FeedOf<int> feed;
    absl::StatusOr<Subscription> subscription = feed.Subscribe(channel);
    Thread sender([&] { Check(feed.Send(2).delivered == 1, "delivered"); });
    Check(*channel.Receive() == 0, "the first");
    sender.Join();
    Check(*channel.Receive() == 1, "the second");
    Check(*channel.Receive() == 2, "what the feed sent");
  });
}

}  // namespace
}  // namespace eventbus
