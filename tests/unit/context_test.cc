#include "eventbus/context.h"

#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;
using testing::WaitingFor;

constexpr absl::StatusCode kCancelled = absl::StatusCode::kCancelled;
constexpr absl::StatusCode kLate = absl::StatusCode::kDeadlineExceeded;

TEST(Background, IsNeverDone) {
  const Context background = Context::Background();
  EXPECT_FALSE(background.done());
  EXPECT_TRUE(background.status().ok());
  EXPECT_TRUE(background.cause().ok());
  EXPECT_EQ(background.deadline(), absl::InfiniteFuture());
  EXPECT_EQ(background, Context::Background());
  EXPECT_EQ(TrySelect({background.OnDone()}), -1);
}

TEST(Context, AliveOneIsNotDone) {
  const CancelHandle handle = Context::Background().WithCancel();
  EXPECT_FALSE(handle.context().done());
  EXPECT_TRUE(handle.context().status().ok());
  EXPECT_TRUE(handle.context().cause().ok());
  EXPECT_EQ(TrySelect({handle.context().OnDone()}), -1);
}

TEST(Context, CopiesAreTheSameContext) {
  CancelHandle handle = Context::Background().WithCancel();
  const Context copy = handle.context();
  EXPECT_EQ(copy, handle.context());
  EXPECT_FALSE(copy == Context::Background());
  handle.Cancel();
  EXPECT_TRUE(copy.done());
}

TEST(ContextTree, CancellingReachesAllBelowAndNoneBesideOrAbove) {
  CancelHandle root = Context::Background().WithCancel();
  CancelHandle child = root.context().WithCancel();
  const CancelHandle sibling = root.context().WithCancel();
  const CancelHandle grandchild = child.context().WithTimeout(absl::Hours(1));
  EXPECT_TRUE(child.Cancel(absl::DataLossError("why")));
  EXPECT_TRUE(child.context().done());
  EXPECT_TRUE(grandchild.context().done());
  EXPECT_EQ(grandchild.context().status().code(), kCancelled);
  EXPECT_EQ(grandchild.context().cause(), absl::DataLossError("why"));
  EXPECT_FALSE(sibling.context().done());
  EXPECT_FALSE(root.context().done());
  EXPECT_TRUE(root.Cancel());
  EXPECT_TRUE(sibling.context().done());
}

TEST(ContextTree, AChildOfADoneParentIsBornDoneWithItsReason) {
  CancelHandle parent = Context::Background().WithCancel();
  parent.Cancel(absl::DataLossError("why"));
  const CancelHandle child = parent.context().WithTimeout(absl::Hours(1));
  EXPECT_TRUE(child.context().done());
  EXPECT_EQ(child.context().status().code(), kCancelled);
  EXPECT_EQ(child.context().cause(), absl::DataLossError("why"));
}

// The parent was done before its deadline; that the deadline has passed since does not change why the child is done.
TEST(ContextTree, AChildOfACancelledParentHasItsReasonEvenAfterTheParentsDeadline) {
  CancelHandle parent = Context::Background().WithTimeout(absl::Milliseconds(50));
  while (!parent.Cancel(absl::DataLossError("why"))) {  // Unless the deadline was first.
    parent = Context::Background().WithTimeout(absl::Milliseconds(50));
  }
  AwaitTrue([&] { return absl::Now() > parent.context().deadline() + absl::Milliseconds(1); });
  const CancelHandle child = parent.context().WithCancel();
  EXPECT_EQ(child.context().status().code(), kCancelled);
  EXPECT_EQ(child.context().cause(), absl::DataLossError("why"));
}

TEST(ContextTree, AContextKeepsWhatItDependsOn) {
  std::optional<CancelHandle> root = Context::Background().WithCancel();
  const CancelHandle child = root->context().WithCancel();
  root.reset();  // Cancels, and drops the last handle of the parent.
  EXPECT_TRUE(child.context().done());
}

