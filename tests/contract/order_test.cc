// The contract, part one: in which order values and blocked callers are served.

#include <thread>
#include <vector>

#include "eventbus/channel.h"
#include "gtest/gtest.h"
#include "tests/contract/setups.h"
#include "tests/contract/support.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

template <typename S>
class OrderContract : public ::testing::Test {};
TYPED_TEST_SUITE(OrderContract, AllSetups, SetupNames);

// Only a bounded channel makes senders wait.
template <typename S>
class BlockedOrderContract : public ::testing::Test {};
TYPED_TEST_SUITE(BlockedOrderContract, BoundedSetups, SetupNames);

TYPED_TEST(OrderContract, OneSendersValuesArriveInTheOrderInWhichTheyWereSent) {
  constexpr int kCount = 1'000;
  const auto channel = MakeChannel<int, TypeParam>();
  std::jthread sender([&] {
    for (int i = 0; i < kCount; ++i) EXPECT_TRUE(TypeParam::Send(channel, int{i}).ok());
  });
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(TypeParam::Receive(channel).value_or(-1), i);
}

TYPED_TEST(OrderContract, SeveralSendersAndReceiversLoseNothingDuplicateNothingAndKeepEachSendersOrder) {
  constexpr int kSenders = 3;
  constexpr int kReceivers = 3;
  constexpr int kEach = 500;
  struct Stamped {
    int sender;
    int number;
  };
  const auto channel = MakeChannel<Stamped, TypeParam>();
  std::vector<std::vector<Stamped>> received(kReceivers);
  {
    std::vector<std::jthread> receivers;
    for (std::vector<Stamped>& mine : received) {
      receivers.emplace_back([&] {
        for (auto value = TypeParam::Receive(channel); value.ok(); value = TypeParam::Receive(channel)) {
          mine.push_back(*value);
        }
      });
    }
    {
      std::vector<std::jthread> senders;
      for (int sender = 0; sender < kSenders; ++sender) {
        senders.emplace_back([&, sender] {
          for (int i = 0; i < kEach; ++i) EXPECT_TRUE(TypeParam::Send(channel, Stamped{sender, i}).ok());
        });
      }
    }
    channel.Close();
  }

  std::vector<std::vector<int>> times_seen(kSenders, std::vector<int>(kEach));
  for (const std::vector<Stamped>& mine : received) {
    std::vector<int> last(kSenders, -1);
    for (const Stamped& value : mine) {
      EXPECT_GT(value.number, last[value.sender]);
      last[value.sender] = value.number;
      ++times_seen[value.sender][value.number];
    }
  }
  EXPECT_EQ(times_seen, std::vector<std::vector<int>>(kSenders, std::vector<int>(kEach, 1)));
}

TYPED_TEST(OrderContract, BlockedReceiversAreServedInArrivalOrder) {
  constexpr int kReceivers = 5;
  const auto channel = MakeChannel<int, TypeParam>();
  std::vector<int> received(kReceivers, -1);
  {
    std::vector<std::jthread> receivers;
    for (int i = 0; i < kReceivers; ++i) {
      receivers.emplace_back([&, i] { received[i] = TypeParam::Receive(channel).value_or(-2); });
      AwaitReceivers(channel, i + 1);
    }
    for (int i = 0; i < kReceivers; ++i) EXPECT_TRUE(TypeParam::TrySend(channel, int{i}).ok());
  }
  EXPECT_EQ(received, UpTo(kReceivers));
}

TYPED_TEST(OrderContract, AWaitingReceiverIsServedBeforeTheBuffer) {
  const auto channel = MakeChannel<int, TypeParam>();
  int received = -1;
  {
    std::jthread receiver([&] { received = TypeParam::Receive(channel).value_or(-2); });
    AwaitReceivers(channel, 1);
    EXPECT_TRUE(TypeParam::Send(channel, 7).ok());
    // Whether or not the receiver's thread has run by now, the value is its own and no one else's.
    EXPECT_EQ(channel.ApproxSize(), 0u);
    EXPECT_EQ(CodeOf(TypeParam::TryReceive(channel)), kNothingYet);
  }
  EXPECT_EQ(received, 7);
}

TYPED_TEST(BlockedOrderContract, BlockedSendersAreServedInArrivalOrder) {
  constexpr int kSenders = 5;
  const auto channel = MakeChannel<int, TypeParam>();
  const int filled = Fill(channel);
  std::vector<std::jthread> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.emplace_back([&, i] { EXPECT_TRUE(TypeParam::Send(channel, filled + i).ok()); });
    AwaitSenders(channel, i + 1);
  }
  for (int i = 0; i < filled + kSenders; ++i) EXPECT_EQ(TypeParam::Receive(channel).value_or(-1), i);
}

TYPED_TEST(BlockedOrderContract, AFreedSlotIsFilledByTheOldestWaitingSender) {
  const auto channel = MakeChannel<int, TypeParam>();
  const int filled = Fill(channel);
  std::jthread oldest([&] { EXPECT_TRUE(TypeParam::Send(channel, int{filled}).ok()); });
  AwaitSenders(channel, 1);
  std::jthread younger([&] { EXPECT_TRUE(TypeParam::Send(channel, filled + 1).ok()); });
  AwaitSenders(channel, 2);

  EXPECT_EQ(TypeParam::TryReceive(channel).value_or(-1), 0);
  // The slot is taken before anyone who comes later can see it.
  EXPECT_EQ(channel.ApproxSize(), channel.capacity());
  EXPECT_EQ(CodeOf(TypeParam::TrySend(channel, 1'000)), kNoRoom);
  oldest.join();
  EXPECT_EQ(WaitingSenders(channel), 1u);

  for (int i = 1; i < filled + 2; ++i) EXPECT_EQ(TypeParam::TryReceive(channel).value_or(-1), i);
}

TYPED_TEST(BlockedOrderContract, ALateTrySendNeverOvertakesABlockedSender) {
  constexpr int kRounds = 200;
  const auto channel = MakeChannel<int, TypeParam>();
  for (int round = 0; round < kRounds; ++round) {
    const int filled = Fill(channel);
    std::jthread blocked([&] { EXPECT_TRUE(TypeParam::Send(channel, int{filled}).ok()); });
    AwaitSenders(channel, 1);
    std::jthread late([&] { EXPECT_EQ(CodeOf(TypeParam::TrySend(channel, 1'000)), kNoRoom); });
    EXPECT_EQ(TypeParam::Receive(channel).value_or(-1), 0);
    blocked.join();
    late.join();
    for (int i = 1; i <= filled; ++i) ASSERT_EQ(TypeParam::TryReceive(channel).value_or(-1), i);
  }
}

}  // namespace
}  // namespace eventbus::testing
