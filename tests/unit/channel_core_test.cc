#include "eventbus/internal/channel/channel_core.h"

#include <cstddef>
#include <new>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/waiting.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::AwaitTrue;
using eventbus::testing::Counted;

Ref<ChannelCore> IntChannel(size_t capacity) { return MakeRef<ChannelCore>(kElementOf<int>, capacity); }

Outcome Send(ChannelCore& channel, int value, Instant deadline = Instant::Past()) {
  return channel.Complete(Role::kSend, &value, deadline);
}
// The value, or the negated outcome.
int Receive(ChannelCore& channel, Instant deadline = Instant::Past()) {
  int value = 0;
  const Outcome outcome = channel.Complete(Role::kReceive, &value, deadline);
  return outcome == Outcome::kDone ? value : -static_cast<int>(outcome);
}
constexpr int kNone = -static_cast<int>(Outcome::kNotReady);
constexpr int kEnd = -static_cast<int>(Outcome::kClosed);

void AwaitWaiting(const ChannelCore& channel, Role role, size_t count) {
  AwaitTrue([&] { return channel.CountWaiting(role) == count; });
}

TEST(ChannelCore, BlockedSendersEnterInTheOrderInWhichTheyCame) {
  const Ref<ChannelCore> channel = IntChannel(1);
  ASSERT_EQ(Send(*channel, 10), Outcome::kDone);
  std::vector<std::thread> senders;
  for (int i = 1; i <= 4; ++i) {
    senders.emplace_back([&, i] { EXPECT_EQ(Send(*channel, 10 + i, Instant::Never()), Outcome::kDone); });
    AwaitWaiting(*channel, Role::kSend, i);
  }
  EXPECT_EQ(Send(*channel, 99), Outcome::kNotReady) << "it would overtake";
  for (int i = 0; i <= 4; ++i) {
    EXPECT_EQ(Receive(*channel), 10 + i);
    EXPECT_EQ(channel->ApproxSize(), i < 4 ? 1u : 0u) << "a freed slot is filled at once";
  }
  for (std::thread& sender : senders) sender.join();
}

TEST(ChannelCore, BlockedReceiversAreServedInTheOrderInWhichTheyCame) {
  const Ref<ChannelCore> channel = IntChannel(4);
  std::vector<int> received(4);
  std::vector<std::thread> receivers;
  for (int i = 0; i < 4; ++i) {
    receivers.emplace_back([&, i] { received[i] = Receive(*channel, Instant::Never()); });
    AwaitWaiting(*channel, Role::kReceive, i + 1);
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Send(*channel, i + 1), Outcome::kDone);
    EXPECT_EQ(channel->ApproxSize(), 0u) << "a waiting receiver is served before the buffer";
  }
  for (std::thread& receiver : receivers) receiver.join();
  EXPECT_EQ(received, (std::vector<int>{1, 2, 3, 4}));
}

TEST(ChannelCore, RendezvousPassesTheValueFromHandToHand) {
  const Ref<ChannelCore> channel = IntChannel(0);
  EXPECT_EQ(Send(*channel, 1), Outcome::kNotReady);
  EXPECT_EQ(Receive(*channel), kNone);
  std::thread sender([&] { EXPECT_EQ(Send(*channel, 2, Instant::Never()), Outcome::kDone); });
  AwaitWaiting(*channel, Role::kSend, 1);
  EXPECT_EQ(Receive(*channel), 2);
  sender.join();
}

TEST(ChannelCore, CloseGivesBlockedSendersTheirValuesBack) {
  Counted::Counts counts;
  const Ref<ChannelCore> channel = MakeRef<ChannelCore>(kElementOf<Counted>, 0);
  std::thread sender([&] {
    Counted value(counts, 7);
    EXPECT_EQ(channel->Complete(Role::kSend, &value, Instant::Never()), Outcome::kClosed);
    EXPECT_EQ(value.number(), 7);
  });
  AwaitWaiting(*channel, Role::kSend, 1);
  EXPECT_TRUE(channel->Close());
  sender.join();
  EXPECT_EQ(counts.alive, 0);
}