TEST(ContextTree, CancelsTenThousandChildren) {
  CancelHandle root = Context::Background().WithCancel();
  std::vector<CancelHandle> children;
  for (int i = 0; i < 10'000; ++i) children.push_back((i % 2 ? children.back() : root).context().WithCancel());
  EXPECT_TRUE(root.Cancel(absl::DataLossError("why")));
  for (const CancelHandle& child : children) {
    ASSERT_TRUE(child.context().done());
    ASSERT_EQ(child.context().cause(), absl::DataLossError("why"));
  }
}

TEST(Cancel, StatusAndCauseNeverChangeOnceDone) {
  CancelHandle handle = Context::Background().WithCancel();
  EXPECT_TRUE(handle.Cancel(absl::DataLossError("first")));
  EXPECT_FALSE(handle.Cancel(absl::InternalError("second")));
  EXPECT_FALSE(handle.Cancel());
  EXPECT_EQ(handle.context().status().code(), kCancelled);
  EXPECT_EQ(handle.context().cause(), absl::DataLossError("first"));
}

TEST(Cancel, WithoutACauseTheCauseIsTheStatus) {
  CancelHandle handle = Context::Background().WithCancel();
  handle.Cancel();
  EXPECT_EQ(handle.context().cause(), handle.context().status());
}

TEST(Cancel, OneOfManyConcurrentCallsEndsIt) {
  CancelHandle handle = Context::Background().WithCancel();
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) threads.emplace_back([&] { ended += handle.Cancel(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ended, 1);
}

TEST(Cancel, WhatWasDoneBeforeIsVisibleToWhoFindsItDone) {
  for (int round = 0; round < 200; ++round) {
    CancelHandle handle = Context::Background().WithCancel();
    int written = 0;  // Not atomic on purpose.
    std::thread writer([&] {
      written = round + 1;
      handle.Cancel();
    });
    AwaitTrue([&] { return handle.context().done(); });
    EXPECT_EQ(written, round + 1);
    writer.join();
  }
}

TEST(Cancel, WakesWaitsOfAllContextsBelow) {
  CancelHandle root = Context::Background().WithCancel();
  std::vector<CancelHandle> children;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 5; ++i) children.push_back(root.context().WithCancel());
  for (const CancelHandle& child : children) {
    waiters.emplace_back([&child] { EXPECT_EQ(Select({child.context().OnDone()}), 0); });
  }
  for (const CancelHandle& child : children) AwaitTrue([&] { return WaitingFor(child.context()) == 1; });
  root.Cancel();
  for (std::thread& waiter : waiters) waiter.join();
}

TEST(Deadline, ThatPassesEndsTheContextAndNotBefore) {
  const absl::Time deadline = absl::Now() + absl::Milliseconds(2);
  const CancelHandle handle = Context::Background().WithDeadline(deadline);
  EXPECT_EQ(handle.context().deadline(), deadline);
  AwaitTrue([&] { return handle.context().done(); });
  EXPECT_GE(absl::Now(), deadline - absl::Milliseconds(1));  // The wall clock and the steady one may differ a little.
  EXPECT_EQ(handle.context().status().code(), kLate);
  EXPECT_EQ(handle.context().cause().code(), kLate);
}

TEST(Deadline, InThePastGivesAContextThatIsDone) {
  for (const absl::Time deadline : {absl::Now() - absl::Seconds(1), absl::UnixEpoch(), absl::InfinitePast()}) {
    const CancelHandle handle = Context::Background().WithDeadline(deadline);
    EXPECT_TRUE(handle.context().done());
    EXPECT_EQ(handle.context().status().code(), kLate);
    EXPECT_EQ(TrySelect({handle.context().OnDone()}), 0);
  }
  EXPECT_TRUE(Context::Background().WithTimeout(absl::ZeroDuration()).context().done());
  EXPECT_TRUE(Context::Background().WithTimeout(-absl::InfiniteDuration()).context().done());
}

TEST(Deadline, InfiniteOneNeverComes) {
  const CancelHandle deadline = Context::Background().WithDeadline(absl::InfiniteFuture());
  const CancelHandle timeout = Context::Background().WithTimeout(absl::InfiniteDuration());
  EXPECT_FALSE(deadline.context().done());
  EXPECT_FALSE(timeout.context().done());
  EXPECT_EQ(timeout.context().deadline(), absl::InfiniteFuture());
}

TEST(Deadline, OfAChildIsNeverLaterThanItsParents) {
  const absl::Time early = absl::Now() + absl::Hours(1);
  const CancelHandle parent = Context::Background().WithDeadline(early);
  const CancelHandle later = parent.context().WithDeadline(early + absl::Hours(1));
  const CancelHandle earlier = parent.context().WithDeadline(early - absl::Minutes(30));
  const CancelHandle none = parent.context().WithCancel();
  EXPECT_EQ(later.context().deadline(), early);
  EXPECT_EQ(none.context().deadline(), early);
  EXPECT_EQ(earlier.context().deadline(), early - absl::Minutes(30));
}

TEST(Deadline, OfAParentEndsTheChildToo) {
  const CancelHandle parent = Context::Background().WithTimeout(absl::Milliseconds(1));
  const CancelHandle child = parent.context().WithCancel();
  EXPECT_EQ(Select({child.context().OnDone()}), 0);
  EXPECT_EQ(child.context().status().code(), kLate);
  EXPECT_TRUE(parent.context().done());
}

TEST(Deadline, ThatPassedFirstIsTheReasonEvenIfNobodyLookedBeforeTheCancel) {
  CancelHandle handle = Context::Background().WithDeadline(absl::Now() - absl::Seconds(1));
  CancelHandle child = handle.context().WithCancel();
  EXPECT_FALSE(handle.Cancel(absl::DataLossError("too late"))) << "the deadline ended it";
  EXPECT_EQ(handle.context().status().code(), kLate);
  EXPECT_EQ(handle.context().cause().code(), kLate);
  EXPECT_EQ(child.context().status().code(), kLate);
}

TEST(CancelHandle, CancelsWhenDestroyed) {
  std::optional<Context> context;
  {
    const CancelHandle handle = Context::Background().WithCancel();
    context = handle.context();
    EXPECT_FALSE(context->done());
  }
  EXPECT_TRUE(context->done());
  EXPECT_EQ(context->status().code(), kCancelled);
}

TEST(CancelHandle, MovingPassesTheRightOn) {
  CancelHandle first = Context::Background().WithCancel();
  const Context context = first.context();
  {
    CancelHandle second = std::move(first);
    EXPECT_EQ(second.context(), context);
    EXPECT_EQ(first.context(), Context::Background());
    EXPECT_FALSE(first.Cancel());
    EXPECT_FALSE(context.done());
  }
  EXPECT_TRUE(context.done());
}

TEST(CancelHandle, MoveAssignmentCancelsWhatItHad) {
  CancelHandle handle = Context::Background().WithCancel();
  const Context first = handle.context();
  handle = Context::Background().WithCancel();
  const Context second = handle.context();
  EXPECT_TRUE(first.done());
  EXPECT_FALSE(second.done());
  CancelHandle& same = handle;
  handle = std::move(same);
  EXPECT_FALSE(second.done());
  EXPECT_EQ(handle.context(), second);
}

TEST(OnDone, WakesASelectAndRunsItsHandler) {
  CancelHandle handle = Context::Background().WithCancel();
  bool handled = false;
  std::thread selecting([&] {
    const Channel<int> idle;
    EXPECT_EQ(Select({idle.OnSend(1), handle.context().OnDone([&handled] { handled = true; })}), 1);
  });
  AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });
  handle.Cancel();
  selecting.join();
  EXPECT_TRUE(handled);
  EXPECT_EQ(WaitingFor(handle.context()), 0u);
}

