#include "eventbus/send_channel.h"

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
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
using testing::WaitingSenders;

constexpr absl::StatusCode kFull = absl::StatusCode::kResourceExhausted;
constexpr absl::StatusCode kClosed = absl::StatusCode::kFailedPrecondition;

TEST(Send, BlocksWhileThereIsNoRoom) {
  const Channel<int> channel(1);
  ASSERT_TRUE(channel.Send(1).ok());
  std::thread sender([&] { EXPECT_TRUE(channel.Send(2).ok()); });
  AwaitSenders(channel, 1);
  EXPECT_EQ(channel.Receive().value(), 1);
  sender.join();
  EXPECT_EQ(channel.Receive().value(), 2);
}

TEST(Send, ToARendezvousReturnsOnceAReceiverTookIt) {
  const Channel<int> channel;
  std::thread receiver([&] { EXPECT_EQ(channel.Receive().value(), 1); });
  EXPECT_TRUE(channel.Send(1).ok());
  receiver.join();
}

TEST(TrySend, SucceedsWhereThereIsRoomAndNowhereElse) {
  const Channel<int> channel(1);
  EXPECT_TRUE(channel.TrySend(1).ok());
  EXPECT_EQ(channel.TrySend(2).code(), kFull);
  EXPECT_EQ(channel.Receive().value(), 1);
  EXPECT_TRUE(channel.TrySend(3).ok());
}

TEST(TrySend, ToARendezvousSucceedsOnlyIfAReceiverWaits) {
  const Channel<int> channel;
  EXPECT_EQ(channel.TrySend(1).code(), kFull);
  std::thread receiver([&] { EXPECT_EQ(channel.Receive().value(), 2); });
  AwaitReceivers(channel, 1);
  EXPECT_TRUE(channel.TrySend(2).ok());
  EXPECT_EQ(channel.TrySend(3).code(), kFull) << "that receiver has been served";
  receiver.join();
}

TEST(TrySend, ToAnUnboundedChannelAlwaysSucceeds) {
  const Channel<int> channel(kUnbounded);
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(channel.TrySend(i).ok());
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(channel.TryReceive().value(), i);
}

TEST(SendOnClosed, EveryFormIsRefusedAndTheValueIntact) {
  const Channel<MoveOnly> channel(1);
  const Context alive = Context::Background();
  channel.Close();
  MoveOnly value(7);
  EXPECT_EQ(channel.Send(std::move(value)).code(), kClosed);
  EXPECT_EQ(channel.TrySend(std::move(value)).code(), kClosed);
  EXPECT_EQ(channel.Send(alive, std::move(value)).code(), kClosed);
  EXPECT_EQ(channel.SendUntil(absl::Now(), std::move(value)).code(), kClosed);
  EXPECT_EQ(channel.SendUntil(absl::InfiniteFuture(), std::move(value)).code(), kClosed);
  EXPECT_EQ(value.number(), 7);
}

