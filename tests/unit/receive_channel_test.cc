#include "eventbus/receive_channel.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitReceivers;
using testing::AwaitSenders;
using testing::Counted;
using testing::MoveOnly;
using testing::WaitingFor;
using testing::WaitingReceivers;

constexpr absl::StatusCode kEnd = absl::StatusCode::kOutOfRange;
constexpr absl::StatusCode kNothing = absl::StatusCode::kUnavailable;

TEST(Receive, BlocksUntilThereIsAValue) {
  const Channel<int> channel(1);
  std::thread receiver([&] { EXPECT_EQ(channel.Receive().value(), 7); });
  AwaitReceivers(channel, 1);
  EXPECT_TRUE(channel.Send(7).ok());
  receiver.join();
}

TEST(Receive, GivesTheOldestFirst) {
  const Channel<int> channel(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(channel.Send(i).ok());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(channel.Receive().value(), i);
}

TEST(Receive, MovesTheValueAndLeavesNothingBehind) {
  Counted::Counts counts;
  const Channel<Counted> channel(1);
  ASSERT_TRUE(channel.Send(Counted(counts, 7)).ok());
  {
    const absl::StatusOr<Counted> received = channel.Receive();
    EXPECT_EQ(received->number(), 7);
    EXPECT_EQ(counts.alive, 1);
  }
  EXPECT_EQ(counts.alive, 0);
  EXPECT_EQ(counts.copies, 0);
}

TEST(TryReceive, NeverBlocks) {
  const Channel<int> channel(1);
  EXPECT_EQ(channel.TryReceive().status().code(), kNothing);
  ASSERT_TRUE(channel.Send(7).ok());
  EXPECT_EQ(channel.TryReceive().value(), 7);
  EXPECT_EQ(channel.TryReceive().status().code(), kNothing);
}

TEST(TryReceive, FromARendezvousSucceedsOnlyIfASenderWaits) {
  const Channel<int> channel;
  EXPECT_EQ(channel.TryReceive().status().code(), kNothing);
  std::thread sender([&] { EXPECT_TRUE(channel.Send(7).ok()); });
  AwaitSenders(channel, 1);
  EXPECT_EQ(channel.TryReceive().value(), 7);
  EXPECT_EQ(channel.TryReceive().status().code(), kNothing);
  sender.join();
}

TEST(ReceiveFromClosed, EveryFormGivesWhatIsLeftAndThenTheEnd) {
  const Channel<int> channel(5);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(channel.Send(i).ok());
  channel.Close();
  EXPECT_EQ(channel.Receive().value(), 0);
  EXPECT_EQ(channel.TryReceive().value(), 1);
  EXPECT_EQ(channel.Receive(Context::Background()).value(), 2);
  EXPECT_EQ(channel.ReceiveUntil(absl::Now()).value(), 3);
  EXPECT_EQ(channel.ReceiveMany(9).value(), (std::vector<int>{4}));
  EXPECT_EQ(channel.Receive().status().code(), kEnd);
  EXPECT_EQ(channel.TryReceive().status().code(), kEnd);
  EXPECT_EQ(channel.Receive(Context::Background()).status().code(), kEnd);
  EXPECT_EQ(channel.ReceiveUntil(absl::InfiniteFuture()).status().code(), kEnd);
  EXPECT_EQ(channel.ReceiveMany(9).status().code(), kEnd);
  absl::StatusOr<int> slot = 1;
  EXPECT_EQ(Select({channel.OnReceive(&slot)}), 0);
  EXPECT_EQ(slot.status().code(), kEnd);
}

TEST(ReceiveUntil, GivesUpAtTheDeadlineAndNotBefore) {
  const Channel<int> channel;
  const absl::Time deadline = absl::Now() + absl::Milliseconds(2);
  EXPECT_EQ(channel.ReceiveUntil(deadline).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GE(absl::Now(), deadline - absl::Milliseconds(1));  // The wall clock and the steady one may differ a little.
  EXPECT_EQ(WaitingReceivers(channel), 0u);
}

TEST(ReceiveUntil, ADeadlineThatHasPassedTriesOnce) {
  const Channel<int> channel(1);
  ASSERT_TRUE(channel.Send(7).ok());
  EXPECT_EQ(channel.ReceiveUntil(absl::Now() - absl::Seconds(1)).value(), 7);
  EXPECT_EQ(channel.ReceiveUntil(absl::Now() - absl::Seconds(1)).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(ReceiveUntil, AnInfinitelyPastDeadlineIsADeadlineToo) {
  const Channel<int> channel(1);
  ASSERT_TRUE(channel.Send(7).ok());
  EXPECT_EQ(channel.ReceiveUntil(absl::InfinitePast()).value(), 7);
  EXPECT_EQ(channel.ReceiveUntil(absl::InfinitePast()).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(ReceiveWithContext, CancellationIsCheckedFirstEvenIfAValueIsThere) {
  const Channel<int> channel(1);
  ASSERT_TRUE(channel.Send(7).ok());
  CancelHandle cancel = Context::Background().WithCancel();
  cancel.Cancel(absl::DataLossError("why"));
  EXPECT_EQ(channel.Receive(cancel.context()).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(channel.ReceiveMany(cancel.context(), 9).status().code(), absl::StatusCode::kCancelled);
  const CancelHandle late = Context::Background().WithDeadline(absl::Now() - absl::Seconds(1));
  EXPECT_EQ(channel.Receive(late.context()).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(channel.Receive().value(), 7) << "still there";
}

TEST(ReceiveWithContext, CancellationFreesABlockedReceiver) {
  const Channel<int> channel;
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread one([&] { EXPECT_EQ(channel.Receive(cancel.context()).status().code(), absl::StatusCode::kCancelled); });
  std::thread many(
      [&] { EXPECT_EQ(channel.ReceiveMany(cancel.context(), 9).status().code(), absl::StatusCode::kCancelled); });
  AwaitReceivers(channel, 2);
  cancel.Cancel();
  one.join();
  many.join();
  EXPECT_EQ(WaitingReceivers(channel), 0u);
  EXPECT_EQ(WaitingFor(cancel.context()), 0u);
}

TEST(ReceiveWithContext, ADeadlineFreesABlockedReceiver) {
  const Channel<int> channel;
  const CancelHandle late = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(channel.Receive(late.context()).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(ReceiveMany, TakesUpToTheMaximumInOrder) {
  const Channel<int> channel(200);
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(channel.Send(i).ok());
  const std::vector<int> first = channel.ReceiveMany(100).value();
  ASSERT_EQ(first.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(first[i], i);
  const std::vector<int> rest = channel.ReceiveMany(100).value();
  ASSERT_EQ(rest.size(), 50u);
  EXPECT_EQ(rest.front(), 100);
  EXPECT_EQ(rest.back(), 149);
}

TEST(ReceiveMany, WaitsForTheFirstValueOnly) {
  const Channel<int> channel(4);
  std::thread receiver([&] { EXPECT_EQ(channel.ReceiveMany(9).value(), (std::vector<int>{7})); });
  AwaitReceivers(channel, 1);
  EXPECT_TRUE(channel.Send(7).ok());
  receiver.join();
}

TEST(ReceiveMany, GoesOnWithWhatBlockedSendersRefill) {
  for (const int capacity : {0, 1, 2}) {
    const Channel<int> channel(capacity);
    std::vector<std::thread> senders;
    for (int i = 0; i < 5; ++i) {
      senders.emplace_back([&, i] { EXPECT_TRUE(channel.Send(i).ok()); });
      testing::AwaitTrue(
          [&] { return channel.ApproxSize() + testing::WaitingSenders(channel) == static_cast<size_t>(i) + 1; });
    }
    EXPECT_EQ(channel.ReceiveMany(4).value(), (std::vector<int>{0, 1, 2, 3})) << "capacity " << capacity;
    EXPECT_EQ(channel.ReceiveMany(4).value(), (std::vector<int>{4}));
    for (std::thread& sender : senders) sender.join();
  }
}

TEST(ReceiveMany, OfOneIsAReceive) {
  const Channel<int> channel(2);
  ASSERT_TRUE(channel.Send(1).ok());
  ASSERT_TRUE(channel.Send(2).ok());
  EXPECT_EQ(channel.ReceiveMany(1).value(), (std::vector<int>{1}));
}

TEST(ReceiveMany, TheLargestMaximumTakesWhatIsThereAndNoMoreMemory) {
  const Channel<int> channel(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(channel.Send(i).ok());
  EXPECT_EQ(channel.ReceiveMany(std::numeric_limits<size_t>::max()).value(), (std::vector<int>{0, 1, 2}));
}

TEST(ReceiveMany, TakesTheLeastThatAChannelAsksFor) {
  const Channel<MoveOnly> channel(200);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(channel.Send(MoveOnly(i)).ok());
  const absl::StatusOr<std::vector<MoveOnly>> received = channel.ReceiveMany(200);
  ASSERT_EQ(received->size(), 200u);
  for (int i = 0; i < 200; ++i) EXPECT_EQ((*received)[i].number(), i);
}

TEST(ReceiveMany, NeitherLosesNorRepeatsUnderManySenders) {
  constexpr int kSenders = 4;
  constexpr int kEach = 5'000;
  const Channel<int> channel(16);
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s) {
    senders.emplace_back([&channel, s] {
      for (int i = 0; i < kEach; ++i) EXPECT_TRUE(channel.Send(s * kEach + i).ok());
    });
  }
  std::vector<int> next(kSenders);
  for (int total = 0; total < kSenders * kEach;) {
    const std::vector<int> values = channel.ReceiveMany(1 + total % 37).value();
    for (const int value : values) ASSERT_EQ(value % kEach, next[value / kEach]++) << "of one sender, in order";
    total += static_cast<int>(values.size());
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(channel.TryReceive().status().code(), kNothing);
}

TEST(RangeFor, ReceivesUntilTheChannelIsClosedAndDrained) {
  const Channel<MoveOnly> channel(2);
  std::thread sender([&] {
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(channel.Send(MoveOnly(i)).ok());
    channel.Close();
  });
  int expected = 0;
  for (const MoveOnly& value : channel) EXPECT_EQ(value.number(), expected++);
  EXPECT_EQ(expected, 10);
  sender.join();
}

TEST(RangeFor, OverAClosedEmptyChannelRunsNever) {
  const Channel<int> channel;
  channel.Close();
  for (int value : channel) ADD_FAILURE() << value;
}

TEST(RangeFor, TheValueMayBeMovedOut) {
  const Channel<std::string> channel(1);
  ASSERT_TRUE(channel.Send(std::string(100, 'x')).ok());
  channel.Close();
  std::vector<std::string> kept;
  for (std::string& value : channel) kept.push_back(std::move(value));
  EXPECT_EQ(kept, std::vector<std::string>{std::string(100, 'x')});
}

TEST(RangeFor, LeavesWhatItDidNotReachWhenItIsLeft) {
  const Channel<int> channel(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(channel.Send(i).ok());
  for (int value : channel) {
    EXPECT_EQ(value, 0);
    break;
  }
  EXPECT_EQ(channel.ReceiveMany(9).value(), (std::vector<int>{1, 2}));
}

TEST(OnReceive, SlotGetsTheValue) {
  const Channel<MoveOnly> channel(1);
  ASSERT_TRUE(channel.Send(MoveOnly(7)).ok());
  absl::StatusOr<MoveOnly> slot = absl::UnknownError("not set");
  EXPECT_EQ(Select({channel.OnReceive(&slot)}), 0);
  EXPECT_EQ(slot.value().number(), 7);
}

TEST(OnReceive, SlotIsReplacedValueByValueAndByTheEnd) {
  Counted::Counts counts;
  {
    const Channel<Counted> channel(2);
    ASSERT_TRUE(channel.Send(Counted(counts, 1)).ok());
    ASSERT_TRUE(channel.Send(Counted(counts, 2)).ok());
    channel.Close();
    absl::StatusOr<Counted> slot = absl::UnknownError("not set");
    EXPECT_EQ(Select({channel.OnReceive(&slot)}), 0);
    EXPECT_EQ(slot->number(), 1);
    EXPECT_EQ(Select({channel.OnReceive(&slot)}), 0);
    EXPECT_EQ(slot->number(), 2);
    EXPECT_EQ(counts.alive, 1);
    EXPECT_EQ(Select({channel.OnReceive(&slot)}), 0);
    EXPECT_EQ(slot.status().code(), kEnd);
    EXPECT_EQ(counts.alive, 0);
  }
}

TEST(OnReceive, HandlerGetsTheValueAndTheEnd) {
  const Channel<MoveOnly> channel(1);
  ASSERT_TRUE(channel.Send(MoveOnly(7)).ok());
  channel.Close();
  std::optional<int> number;
  absl::Status end;
  const auto handle = [&](absl::StatusOr<MoveOnly> received) {
    if (received.ok()) {
      number = received->number();
    } else {
      end = received.status();
    }
  };
  EXPECT_EQ(Select({channel.OnReceive(handle)}), 0);
  EXPECT_EQ(number, 7);
  EXPECT_EQ(Select({channel.OnReceive(handle)}), 0);
  EXPECT_EQ(end.code(), kEnd);
}

TEST(OnReceive, ValueIsDestroyedIfTheHandlerThrows) {
  Counted::Counts counts;
  const Channel<Counted> channel(1);
  ASSERT_TRUE(channel.Send(Counted(counts, 7)).ok());
  EXPECT_THROW(Select({channel.OnReceive([](const absl::StatusOr<Counted>&) { throw 1; })}), int);
  EXPECT_EQ(counts.alive, 0);
  EXPECT_EQ(channel.TryReceive().status().code(), kNothing) << "the choice stands";
}

TEST(ReceiveChannelDeathTest, EveryCallOnANullChannelNamesItself) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const ReceiveChannel<int> channel;
  EXPECT_DEATH(channel.Receive().IgnoreError(), "eventbus: Receive: null channel");
  EXPECT_DEATH(channel.Receive(Context::Background()).IgnoreError(), "eventbus: Receive: null channel");
  EXPECT_DEATH(channel.TryReceive().IgnoreError(), "eventbus: TryReceive: null channel");
  EXPECT_DEATH(channel.ReceiveUntil(absl::Now()).IgnoreError(), "eventbus: ReceiveUntil: null channel");
  EXPECT_DEATH(channel.ReceiveMany(1).IgnoreError(), "eventbus: ReceiveMany: null channel");
  EXPECT_DEATH(channel.begin(), "eventbus: begin: null channel");
}

TEST(ReceiveChannelDeathTest, AMaximumOfZeroDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Channel<int> channel(1);
  EXPECT_DEATH(channel.ReceiveMany(0).IgnoreError(), "eventbus: ReceiveMany: max must be at least 1");
}

}  // namespace
}  // namespace eventbus