TEST(OnDone, DeadlineWakesASelectAndNotBefore) {
  const absl::Time start = absl::Now();
  const CancelHandle handle = Context::Background().WithTimeout(absl::Milliseconds(3));
  const Channel<int> idle;
  EXPECT_EQ(Select({idle.OnSend(1), handle.context().OnDone()}), 1);
  EXPECT_GE(absl::Now(), start + absl::Milliseconds(2));  // The wall clock and the steady one may differ a little.
  EXPECT_EQ(WaitingFor(handle.context()), 0u);
}

TEST(OnDone, HandlerOfATemporaryContextRuns) {
  CancelHandle handle = Context::Background().WithCancel();
  handle.Cancel();
  int handled = 0;
  std::vector<Case> cases;
  cases.push_back(Context(handle.context()).OnDone([&handled] { ++handled; }));
  EXPECT_EQ(Select(cases), 0);
  EXPECT_EQ(Select(cases), 0) << "a context stays done";
  EXPECT_EQ(handled, 2);
}

TEST(OnDone, HandlerMayThrow) {
  CancelHandle handle = Context::Background().WithCancel();
  handle.Cancel();
  EXPECT_THROW(Select({handle.context().OnDone([] { throw std::runtime_error("handler"); })}), std::runtime_error);
}

}  // namespace
}  // namespace eventbus