TEST(ChannelCore, ClosedGivesWhatIsLeftAndThenTheEnd) {
  const Ref<ChannelCore> channel = IntChannel(2);
  ASSERT_EQ(Send(*channel, 1), Outcome::kDone);
  ASSERT_EQ(Send(*channel, 2), Outcome::kDone);
  EXPECT_TRUE(channel->Close());
  EXPECT_TRUE(channel->closed());
  EXPECT_FALSE(channel->Close());
  EXPECT_EQ(Send(*channel, 3), Outcome::kClosed);
  EXPECT_EQ(Receive(*channel), 1);
  EXPECT_EQ(Receive(*channel, Instant::Never()), 2);
  EXPECT_EQ(Receive(*channel), kEnd);
  EXPECT_EQ(Receive(*channel, Instant::Never()), kEnd);
}

TEST(ChannelCore, AnOperationThatIsTooLateDidNothing) {
  const Ref<ChannelCore> channel = IntChannel(1);
  const Instant deadline = SteadyNow() + absl::Milliseconds(1);
  EXPECT_EQ(Receive(*channel, deadline), -static_cast<int>(Outcome::kDeadline));
  EXPECT_GE(SteadyNow(), deadline);
  EXPECT_EQ(channel->CountWaiting(Role::kReceive), 0u);
  ASSERT_EQ(Send(*channel, 1), Outcome::kDone);
  EXPECT_EQ(Send(*channel, 2, SteadyNow() + absl::Milliseconds(1)), Outcome::kDeadline);
  EXPECT_EQ(channel->CountWaiting(Role::kSend), 0u);
  EXPECT_EQ(Receive(*channel), 1);
  EXPECT_EQ(Receive(*channel), kNone);
}

TEST(ChannelCore, TryReceiveManyTakesFromTheQueueAndThenFromBlockedSenders) {
  const Ref<ChannelCore> channel = IntChannel(2);
  ASSERT_EQ(Send(*channel, 1), Outcome::kDone);
  ASSERT_EQ(Send(*channel, 2), Outcome::kDone);
  std::vector<std::thread> senders;
  for (int i = 3; i <= 5; ++i) {
    senders.emplace_back([&, i] { EXPECT_EQ(Send(*channel, i, Instant::Never()), Outcome::kDone); });
    AwaitWaiting(*channel, Role::kSend, i - 2);
  }
  int values[8] = {};
  EXPECT_EQ(channel->TryReceiveMany(values, 4), 4u);
  EXPECT_EQ(channel->TryReceiveMany(values + 4, 4), 1u);
  EXPECT_EQ(channel->TryReceiveMany(values + 5, 3), 0u);
  EXPECT_EQ(std::vector<int>(values, values + 5), (std::vector<int>{1, 2, 3, 4, 5}));
  for (std::thread& sender : senders) sender.join();
}

// Room for so many that each end has a lock of its own.
TEST(SplitChannelCore, LetsInThoseWhoWaitInTheOrderInWhichTheyCame) {
  constexpr int kRoom = static_cast<int>(kLeastSplitCapacity);
  const Ref<ChannelCore> channel = IntChannel(kRoom);
  for (int i = 0; i < kRoom; ++i) ASSERT_EQ(Send(*channel, i), Outcome::kDone);
  std::vector<std::thread> senders;
  for (int i = 0; i < 3; ++i) {
    senders.emplace_back([&, i] { EXPECT_EQ(Send(*channel, kRoom + i, Instant::Never()), Outcome::kDone); });
    AwaitWaiting(*channel, Role::kSend, i + 1);
  }
  EXPECT_EQ(Send(*channel, 99), Outcome::kNotReady) << "it would overtake";
  EXPECT_EQ(Receive(*channel), 0);
  EXPECT_EQ(channel->ApproxSize(), static_cast<size_t>(kRoom)) << "a freed slot is filled at once";
  int values[2 * kRoom] = {};
  ASSERT_EQ(channel->TryReceiveMany(values, 2), 2u) << "beside two more who wait";
  EXPECT_EQ(channel->TryReceiveMany(values + 2, 2 * kRoom), static_cast<size_t>(kRoom));
  for (int i = 0; i < kRoom + 2; ++i) EXPECT_EQ(values[i], i + 1);
  EXPECT_EQ(Receive(*channel), kNone);
  for (std::thread& sender : senders) sender.join();
}

