#include "eventbus/task_group.h"

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

constexpr absl::StatusCode kLate = absl::StatusCode::kDeadlineExceeded;
constexpr absl::StatusCode kCancelled = absl::StatusCode::kCancelled;

size_t Waiting(const TaskGroup& group) { return internal::CoreAccess::core(group)->CountWaiting(); }
size_t Linked(const TaskGroup& group) { return internal::CoreAccess::core(group)->CountLinked(); }
bool Busy(TaskGroup& group) { return !group.WaitUntil(absl::InfinitePast()).ok(); }

absl::Status UntilDone(const Context& context) {
  Select({context.OnDone()});
  return context.status();
}

TEST(TaskToken, IsDoneOnceWhenItGoes) {
  TaskGroup group;
  EXPECT_TRUE(group.Wait().ok());
  TaskToken first = group.Add();
  {
    TaskToken second = group.Add();
    TaskToken moved = std::move(second);
    EXPECT_TRUE(second.done());
    EXPECT_EQ(group.ApproxOpen(), 2);
  }
  EXPECT_EQ(group.ApproxOpen(), 1);
  EXPECT_TRUE(Busy(group));
  first.Done();
  first.Done();
  EXPECT_FALSE(Busy(group));
  EXPECT_TRUE(TaskToken().done());
}

TEST(TaskToken, IsBoundToItsGroup) {
  TaskGroup one;
  TaskGroup other;
  TaskToken token = one.Add();
  token = other.Add();  // The first one's is done by that.
  EXPECT_FALSE(Busy(one));
  EXPECT_TRUE(Busy(other));
}

TEST(TaskToken, MayOutliveItsGroupAndEndAnywhere) {
  const int64_t live = testing::LiveAllocations();
  {
    std::optional<TaskGroup> group(std::in_place);
    TaskToken token = group->Add();
    group.reset();  // Does not wait for it.
    std::thread([token = std::move(token)] {}).join();
  }
  EXPECT_EQ(testing::LiveAllocations(), live);
}

TEST(TaskToken, AllocatesNothing) {
  TaskGroup group;
  const int64_t before = testing::AllocationCount();
  for (int i = 0; i < 100; ++i) {
    TaskToken token = group.Add();
  }
  EXPECT_EQ(testing::AllocationCount(), before);
}

TEST(TaskGroup, TheLastTokenWakesAllWhoWait) {
  TaskGroup group;
  TaskToken token = group.Add();
  int result = 0;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      EXPECT_TRUE(group.Wait().ok());
      EXPECT_EQ(result, 7);
    });
  }
  AwaitTrue([&] { return Waiting(group) == 3; });
  EXPECT_EQ(TrySelect({group.OnDone()}), -1);
  result = 7;
  token.Done();
  for (std::thread& waiter : waiters) waiter.join();
  bool done = false;
  EXPECT_EQ(Select({group.OnDone([&] { done = true; })}), 0);
  EXPECT_TRUE(done);
}

// A task that says "cancelled" is not a wait that was cut short, and the other way about.
TEST(TaskGroup, ATasksOwnCancelledIsNotAWaitCutShort) {
  TaskGroup group;
  ASSERT_TRUE(group.Go([] { return absl::CancelledError("by the peer"); }).ok());
  EXPECT_TRUE(group.Wait(Context::Background()).ok()) << "the wait went well";
  EXPECT_EQ(group.status(), absl::CancelledError("by the peer"));
  TaskToken token = group.Add();
  CancelHandle cancel = Context::Background().WithCancel();
  cancel.Cancel();
  EXPECT_EQ(group.Wait(cancel.context()).code(), kCancelled) << "the wait was cut short";
  EXPECT_EQ(group.status(), absl::CancelledError("by the peer")) << "that has not changed";
}

TEST(TaskGroup, AFailureCancelsNobody) {
  TaskGroup group;
  const Channel<int> gate(0);
  ASSERT_TRUE(group.Go([&](const Context& context) { return gate.Receive(context).status(); }).ok());
  ASSERT_TRUE(group.Go([] { return absl::DataLossError("a"); }).ok());
  AwaitTrue([&] { return group.errors().size() == 1; });
  EXPECT_TRUE(gate.Send(1).ok());
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_FALSE(group.context().done());
  EXPECT_EQ(group.status(), absl::DataLossError("a"));
}

TEST(TaskGroup, DestructionCancelsItsTasksAndWaitsForThem) {
  ThreadPool pool(1);
  const Channel<int> begun(0);
  bool ended = false;
  {
    TaskGroup group(Context::Background(), {.executor = &pool, .limit = 1});
    ASSERT_TRUE(group
                    .Go([&](const Context& context) {
                      begun.Close();
                      UntilDone(context).IgnoreError();
                      ended = true;
                    })
                    .ok());
    EXPECT_EQ(group.TryGo([] {}).code(), absl::StatusCode::kResourceExhausted);
    begun.Receive().IgnoreError();
  }
  EXPECT_TRUE(ended);
}

TEST(TaskGroupLink, WaitsForOthersToo) {
  TaskGroup front;
  TaskGroup back;
  ASSERT_TRUE(front.Link(back).ok());
  ASSERT_TRUE(front.Link(back).ok()) << "again is no error";
  EXPECT_FALSE(Busy(front));
  TaskToken own = front.Add();
  TaskToken token = back.Add();
  EXPECT_EQ(front.ApproxOpen(), 2);
  own.Done();
  EXPECT_TRUE(Busy(front)) << "after its own";
  std::thread waiter([&] { EXPECT_TRUE(front.Wait().ok()); });
  AwaitTrue([&] { return Waiting(front) == 1; });
  token.Done();
  waiter.join();
  token = back.Add();
  EXPECT_TRUE(Busy(front)) << "busy again";
}

