// The contract, part three: what the calls that never block find in each state, and that capacities are exact.

#include <limits>
#include <thread>
#include <utility>

#include "eventbus/channel.h"
#include "gtest/gtest.h"
#include "tests/contract/setups.h"
#include "tests/contract/support.h"
#include "tests/support/payloads.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

template <typename S>
class TryContract : public ::testing::Test {};
TYPED_TEST_SUITE(TryContract, AllSetups, SetupNames);

template <typename S>
class BoundedTryContract : public ::testing::Test {};
TYPED_TEST_SUITE(BoundedTryContract, BoundedSetups, SetupNames);

TYPED_TEST(TryContract, NothingIsReceivedFromAnEmptyChannelAndNoWaiterIsLeft) {
  const auto channel = MakeChannel<int, TypeParam>();
  EXPECT_EQ(CodeOf(TypeParam::TryReceive(channel)), kNothingYet);
  EXPECT_EQ(WaitingReceivers(channel), 0u);
}

TYPED_TEST(TryContract, AWaitingReceiverIsServedAtAnyCapacity) {
  const auto channel = MakeChannel<int, TypeParam>();
  int received = -1;
  {
    std::jthread receiver([&] { received = TypeParam::Receive(channel).value_or(-2); });
    AwaitReceivers(channel, 1);
    EXPECT_TRUE(TypeParam::TrySend(channel, 3).ok());
  }
  EXPECT_EQ(received, 3);
}

TYPED_TEST(BoundedTryContract, ExactlyTheCapacityFits) {
  const auto channel = MakeChannel<int, TypeParam>();
  EXPECT_EQ(channel.capacity(), static_cast<size_t>(TypeParam::kCapacity));
  for (int i = 0; i < TypeParam::kCapacity; ++i) {
    EXPECT_EQ(channel.ApproxSize(), static_cast<size_t>(i));
    EXPECT_TRUE((i % 2 == 0 ? TypeParam::Send(channel, int{i}) : TypeParam::TrySend(channel, int{i})).ok());
  }
  EXPECT_EQ(CodeOf(TypeParam::TrySend(channel, 99)), kNoRoom);
  EXPECT_EQ(channel.ApproxSize(), channel.capacity());
  EXPECT_EQ(TakeAll(channel), UpTo(TypeParam::kCapacity));
}

TYPED_TEST(BoundedTryContract, ARoundOfTheBufferLeavesItsCapacityUnchanged) {
  const auto channel = MakeChannel<int, TypeParam>();
  // Each lap starts at another place of the ring.
  for (int lap = 0; lap < 20; ++lap) {
    EXPECT_EQ(Fill(channel), TypeParam::kCapacity);
    EXPECT_EQ(TakeAll(channel), UpTo(TypeParam::kCapacity));
    if (TypeParam::kCapacity > 0) {
      EXPECT_TRUE(TypeParam::TrySend(channel, 5).ok());
      EXPECT_EQ(TypeParam::TryReceive(channel).value_or(-1), 5);
    }
  }
}

TYPED_TEST(BoundedTryContract, ATrySendWithoutRoomKeepsItsValueAndLeavesNoWaiter) {
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  while (channel.TrySend(MoveOnly(0)).ok()) {
  }
  MoveOnly value(4);
  EXPECT_EQ(CodeOf(TypeParam::TrySend(channel, std::move(value))), kNoRoom);
  EXPECT_EQ(value.number(), 4);
  EXPECT_EQ(WaitingSenders(channel), 0u);
}

TYPED_TEST(BoundedTryContract, ATryReceiveFreesABlockedSender) {
  const auto channel = MakeChannel<int, TypeParam>();
  const int filled = Fill(channel);
  {
    std::jthread sender([&] { EXPECT_TRUE(TypeParam::Send(channel, int{filled}).ok()); });
    AwaitSenders(channel, 1);
    EXPECT_EQ(TypeParam::TryReceive(channel).value_or(-1), 0);
  }
  EXPECT_EQ(TakeAll(channel).size(), static_cast<size_t>(filled));
}

template <typename S>
class UnboundedTryContract : public ::testing::Test {};
using UnboundedSetups = ::testing::Types<Setup<DirectPath, EndlessRoom>, Setup<SelectPath, EndlessRoom>,
                                         Setup<ContextPath, EndlessRoom>, Setup<DeadlinePath, EndlessRoom>>;
TYPED_TEST_SUITE(UnboundedTryContract, UnboundedSetups, SetupNames);

TYPED_TEST(UnboundedTryContract, ThereIsAlwaysRoom) {
  constexpr int kCount = 10'000;
  const auto channel = MakeChannel<int, TypeParam>();
  EXPECT_EQ(channel.capacity(), std::numeric_limits<size_t>::max());
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE((i % 2 == 0 ? TypeParam::Send(channel, int{i}) : TypeParam::TrySend(channel, int{i})).ok());
  }
  EXPECT_EQ(channel.ApproxSize(), static_cast<size_t>(kCount));
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(TypeParam::TryReceive(channel).value_or(-1), i);
}

}  // namespace
}  // namespace eventbus::testing
