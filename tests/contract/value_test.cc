// The contract, part four: what becomes of the values themselves.

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

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
class ValueContract : public ::testing::Test {};
TYPED_TEST_SUITE(ValueContract, AllSetups, SetupNames);

// Receives one value in a thread of its own, so that it can be sent at any capacity.
template <typename S, typename T, typename Send>
std::optional<T> PassOne(const Channel<T>& channel, Send send) {
  std::optional<T> taken;
  {
    std::jthread receiver([&] {
      absl::StatusOr<T> received = S::Receive(channel);
      if (received.ok()) taken.emplace(*std::move(received));
    });
    send();
  }
  return taken;
}

TYPED_TEST(ValueContract, AMoveOnlyValuePasses) {
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  const auto taken = PassOne<TypeParam>(channel, [&] {
    MoveOnly value(8);
    EXPECT_TRUE(TypeParam::Send(channel, std::move(value)).ok());
    EXPECT_EQ(value.number(), -1);
  });
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->number(), 8);
}

TYPED_TEST(ValueContract, AMovedValueIsNeverCopied) {
  Counted::Counts counts;
  const auto channel = MakeChannel<Counted, TypeParam>();
  const auto taken =
      PassOne<TypeParam>(channel, [&] { EXPECT_TRUE(TypeParam::Send(channel, Counted(counts, 6)).ok()); });
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->number(), 6);
  EXPECT_EQ(counts.copies, 0);
}

TYPED_TEST(ValueContract, ACopiedValueIsCopiedOnceAndStaysAsItWas) {
  Counted::Counts counts;
  const auto channel = MakeChannel<Counted, TypeParam>();
  const Counted original(counts, 6);
  const auto taken = PassOne<TypeParam>(channel, [&] { EXPECT_TRUE(TypeParam::SendCopy(channel, original).ok()); });
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->number(), 6);
  EXPECT_EQ(original.number(), 6);
  EXPECT_EQ(counts.copies, 1);
}

TYPED_TEST(ValueContract, ACopyThatThrowsReachesItsSenderAndNothingWasSent) {
  Counted::Counts counts;
  const auto channel = MakeChannel<Counted, TypeParam>();
  const Counted original(counts, 6);
  counts.copies_until_throw = 0;
  EXPECT_THROW((void)TypeParam::SendCopy(channel, original), std::runtime_error);
  EXPECT_EQ(channel.ApproxSize(), 0u);
  EXPECT_EQ(CodeOf(TypeParam::TryReceive(channel)), kNothingYet);
}

TYPED_TEST(ValueContract, ACopyThatThrowsLeavesTheChannelAndItsBlockedReceiverUsable) {
  Counted::Counts counts;
  const auto channel = MakeChannel<Counted, TypeParam>();
  const Counted original(counts, 6);
  const auto taken = PassOne<TypeParam>(channel, [&] {
    AwaitReceivers(channel, 1);
    counts.copies_until_throw = 0;
    EXPECT_THROW((void)TypeParam::SendCopy(channel, original), std::runtime_error);
    EXPECT_EQ(WaitingReceivers(channel), 1u);
    EXPECT_TRUE(TypeParam::SendCopy(channel, original).ok());
  });
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->number(), 6);
}

TYPED_TEST(ValueContract, EveryValueIsDestroyedExactlyOnceReceivedOrNot) {
  Counted::Counts counts;
  {
    const auto channel = MakeChannel<Counted, TypeParam>();
    for (int i = 0; i < 5; ++i) (void)TypeParam::TrySend(channel, Counted(counts, i));
    (void)TypeParam::TryReceive(channel);
    const size_t left = channel.ApproxSize();
    EXPECT_EQ(counts.alive, static_cast<int>(left));
    channel.Close();
    EXPECT_EQ(counts.alive, static_cast<int>(left)) << "Close drops nothing.";
  }
  EXPECT_EQ(counts.alive, 0);
}

TYPED_TEST(ValueContract, ALargeAndStrictlyAlignedValueKeepsEveryByte) {
  struct alignas(64) Large {
    std::uint8_t bytes[1'000];
  };
  const auto channel = MakeChannel<Large, TypeParam>();
  Large sent;
  for (int i = 0; i < 1'000; ++i) sent.bytes[i] = static_cast<std::uint8_t>(i * 7);
  const auto taken = PassOne<TypeParam>(channel, [&] { EXPECT_TRUE(TypeParam::Send(channel, Large(sent)).ok()); });
  ASSERT_TRUE(taken.has_value());
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(taken->bytes[i], static_cast<std::uint8_t>(i * 7));
}

TYPED_TEST(ValueContract, AChannelPassesThroughAChannel) {
  const auto channel = MakeChannel<Channel<std::string>, TypeParam>();
  const Channel<std::string> reply(1);
  const auto taken = PassOne<TypeParam>(channel, [&] { EXPECT_TRUE(TypeParam::SendCopy(channel, reply).ok()); });
  ASSERT_TRUE(taken.has_value());
  EXPECT_TRUE(taken->Send("answer").ok());
  EXPECT_EQ(reply.Receive().value_or(""), "answer");
}

TYPED_TEST(ValueContract, WhatHappenedBeforeSendIsVisibleAfterReceive) {
  constexpr int kRounds = 2'000;
  const auto there = MakeChannel<int, TypeParam>();
  const auto back = MakeChannel<int, TypeParam>();
  // Plain, and written by both threads in turn: ThreadSanitizer reports a missing edge.
  int turn = 0;
  std::jthread partner([&] {
    for (int i = 0; i < kRounds; ++i) {
      EXPECT_EQ(TypeParam::Receive(there).value_or(-1), turn);
      ++turn;
      EXPECT_TRUE(TypeParam::Send(back, int{turn}).ok());
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ++turn;
    EXPECT_TRUE(TypeParam::Send(there, int{turn}).ok());
    ASSERT_EQ(TypeParam::Receive(back).value_or(-1), turn);
  }
}

}  // namespace
}  // namespace eventbus::testing