TEST(SplitChannelCore, ReceiversTakeTheShortWayAgainOnceNobodyWaits) {
  const Ref<ChannelCore> channel = IntChannel(kLeastSplitCapacity);
  for (size_t i = 0; i < kLeastSplitCapacity; ++i) ASSERT_EQ(Send(*channel, 1), Outcome::kDone);
  EXPECT_EQ(Send(*channel, 2), Outcome::kNotReady);
  int value = 0;
  EXPECT_FALSE(channel->TryReceiveQueued(&value)) << "a sender may wait";
  EXPECT_EQ(Receive(*channel), 1);
  EXPECT_TRUE(channel->TryReceiveQueued(&value)) << "none did";
}

TEST(ChannelCore, DestroysWhatNobodyReceived) {
  Counted::Counts counts;
  {
    const Ref<ChannelCore> channel = MakeRef<ChannelCore>(kElementOf<Counted>, 4);
    for (int i = 0; i < 3; ++i) {
      Counted value(counts, i);
      ASSERT_EQ(channel->Complete(Role::kSend, &value, Instant::Past()), Outcome::kDone);
    }
    EXPECT_EQ(counts.alive, 3);
  }
  EXPECT_EQ(counts.alive, 0);
}

// A timed channel of the test's own: one value, due at a given instant.
class OneValue final : public ChannelCore {
 public:
  explicit OneValue(Instant due) : ChannelCore(kElementOf<int>, 0), due_(due) {}

 private:
  bool TryProduce(void* to) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (SteadyNow() < due_) return false;
    due_ = Instant::Never();
    ::new (to) int(7);
    return true;
  }
  Instant ProducesAt() const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return due_; }

  Instant due_ ABSL_GUARDED_BY(mutex);
};

TEST(TimedChannelCore, WakesAReceiverWhenItsValueIsDue) {
  const Instant due = SteadyNow() + absl::Milliseconds(1);
  const Ref<OneValue> channel = MakeRef<OneValue>(due);
  EXPECT_EQ(Receive(*channel, Instant::Never()), 7);
  EXPECT_GE(SteadyNow(), due);
  EXPECT_EQ(Receive(*channel), kNone);
}

TEST(TimedChannelCore, GivesItsValueToOneOfManyReceivers) {
  const Ref<OneValue> channel = MakeRef<OneValue>(SteadyNow() + absl::Milliseconds(1));
  Atomic<int> values{0};
  Atomic<int> ends{0};
  std::vector<std::thread> receivers;
  for (int i = 0; i < 4; ++i) {
    receivers.emplace_back([&] {
      const int received = Receive(*channel, Instant::Never());
      ++(received == 7 ? values : ends);
    });
  }
  AwaitTrue([&] { return values.load() == 1; });
  AwaitWaiting(*channel, Role::kReceive, 3);
  EXPECT_TRUE(channel->Close());
  for (std::thread& receiver : receivers) receiver.join();
  EXPECT_EQ(values.load(), 1);
  EXPECT_EQ(ends.load(), 3);
}

TEST(TimedChannelCore, ADeadlineBeforeTheDueTimeDecides) {
  const Ref<OneValue> channel = MakeRef<OneValue>(SteadyNow() + absl::Hours(1));
  EXPECT_EQ(Receive(*channel, SteadyNow() + absl::Milliseconds(1)), -static_cast<int>(Outcome::kDeadline));
}

TEST(TimedChannelCore, IsAnArmOfASelect) {
  const Ref<OneValue> channel = MakeRef<OneValue>(SteadyNow() + absl::Milliseconds(1));
  const Ref<ChannelCore> other = IntChannel(0);
  int value = 0;
  const Arm arms[] = {{.target = other.get(), .value = &value}, {.target = channel.get(), .value = &value}};
  EXPECT_EQ(SelectAmong(arms, Choice::kFair, Instant::Never()).index, 1);
  EXPECT_EQ(value, 7);
  EXPECT_EQ(other->CountWaiting(Role::kReceive), 0u);
}

}  // namespace
}  // namespace eventbus::internal
