// The contract, part two: what `Close` does in each state.

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "gtest/gtest.h"
#include "tests/contract/setups.h"
#include "tests/contract/support.h"
#include "tests/support/payloads.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

template <typename S>
class CloseContract : public ::testing::Test {};
TYPED_TEST_SUITE(CloseContract, AllSetups, SetupNames);

template <typename S>
class BlockedCloseContract : public ::testing::Test {};
TYPED_TEST_SUITE(BlockedCloseContract, BoundedSetups, SetupNames);

TYPED_TEST(CloseContract, TheFirstCloseIsTrueAndEveryLaterOneFalse) {
  const auto channel = MakeChannel<int, TypeParam>();
  EXPECT_FALSE(channel.closed());
  EXPECT_TRUE(channel.Close());
  EXPECT_TRUE(channel.closed());
  EXPECT_FALSE(channel.Close());
}

TYPED_TEST(CloseContract, OfTenClosesAtOnceExactlyOneIsTrue) {
  for (int round = 0; round < 20; ++round) {
    const auto channel = MakeChannel<int, TypeParam>();
    std::atomic<int> won{0};
    {
      std::vector<std::jthread> closers;
      for (int i = 0; i < 10; ++i) closers.emplace_back([&] { won += channel.Close(); });
    }
    ASSERT_EQ(won, 1);
  }
}

TYPED_TEST(CloseContract, ARefusedSendKeepsItsValue) {
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  channel.Close();
  MoveOnly value(5);
  EXPECT_EQ(CodeOf(TypeParam::Send(channel, std::move(value))), kClosed);
  EXPECT_EQ(value.number(), 5);
  EXPECT_EQ(CodeOf(TypeParam::TrySend(channel, std::move(value))), kClosed);
  EXPECT_EQ(value.number(), 5);
}

TYPED_TEST(CloseContract, WhatWasAcceptedIsReceivedInOrderAndThenComesTheEndForEver) {
  const auto channel = MakeChannel<int, TypeParam>();
  int accepted = 0;
  while (accepted < 20 && channel.TrySend(accepted).ok()) ++accepted;
  channel.Close();
  for (int i = 0; i < accepted; ++i) {
    const auto value = i % 2 == 0 ? TypeParam::Receive(channel) : TypeParam::TryReceive(channel);
    EXPECT_EQ(value.value_or(-1), i);
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(CodeOf(TypeParam::Receive(channel)), kEnd);
    EXPECT_EQ(CodeOf(TypeParam::TryReceive(channel)), kEnd);
  }
}

TYPED_TEST(CloseContract, AllBlockedReceiversFindTheEnd) {
  constexpr int kReceivers = 20;
  const auto channel = MakeChannel<int, TypeParam>();
  std::vector<absl::StatusCode> found(kReceivers, kOk);
  {
    std::vector<std::jthread> receivers;
    for (absl::StatusCode& code : found) {
      receivers.emplace_back([&] { code = CodeOf(TypeParam::Receive(channel)); });
    }
    AwaitReceivers(channel, kReceivers);
    EXPECT_TRUE(channel.Close());
  }
  EXPECT_EQ(found, std::vector<absl::StatusCode>(kReceivers, kEnd));
}

TYPED_TEST(CloseContract, WhatHappenedBeforeCloseIsVisibleAtTheEnd) {
  for (int round = 0; round < 100; ++round) {
    const auto channel = MakeChannel<int, TypeParam>();
    int written = 0;  // Plain: ThreadSanitizer reports a missing edge.
    std::jthread closer([&] {
      written = round + 1;
      channel.Close();
    });
    EXPECT_EQ(CodeOf(TypeParam::Receive(channel)), kEnd);
    ASSERT_EQ(written, round + 1);
  }
}

TYPED_TEST(CloseContract, ACloseAmongSendsAndReceivesLosesNothing) {
  for (int round = 0; round < 80; ++round) {
    const auto channel = MakeChannel<int, TypeParam>();
    std::vector<int> received;
    int accepted = 0;
    {
      std::jthread receiver([&] {
        for (auto value = TypeParam::Receive(channel); value.ok(); value = TypeParam::Receive(channel)) {
          received.push_back(*value);
        }
      });
      std::jthread sender([&] {
        while (accepted < 60 && TypeParam::Send(channel, int{accepted}).ok()) ++accepted;
      });
      std::jthread closer([&] {
        for (int i = 0; i < round % 20; ++i) std::this_thread::yield();
        channel.Close();
      });
    }
    ASSERT_EQ(received, UpTo(accepted));
  }
}

TYPED_TEST(BlockedCloseContract, BlockedSendersAreRefusedWithTheirValuesIntact) {
  constexpr int kSenders = 5;
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  int filled = 0;
  while (channel.TrySend(MoveOnly(filled)).ok()) ++filled;

  std::vector<absl::StatusCode> codes(kSenders, kOk);
  std::vector<int> kept(kSenders, -1);
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < kSenders; ++i) {
      senders.emplace_back([&, i] {
        MoveOnly value(i);
        codes[i] = CodeOf(TypeParam::Send(channel, std::move(value)));
        kept[i] = value.number();
      });
    }
    AwaitSenders(channel, kSenders);
    EXPECT_TRUE(channel.Close());
  }
  EXPECT_EQ(codes, std::vector<absl::StatusCode>(kSenders, kClosed));
  EXPECT_EQ(kept, UpTo(kSenders));

  for (int i = 0; i < filled; ++i) {
    const auto value = TypeParam::Receive(channel);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->number(), i);
  }
  EXPECT_EQ(CodeOf(TypeParam::Receive(channel)), kEnd);
}

}  // namespace
}  // namespace eventbus::testing