TEST(TaskGroupLink, CountsWhatWasBusyBefore) {
  TaskGroup front;
  TaskGroup middle;
  TaskGroup back;
  TaskToken token = back.Add();
  ASSERT_TRUE(middle.Link(back).ok());
  EXPECT_TRUE(Busy(middle));
  ASSERT_TRUE(front.Link(middle).ok());
  EXPECT_TRUE(Busy(front));
  token.Done();
  EXPECT_FALSE(Busy(middle));
  EXPECT_FALSE(Busy(front));
}

TEST(TaskGroupLink, ACircleIsRefused) {
  TaskGroup a(Context::Background(), {.name = "a"});
  TaskGroup b(Context::Background(), {.name = "b"});
  TaskGroup c(Context::Background(), {.name = "c"});
  EXPECT_EQ(a.Link(a).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(a.Link(b).ok());
  ASSERT_TRUE(b.Link(c).ok());
  ASSERT_TRUE(a.Link(c).ok()) << "two ways to the same group";
  EXPECT_EQ(c.Link(a),
            absl::InvalidArgumentError("TaskGroup 'c': Link to 'a', which waits for it, would let both wait for ever"));
  TaskToken token = c.Add();
  EXPECT_TRUE(Busy(a));
  token.Done();
  EXPECT_FALSE(Busy(a));
}

TEST(TaskGroupLink, ManyWaysToOneGroupAreLookedAtOnce) {
  std::vector<std::unique_ptr<TaskGroup>> groups;
  for (int i = 0; i < 60; ++i) groups.push_back(std::make_unique<TaskGroup>());
  for (int i = 0; i + 2 < 60; ++i) {
    ASSERT_TRUE(groups[i]->Link(*groups[i + 1]).ok());
    ASSERT_TRUE(groups[i]->Link(*groups[i + 2]).ok());
  }
  EXPECT_FALSE(groups[59]->Link(*groups[0]).ok());
}

TEST(TaskGroupLink, EndsWithEitherGroup) {
  const int64_t live = testing::LiveAllocations();
  {
    TaskGroup lasting;
    {
      TaskGroup front;
      ASSERT_TRUE(front.Link(lasting).ok());
    }
    TaskToken token = lasting.Add();
    token.Done();
    for (int i = 0; i < 10; ++i) {
      TaskGroup back;
      ASSERT_TRUE(lasting.Link(back).ok());
    }
    EXPECT_EQ(Linked(lasting), 0u) << "what has ended is forgotten";
    TaskToken outlives;
    {
      TaskGroup back;
      ASSERT_TRUE(lasting.Link(back).ok());
      outlives = back.Add();
    }
    EXPECT_TRUE(Busy(lasting)) << "its group has gone, and the work goes on";
    outlives.Done();
    EXPECT_FALSE(Busy(lasting));
    EXPECT_EQ(Linked(lasting), 0u);
  }
  EXPECT_EQ(testing::LiveAllocations(), live);
}

TEST(TaskGroupLink, AFrontThatGoesWhileTheBackIsBusyLetsItsOwnFrontGo) {
  TaskGroup first;
  std::optional<TaskGroup> second(std::in_place);
  TaskGroup third;
  ASSERT_TRUE(first.Link(*second).ok());
  ASSERT_TRUE(second->Link(third).ok());
  TaskToken token = third.Add();
  EXPECT_TRUE(Busy(first));
  second.reset();
  EXPECT_FALSE(Busy(first));
  EXPECT_EQ(Linked(first), 0u);
}

TEST(TaskGroupSub, InheritsTheContextAndIsWaitedFor) {
  TaskGroup parent;
  TaskGroup child = parent.Sub({.name = "child"});
  TaskGroup grandchild = child.Sub();
  ASSERT_TRUE(grandchild.Go(UntilDone).ok());
  EXPECT_TRUE(Busy(parent));
  EXPECT_EQ(child.Link(parent).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(parent.Cancel(absl::AbortedError("shutdown")));
  EXPECT_TRUE(parent.Wait().ok());
  EXPECT_EQ(grandchild.context().cause(), absl::AbortedError("shutdown"));
  EXPECT_EQ(grandchild.status().code(), kCancelled);
  EXPECT_TRUE(parent.status().ok()) << "that was its child's";
}

TEST(TaskGroupSub, CancellingOneLeavesTheParent) {
  TaskGroup parent;
  TaskGroup child = parent.Sub();
  child.Cancel();
  EXPECT_FALSE(parent.context().done());
}

TEST(TaskGroup, WaitsThatAreLate) {
  TaskGroup group;
  TaskToken token = group.Add();
  EXPECT_EQ(group.WaitUntil(absl::Now() + absl::Microseconds(10)).code(), kLate);
  EXPECT_EQ(group.Wait(Context::Background().WithTimeout(absl::Microseconds(10)).context()).code(), kLate);
  EXPECT_EQ(Waiting(group), 0u);
}

TEST(TaskGroup, AMillionTokens) {
  TaskGroup group;
  std::vector<TaskToken> tokens;
  for (int i = 0; i < 1'000'000; ++i) tokens.push_back(group.Add());
  EXPECT_EQ(group.ApproxOpen(), 1'000'000);
  tokens.clear();
  EXPECT_TRUE(group.Wait().ok());
}

}  // namespace
}  // namespace eventbus
