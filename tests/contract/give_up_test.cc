// The contract, part five: waits that end early, by a cancel or by a deadline, did nothing.

#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "gtest/gtest.h"
#include "tests/contract/setups.h"
#include "tests/contract/support.h"
#include "tests/support/payloads.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

constexpr absl::Duration kSoon = absl::Milliseconds(5);

template <typename S>
class CancelContract : public ::testing::Test {};
TYPED_TEST_SUITE(CancelContract, CancellableSetups, SetupNames);

template <typename S>
class BlockedCancelContract : public ::testing::Test {};
TYPED_TEST_SUITE(BlockedCancelContract, CancellableBoundedSetups, SetupNames);

template <typename S>
class DeadlineContract : public ::testing::Test {};
TYPED_TEST_SUITE(DeadlineContract, TimedSetups, SetupNames);

template <typename S>
class BlockedDeadlineContract : public ::testing::Test {};
TYPED_TEST_SUITE(BlockedDeadlineContract, TimedBoundedSetups, SetupNames);

// The channel still does all that a new one does.
template <typename S>
void ExpectUsable(const Channel<int>& channel) {
  EXPECT_EQ(WaitingReceivers(channel), 0u);
  EXPECT_EQ(WaitingSenders(channel), 0u);
  TakeAll(channel);
  std::jthread sender([&] { EXPECT_TRUE(S::Send(channel, 11).ok()); });
  EXPECT_EQ(S::Receive(channel).value_or(-1), 11);
}

TYPED_TEST(CancelContract, ADoneContextIsReportedBeforeAnythingIsTried) {
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  CancelHandle handle = Context::Background().WithCancel();
  handle.Cancel();
  MoveOnly value(3);
  EXPECT_EQ(CodeOf(TypeParam::Send(handle.context(), channel, std::move(value))), kCancelled);
  EXPECT_EQ(value.number(), 3);
  EXPECT_EQ(channel.ApproxSize(), 0u);

  const bool stored = channel.TrySend(MoveOnly(4)).ok();
  EXPECT_EQ(CodeOf(TypeParam::Receive(handle.context(), channel)), kCancelled);
  EXPECT_EQ(channel.ApproxSize(), stored ? 1u : 0u);
}

TYPED_TEST(CancelContract, ACancelledReceiverTookNothingAndTheNextValueGoesToTheNextReceiver) {
  const auto channel = MakeChannel<int, TypeParam>();
  CancelHandle handle = Context::Background().WithCancel();
  absl::StatusCode first = kOk;
  int second = -1;
  {
    std::jthread cancelled([&] { first = CodeOf(TypeParam::Receive(handle.context(), channel)); });
    AwaitReceivers(channel, 1);
    std::jthread next([&] { second = TypeParam::Receive(channel).value_or(-2); });
    AwaitReceivers(channel, 2);
    handle.Cancel();
    cancelled.join();
    EXPECT_EQ(WaitingReceivers(channel), 1u);
    EXPECT_TRUE(TypeParam::TrySend(channel, 9).ok());
  }
  EXPECT_EQ(first, kCancelled);
  EXPECT_EQ(second, 9);
  ExpectUsable<TypeParam>(channel);
}

TYPED_TEST(BlockedCancelContract, ACancelledSenderKeepsItsValueAndItsPlaceGoesToTheNext) {
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  int filled = 0;
  while (channel.TrySend(MoveOnly(filled)).ok()) ++filled;

  CancelHandle handle = Context::Background().WithCancel();
  MoveOnly kept(70);
  std::jthread cancelled(
      [&] { EXPECT_EQ(CodeOf(TypeParam::Send(handle.context(), channel, std::move(kept))), kCancelled); });
  AwaitSenders(channel, 1);
  std::jthread next([&] { EXPECT_TRUE(TypeParam::Send(channel, MoveOnly(filled)).ok()); });
  AwaitSenders(channel, 2);
  handle.Cancel();
  cancelled.join();
  EXPECT_EQ(kept.number(), 70);
  EXPECT_EQ(WaitingSenders(channel), 1u);

  for (int i = 0; i <= filled; ++i) {
    const auto value = TypeParam::Receive(channel);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->number(), i);
  }
}

TYPED_TEST(BlockedCancelContract, ACancelInTheMiddleOfTheQueueKeepsTheOrderOfTheOthers) {
  constexpr int kSenders = 5;
  const auto channel = MakeChannel<int, TypeParam>();
  const int filled = Fill(channel);
  CancelHandle handle = Context::Background().WithCancel();
  std::vector<std::jthread> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.emplace_back([&, i] {
      // The one in the middle is cancelled.
      const Context context = i == kSenders / 2 ? handle.context() : Context::Background();
      EXPECT_EQ(TypeParam::Send(context, channel, filled + i).ok(), i != kSenders / 2);
    });
    AwaitSenders(channel, i + 1);
  }
  handle.Cancel();
  AwaitSenders(channel, kSenders - 1);
  for (int i = 0; i < filled + kSenders; ++i) {
    if (i == filled + kSenders / 2) continue;
    EXPECT_EQ(TypeParam::Receive(channel).value_or(-1), i);
  }
}

TYPED_TEST(DeadlineContract, AReceiveEndsOnceItsDeadlineHasPassedAndLeavesTheChannelUsable) {
  const auto channel = MakeChannel<int, TypeParam>();
  const absl::Time deadline = absl::Now() + kSoon;
  EXPECT_EQ(CodeOf(TypeParam::ReceiveUntil(deadline, channel)), kLate);
  EXPECT_GE(absl::Now(), deadline);
  ExpectUsable<TypeParam>(channel);
}

TYPED_TEST(DeadlineContract, AValueThatComesBeforeTheDeadlineIsReceived) {
  const auto channel = MakeChannel<int, TypeParam>();
  const absl::Time deadline = absl::Now() + absl::Hours(1);
  std::jthread sender([&] {
    AwaitReceivers(channel, 1);
    EXPECT_TRUE(TypeParam::SendUntil(deadline, channel, 12).ok());
  });
  EXPECT_EQ(TypeParam::ReceiveUntil(deadline, channel).value_or(-1), 12);
}

TYPED_TEST(DeadlineContract, AnInfiniteDeadlineWaitsUntilClosed) {
  const auto channel = MakeChannel<int, TypeParam>();
  std::jthread closer([&] {
    AwaitReceivers(channel, 1);
    channel.Close();
  });
  EXPECT_EQ(CodeOf(TypeParam::ReceiveUntil(absl::InfiniteFuture(), channel)), kEnd);
}

TYPED_TEST(BlockedDeadlineContract, ASendThatIsLateKeepsItsValueAndLeavesTheChannelUsable) {
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  int filled = 0;
  while (channel.TrySend(MoveOnly(filled)).ok()) ++filled;
  MoveOnly value(70);
  const absl::Time deadline = absl::Now() + kSoon;
  EXPECT_EQ(CodeOf(TypeParam::SendUntil(deadline, channel, std::move(value))), kLate);
  EXPECT_GE(absl::Now(), deadline);
  EXPECT_EQ(value.number(), 70);
  EXPECT_EQ(WaitingSenders(channel), 0u);

  std::jthread sender([&] { EXPECT_TRUE(TypeParam::Send(channel, std::move(value)).ok()); });
  for (int i = 0; i < filled; ++i) EXPECT_TRUE(TypeParam::Receive(channel).ok());
  const auto last = TypeParam::Receive(channel);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->number(), 70);
}

}  // namespace
}  // namespace eventbus::testing
