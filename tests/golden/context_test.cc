// Contexts as something to wait for beside channels: the questions of the tests of Go's context package that concern
// channels and select.

#include "eventbus/context.h"

#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/channel.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

TEST(ContextQuestions, TheBackgroundIsNeverDone) {
  const Context background = Context::Background();
  EXPECT_FALSE(background.done());
  EXPECT_EQ(background.deadline(), absl::InfiniteFuture());
  const Channel<int> ready(1);
  ASSERT_TRUE(ready.Send(1).ok());
  absl::StatusOr<int> got;
  EXPECT_EQ(TrySelect({background.OnDone()}), -1);
  EXPECT_EQ(Select({background.OnDone(), ready.OnReceive(&got)}), 1);
}

TEST(ContextQuestions, ACancelEndsTheWholeTreeBelowAndNothingBesideIt) {
  CancelHandle parent = Context::Background().WithCancel();
  CancelHandle sibling = Context::Background().WithCancel();
  CancelHandle child = parent.context().WithCancel();
  CancelHandle grandchild = child.context().WithTimeout(absl::Hours(1));
  const Channel<int> channel;
  std::vector<std::jthread> waiters;
  for (const Context& context : {child.context(), grandchild.context()}) {
    waiters.emplace_back([&channel, context] {
      EXPECT_TRUE(absl::IsCancelled(channel.Receive(context).status()));
      EXPECT_TRUE(absl::IsCancelled(context.status()));
    });
  }
  AwaitReceivers(channel, 2);
  EXPECT_TRUE(parent.Cancel());
  EXPECT_TRUE(child.context().done());
  EXPECT_TRUE(grandchild.context().done());
  EXPECT_FALSE(sibling.context().done());
  EXPECT_FALSE(child.Cancel()) << "it has ended already";
}

TEST(ContextQuestions, ACancelledChildLeavesItsParentAlone) {
  CancelHandle parent = Context::Background().WithCancel();
  CancelHandle child = parent.context().WithCancel();
  EXPECT_TRUE(child.Cancel());
  EXPECT_EQ(TrySelect({parent.context().OnDone()}), -1);
  EXPECT_EQ(TrySelect({child.context().OnDone()}), 0);
}

TEST(ContextQuestions, AChildOfADoneContextIsDone) {
  CancelHandle parent = Context::Background().WithCancel();
  parent.Cancel(absl::DataLossError("the disk"));
  const CancelHandle child = parent.context().WithCancel();
  EXPECT_EQ(Select({child.context().OnDone()}), 0);
  EXPECT_TRUE(absl::IsCancelled(child.context().status()));
  EXPECT_EQ(child.context().cause(), absl::DataLossError("the disk"));
}

TEST(ContextQuestions, ADeadlineEndsTheWaitOfASelect) {
  const CancelHandle handle = Context::Background().WithTimeout(absl::Milliseconds(5));
  const absl::Time deadline = handle.context().deadline();
  const Channel<int> channel;
  absl::StatusOr<int> got;
  EXPECT_EQ(Select({channel.OnReceive(&got), handle.context().OnDone()}), 1);
  EXPECT_GE(absl::Now(), deadline);
  EXPECT_TRUE(absl::IsDeadlineExceeded(handle.context().status()));
  EXPECT_EQ(WaitingReceivers(channel), 0u);
}

TEST(ContextQuestions, AChildsDeadlineIsNeverLaterThanItsParents) {
  const absl::Time early = absl::Now() + absl::Hours(1);
  const CancelHandle parent = Context::Background().WithDeadline(early);
  const CancelHandle later = parent.context().WithDeadline(early + absl::Hours(1));
  EXPECT_EQ(later.context().deadline(), early);
  const CancelHandle past = parent.context().WithDeadline(absl::UnixEpoch());
  EXPECT_TRUE(past.context().done());
  EXPECT_TRUE(absl::IsDeadlineExceeded(past.context().status()));
}

TEST(ContextQuestions, ACancelAfterTheDeadlineChangesNothing) {
  CancelHandle handle = Context::Background().WithDeadline(absl::UnixEpoch());
  EXPECT_FALSE(handle.Cancel(absl::DataLossError("too late")));
  EXPECT_TRUE(absl::IsDeadlineExceeded(handle.context().status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(handle.context().cause()));
}

TEST(ContextQuestions, OfManyCancelsAtOnceOneEndsIt) {
  for (int round = 0; round < 50; ++round) {
    CancelHandle handle = Context::Background().WithCancel();
    std::vector<int> won(4);
    {
      std::vector<std::jthread> threads;
      for (int& mine : won) threads.emplace_back([&] { mine = handle.Cancel(); });
    }
    ASSERT_EQ(won[0] + won[1] + won[2] + won[3], 1);
  }
}

}  // namespace
}  // namespace eventbus::testing
