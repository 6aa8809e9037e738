// The checkers accept what may happen and refuse what may not.

#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/linearizability/channel_checker.h"
#include "tests/linearizability/feed_checker.h"

namespace eventbus::testing {
namespace {

constexpr absl::StatusCode kOk = absl::StatusCode::kOk;
constexpr absl::StatusCode kClosed = absl::StatusCode::kFailedPrecondition;
constexpr absl::StatusCode kFull = absl::StatusCode::kResourceExhausted;
constexpr absl::StatusCode kEnd = absl::StatusCode::kOutOfRange;
constexpr absl::StatusCode kNothingYet = absl::StatusCode::kUnavailable;

ChannelCall Call(uint64_t invoked, uint64_t returned, Method method, int value, absl::StatusCode code = kOk) {
  return {.method = method, .code = code, .value = value, .invoked = invoked, .returned = returned};
}

TEST(ChannelChecker, AcceptsWhatHappensInOrder) {
  EXPECT_TRUE(IsLinearizable(1, {}));
  EXPECT_TRUE(IsLinearizable(1, {
                                    Call(1, 2, Method::kTryReceive, 0, kNothingYet),
                                    Call(3, 4, Method::kSend, 1),
                                    Call(5, 6, Method::kTrySend, 2, kFull),
                                    Call(7, 8, Method::kClose, 0),
                                    Call(9, 10, Method::kClose, 0, kClosed),
                                    Call(11, 12, Method::kSend, 3, kClosed),
                                    Call(13, 14, Method::kReceive, 1),
                                    Call(15, 16, Method::kReceive, 0, kEnd),
                                }));
}

TEST(ChannelChecker, OverlappingCallsMayTakeEffectInEitherOrder) {
  EXPECT_TRUE(IsLinearizable(2, {
                                    Call(1, 4, Method::kSend, 1),
                                    Call(2, 3, Method::kSend, 2),
                                    Call(5, 6, Method::kReceive, 2),
                                    Call(7, 8, Method::kReceive, 1),
                                }));
  // The sends did not overlap, so they have an order.
  EXPECT_FALSE(IsLinearizable(2, {
                                     Call(1, 2, Method::kSend, 1),
                                     Call(3, 4, Method::kSend, 2),
                                     Call(5, 6, Method::kReceive, 2),
                                     Call(7, 8, Method::kReceive, 1),
                                 }));
}

TEST(ChannelChecker, RefusesLossDuplicationAndInvention) {
  const ChannelCall sent = Call(1, 2, Method::kSend, 1);
  EXPECT_FALSE(IsLinearizable(1, {sent, Call(3, 4, Method::kTryReceive, 0, kNothingYet)}));
  EXPECT_FALSE(IsLinearizable(2, {sent, Call(3, 6, Method::kReceive, 1), Call(4, 5, Method::kReceive, 1)}));
  EXPECT_FALSE(IsLinearizable(1, {sent, Call(3, 4, Method::kReceive, 7)}));
  EXPECT_FALSE(IsLinearizable(1, {Call(1, 2, Method::kReceive, 1), Call(3, 4, Method::kSend, 1)}));
}

TEST(ChannelChecker, RefusesWrongAnswersAboutTheState) {
  EXPECT_FALSE(IsLinearizable(1, {Call(1, 2, Method::kSend, 1), Call(3, 4, Method::kSend, 2)})) << "no room";
  EXPECT_FALSE(IsLinearizable(2, {Call(1, 2, Method::kSend, 1), Call(3, 4, Method::kTrySend, 2, kFull)})) << "room";
  EXPECT_FALSE(IsLinearizable(1, {Call(1, 2, Method::kReceive, 0, kEnd)})) << "not closed";
  EXPECT_FALSE(IsLinearizable(1, {Call(1, 2, Method::kSend, 1, kClosed)})) << "not closed";
  EXPECT_FALSE(IsLinearizable(1, {Call(1, 2, Method::kClose, 0, kClosed)})) << "the first";
  EXPECT_FALSE(IsLinearizable(1, {Call(1, 4, Method::kClose, 0), Call(2, 3, Method::kClose, 0)})) << "two first";
  EXPECT_FALSE(IsLinearizable(1, {Call(1, 2, Method::kClose, 0), Call(3, 4, Method::kSend, 1)})) << "closed";
  EXPECT_FALSE(IsLinearizable(1, {Call(1, 2, Method::kReceive, 0, kNothingYet)})) << "only a try gives up";
  EXPECT_FALSE(IsLinearizable(0, {Call(1, 2, Method::kSend, 0, kFull)})) << "only a try gives up";
}

TEST(ChannelChecker, WhatWasGivenUpHadNoEffect) {
  const ChannelCall cancelled = Call(1, 9, Method::kSend, 1, absl::StatusCode::kCancelled);
  EXPECT_TRUE(IsLinearizable(1, {cancelled, Call(2, 3, Method::kTryReceive, 0, kNothingYet)}));
  EXPECT_FALSE(IsLinearizable(1, {cancelled, Call(2, 3, Method::kReceive, 1)}));
}

TEST(ChannelChecker, TheTwoSidesOfARendezvousMeet) {
  EXPECT_TRUE(IsLinearizable(0, {Call(1, 4, Method::kSend, 1), Call(2, 3, Method::kReceive, 1)}));
  EXPECT_TRUE(IsLinearizable(0, {Call(1, 4, Method::kSend, 1), Call(2, 3, Method::kTryReceive, 1)}));
  EXPECT_TRUE(IsLinearizable(0, {Call(1, 4, Method::kTrySend, 1), Call(2, 3, Method::kReceive, 1)}));
  EXPECT_FALSE(IsLinearizable(0, {Call(1, 2, Method::kSend, 1), Call(3, 4, Method::kReceive, 1)})) << "never met";
  EXPECT_FALSE(IsLinearizable(0, {Call(1, 4, Method::kTrySend, 1), Call(2, 3, Method::kTryReceive, 1)})) << "no wait";
  EXPECT_FALSE(IsLinearizable(0, {Call(1, 4, Method::kSend, 1), Call(2, 3, Method::kReceive, 2)})) << "other value";
}

FeedHistory TwoSendsInOrder() {
  return {.sends = {{1, {10, 20}}, {2, {30, 40}}}, .witness = {1, 2}, .memberships = {}};
}

FeedHistory WithMembership(FeedMembership membership) {
  FeedHistory history = TwoSendsInOrder();
  history.memberships.push_back(std::move(membership));
  return history;
}

TEST(FeedChecker, AcceptsEveryStretchThatTheSpansAllow) {
  EXPECT_EQ(FindFault(TwoSendsInOrder()), "");
  EXPECT_EQ(FindFault(WithMembership({.subscribe = {1, 2}, .received = {1, 2}})), "");
  EXPECT_EQ(FindFault(WithMembership({.subscribe = {15, 16}, .received = {2}})), "");
  EXPECT_EQ(FindFault(WithMembership({.subscribe = {15, 16}, .received = {1, 2}})), "");
  EXPECT_EQ(FindFault(WithMembership({.subscribe = {1, 2}, .unsubscribe = {35, 36}, .received = {1}})), "");
  EXPECT_EQ(FindFault(WithMembership({.subscribe = {1, 2}, .unsubscribe = {3, 4}})), "");
  EXPECT_EQ(FindFault(WithMembership({.subscribe = {50, 51}})), "");
}

TEST(FeedChecker, RefusesAnOrderThatTheSendsDidNotHave) {
  FeedHistory history = TwoSendsInOrder();
  history.witness = {2, 1};
  EXPECT_NE(FindFault(history), "");
  history.sends[1].span = {15, 40};  // They overlap: either order will do.
  EXPECT_EQ(FindFault(history), "");
}

TEST(FeedChecker, RefusesLossAndDuplicationAtTheWitness) {
  FeedHistory history = TwoSendsInOrder();
  history.witness = {1};
  EXPECT_NE(FindFault(history), "");
  history.witness = {1, 2, 2};
  EXPECT_NE(FindFault(history), "");
  history.witness = {1, 2, 3};
  EXPECT_NE(FindFault(history), "");
}

TEST(FeedChecker, RefusesGapsRepetitionsAndAnotherOrderAtASubscriber) {
  for (const std::vector<int>& received :
       std::vector<std::vector<int>>{{1}, {2}, {}, {2, 1}, {1, 1, 2}, {1, 2, 3}, {7}}) {
    EXPECT_NE(FindFault(WithMembership({.subscribe = {1, 2}, .received = received})), "")
        << ::testing::PrintToString(received);
  }
}

TEST(FeedChecker, RefusesWhatWasSentOutsideOfTheSubscription) {
  EXPECT_NE(FindFault(WithMembership({.subscribe = {22, 23}, .received = {1, 2}})), "");
  EXPECT_NE(FindFault(WithMembership({.subscribe = {1, 2}, .unsubscribe = {22, 23}, .received = {1, 2}})), "");
  EXPECT_NE(FindFault(WithMembership({.subscribe = {1, 2}, .unsubscribe = {22, 23}})), "") << "the first was due";
}

}  // namespace
}  // namespace eventbus::testing