TEST(SendRefused, EveryFormLeavesTheValueIntact) {
  const Channel<MoveOnly> channel(0);
  CancelHandle cancel = Context::Background().WithCancel();
  cancel.Cancel();
  MoveOnly value(7);
  EXPECT_EQ(channel.TrySend(std::move(value)).code(), kFull);
  EXPECT_EQ(channel.Send(cancel.context(), std::move(value)).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(channel.SendUntil(absl::Now() + absl::Milliseconds(1), std::move(value)).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(value.number(), 7);
  EXPECT_EQ(WaitingSenders(channel), 0u);
}

TEST(SendBlocked, CloseReturnsTheValueToEachSender) {
  const Channel<MoveOnly> channel(1);
  ASSERT_TRUE(channel.Send(MoveOnly(1)).ok());
  std::thread sender([&] {
    MoveOnly value(2);
    EXPECT_EQ(channel.Send(std::move(value)).code(), kClosed);
    EXPECT_EQ(value.number(), 2);
  });
  AwaitSenders(channel, 1);
  EXPECT_TRUE(channel.Close());
  sender.join();
  EXPECT_EQ(channel.Receive().value().number(), 1) << "what was accepted stays";
  EXPECT_FALSE(channel.Receive().ok());
}

TEST(SendUntil, GivesUpAtTheDeadlineAndNotBefore) {
  const Channel<int> channel(0);
  const absl::Time deadline = absl::Now() + absl::Milliseconds(2);
  EXPECT_EQ(channel.SendUntil(deadline, 1).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GE(absl::Now(), deadline - absl::Milliseconds(1));  // The wall clock and the steady one may differ a little.
}

TEST(SendUntil, ADeadlineThatHasPassedTriesOnce) {
  const Channel<int> channel(1);
  EXPECT_TRUE(channel.SendUntil(absl::Now() - absl::Seconds(1), 1).ok());
  EXPECT_EQ(channel.SendUntil(absl::Now() - absl::Seconds(1), 2).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(SendUntil, AnInfinitelyPastDeadlineIsADeadlineToo) {
  const Channel<int> channel(1);
  EXPECT_TRUE(channel.SendUntil(absl::InfinitePast(), 1).ok());
  EXPECT_EQ(channel.SendUntil(absl::InfinitePast(), 2).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(SendWithContext, CancellationIsCheckedFirstEvenIfThereIsRoom) {
  const Channel<int> channel(1);
  CancelHandle cancel = Context::Background().WithCancel();
  EXPECT_TRUE(channel.Send(cancel.context(), 1).ok());
  EXPECT_EQ(channel.Receive().value(), 1);
  cancel.Cancel();
  EXPECT_EQ(channel.Send(cancel.context(), 2).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(channel.ApproxSize(), 0u);
  const CancelHandle late = Context::Background().WithDeadline(absl::Now() - absl::Seconds(1));
  EXPECT_EQ(channel.Send(late.context(), 3).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(channel.ApproxSize(), 0u);
}

TEST(SendWithContext, CancellationFreesABlockedSender) {
  const Channel<MoveOnly> channel;
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread sender([&] {
    MoveOnly value(7);
    EXPECT_EQ(channel.Send(cancel.context(), std::move(value)).code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(value.number(), 7);
  });
  AwaitSenders(channel, 1);
  cancel.Cancel();
  sender.join();
  EXPECT_EQ(WaitingSenders(channel), 0u);
  EXPECT_EQ(testing::WaitingFor(cancel.context()), 0u);
}

TEST(SendWithContext, ADeadlineFreesABlockedSender) {
  const Channel<int> channel;
  const CancelHandle late = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(channel.Send(late.context(), 1).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(WaitingSenders(channel), 0u);
}

TEST(SendCopy, CopiesOnceAndKeepsTheOriginal) {
  Counted::Counts counts;
  {
    const Channel<Counted> channel(4);
    const Counted value(counts, 7);
    EXPECT_TRUE(channel.Send(value).ok());
    EXPECT_TRUE(channel.TrySend(value).ok());
    EXPECT_TRUE(channel.Send(Context::Background(), value).ok());
    EXPECT_TRUE(channel.SendUntil(absl::InfiniteFuture(), value).ok());
    EXPECT_EQ(counts.copies, 4);
    EXPECT_EQ(value.number(), 7);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(SendCopy, AnExceptionOfTheCopyLeavesTheChannelUsable) {
  Counted::Counts counts;
  const Channel<Counted> channel(4);
  const Counted value(counts, 7);
  counts.copies_until_throw = 0;
  EXPECT_THROW(channel.Send(value).IgnoreError(), std::runtime_error);
  counts.copies_until_throw = 0;
  EXPECT_THROW(channel.TrySend(value).IgnoreError(), std::runtime_error);
  EXPECT_EQ(channel.ApproxSize(), 0u);
  EXPECT_EQ(counts.alive, 1);
  EXPECT_TRUE(channel.Send(value).ok());
  EXPECT_EQ(channel.Receive().value().number(), 7);
}

TEST(OnSend, PointerIsMovedFromOnlyIfChosen) {
  const Channel<MoveOnly> full(0);
  const Channel<MoveOnly> open(1);
  MoveOnly refused(1);
  MoveOnly sent(2);
  EXPECT_EQ(Select({full.OnSend(&refused), open.OnSend(&sent)}), 1);
  EXPECT_EQ(refused.number(), 1);
  EXPECT_EQ(sent.number(), -1);
  EXPECT_EQ(open.Receive().value().number(), 2);
}

TEST(OnSend, OwnedValueIsSent) {
  const Channel<MoveOnly> channel(1);
  EXPECT_EQ(Select({channel.OnSend(MoveOnly(7))}), 0);
  EXPECT_EQ(channel.Receive().value().number(), 7);
}

TEST(OnSend, OwnedLargeValueIsSent) {
  const std::string text(10'000, 'x');
  struct Large {
    std::string text;
    char bytes[1'000];
  };
  const Channel<Large> channel(1);
  EXPECT_EQ(Select({channel.OnSend(Large{.text = text, .bytes = {}})}), 0);
  EXPECT_EQ(channel.Receive().value().text, text);
}

TEST(OnSend, StatusLearnsWhatBecameOfTheValue) {
  const Channel<MoveOnly> channel(2);
  absl::Status status = absl::UnknownError("not set");
  MoveOnly value(1);
  EXPECT_EQ(Select({channel.OnSend(&value, &status)}), 0);
  EXPECT_TRUE(status.ok());
  status = absl::UnknownError("not set");
  EXPECT_EQ(Select({channel.OnSend(MoveOnly(2), &status)}), 0);
  EXPECT_TRUE(status.ok());
  channel.Close();
  MoveOnly kept(3);
  EXPECT_EQ(Select({channel.OnSend(&kept, &status)}), 0) << "a closed channel is ready";
  EXPECT_EQ(status.code(), kClosed);
  EXPECT_EQ(kept.number(), 3);
}

TEST(OnSend, HandlerLearnsWhatBecameOfTheValue) {
  const Channel<MoveOnly> channel(2);
  std::vector<absl::StatusCode> codes;
  const auto note = [&codes](const absl::Status& status) { codes.push_back(status.code()); };
  MoveOnly value(1);
  EXPECT_EQ(Select({channel.OnSend(&value, note)}), 0);
  EXPECT_EQ(Select({channel.OnSend(MoveOnly(2), note)}), 0);
  channel.Close();
  EXPECT_EQ(Select({channel.OnSend(MoveOnly(3), note)}), 0);
  EXPECT_EQ(codes, (std::vector<absl::StatusCode>{absl::StatusCode::kOk, absl::StatusCode::kOk, kClosed}));
}

TEST(OnSend, StatusIsUntouchedIfTheCaseIsNotChosen) {
  const Channel<int> full(0);
  const Channel<int> open(1);
  absl::Status status = absl::UnknownError("not set");
  int value = 1;
  EXPECT_EQ(Select({full.OnSend(&value, &status), open.OnSend(2)}), 1);
  EXPECT_EQ(status, absl::UnknownError("not set"));
}

TEST(SendChannelDeathTest, EveryCallOnANullChannelNamesItself) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const SendChannel<int> channel;
  const int value = 1;
  EXPECT_DEATH(channel.Send(1).IgnoreError(), "eventbus: Send: null channel");
  EXPECT_DEATH(channel.Send(value).IgnoreError(), "eventbus: Send: null channel");
  EXPECT_DEATH(channel.Send(Context::Background(), 1).IgnoreError(), "eventbus: Send: null channel");
  EXPECT_DEATH(channel.TrySend(1).IgnoreError(), "eventbus: TrySend: null channel");
  EXPECT_DEATH(channel.SendUntil(absl::Now(), 1).IgnoreError(), "eventbus: SendUntil: null channel");
  EXPECT_DEATH(channel.Close(), "eventbus: Close: null channel");
}

}  // namespace
}  // namespace eventbus
