#include "eventbus/spawn_in.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/error_group.h"
#include "eventbus/inline_executor.h"
#include "eventbus/manual_executor.h"
#include "eventbus/task.h"
#include "eventbus/task_group.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"

namespace eventbus {
namespace {

constexpr absl::StatusCode kCancelled = absl::StatusCode::kCancelled;

Task<absl::Status> ReceiveOne(Context context, ReceiveChannel<int> channel) {
  absl::StatusOr<int> value = co_await channel.AsyncReceive(context);
  co_return value.status();
}
Task<int> Seven() { co_return 7; }
Task<> Throw() {
  throw std::runtime_error("no disk");
  co_return;
}
Task<> ThrowSomething() {
  throw 1;
  co_return;
}
Task<absl::StatusOr<int>> Fail() { co_return absl::DataLossError("lost"); }

TEST(SpawnIn, ItsGroupWaitsForIt) {
  ThreadPool pool(2);
  const Channel<int> channel(0);
  TaskGroup group;
  EXPECT_TRUE(SpawnIn(group, pool, ReceiveOne(group.context(), channel)).ok());
  EXPECT_TRUE(SpawnIn(group, pool, Seven()).ok());
  EXPECT_FALSE(group.WaitUntil(absl::InfinitePast()).ok());
  EXPECT_TRUE(channel.Send(1).ok());
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_TRUE(group.status().ok());
}

TEST(SpawnIn, AFailureOfOneCancelsTheOthersOfAnErrorGroup) {
  ThreadPool pool(2);
  const Channel<int> channel(0);
  ErrorGroup group;
  EXPECT_TRUE(SpawnIn(group, pool, ReceiveOne(group.context(), channel)).ok());
  EXPECT_TRUE(SpawnIn(group, pool, Fail()).ok());
  EXPECT_EQ(group.Wait(), absl::DataLossError("lost"));
  EXPECT_EQ(group.errors().size(), 2u);
  EXPECT_EQ(SpawnIn(group, pool, Seven()).code(), kCancelled);
}

TEST(SpawnIn, AnExceptionIsAStatusOrIsThrown) {
  InlineExecutor executor;
  ErrorGroup group(Context::Background(), {.name = "g", .rethrow = true});
  EXPECT_TRUE(SpawnIn(group, executor, Throw()).ok());
  EXPECT_EQ(group.errors().at(0), absl::InternalError("ErrorGroup 'g': a task threw: no disk"));
  EXPECT_THROW(group.Wait().IgnoreError(), std::runtime_error);
  ErrorGroup other(Context::Background(), {.name = "h"});
  EXPECT_TRUE(SpawnIn(other, executor, ThrowSomething()).ok());
  EXPECT_EQ(other.Wait(), absl::InternalError("ErrorGroup 'h': a task threw"));
}

TEST(SpawnIn, TheEndOfTheGroupStopsWhatWaits) {
  const int64_t live = testing::LiveAllocations();
  {
    ManualExecutor executor;
    const Channel<int> channel(0);
    {
      TaskGroup group;
      EXPECT_TRUE(SpawnIn(group, executor, ReceiveOne(Context::Background(), channel)).ok());
      EXPECT_TRUE(SpawnIn(group, executor, ReceiveOne(Context::Background(), channel)).ok());
      executor.RunAll();
      EXPECT_TRUE(SpawnIn(group, executor, ReceiveOne(Context::Background(), channel)).ok())
          << "that one has not begun";
    }
    EXPECT_EQ(channel.TrySend(1).code(), absl::StatusCode::kResourceExhausted) << "nobody receives";
    executor.RunAll();
  }
  EXPECT_EQ(testing::LiveAllocations(), live);
}

TEST(SpawnIn, WhatItsExecutorAbandonsIsReported) {
  ThreadPool pool(1);
  pool.Close();
  TaskGroup group(Context::Background(), {.name = "g"});
  EXPECT_TRUE(SpawnIn(group, pool, Seven()).ok());
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(group.status(), absl::UnavailableError("TaskGroup 'g': the executor of a task was shut down"));
}

TEST(SpawnIn, CountsForTheLimit) {
  ManualExecutor executor;
  const Channel<int> channel(1);
  TaskGroup group(Context::Background(), {.limit = 1});
  EXPECT_TRUE(SpawnIn(group, executor, ReceiveOne(group.context(), channel)).ok());
  EXPECT_EQ(group.TryGo([] {}).code(), absl::StatusCode::kResourceExhausted);
  const CancelHandle late = Context::Background().WithTimeout(absl::Microseconds(10));
  EXPECT_EQ(SpawnIn(group, executor, late.context(), Seven()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(channel.Send(1).ok());
  executor.RunAll();
  EXPECT_TRUE(group.Wait().ok());
}

Task<absl::Status> WaitFor(TaskGroup& group) { co_return group.Wait(); }

TEST(SpawnIn, ATaskCannotWaitForItsGroup) {
  InlineExecutor executor;
  TaskGroup group(Context::Background(), {.name = "g"});
  EXPECT_TRUE(SpawnIn(group, executor, WaitFor(group)).ok());
  EXPECT_EQ(group.status().code(), absl::StatusCode::kFailedPrecondition);
}

Task<> DestroyGroup(std::unique_ptr<TaskGroup>& group) {
  group.reset();
  co_return;
}

TEST(SpawnInDeathTest, TheEndOfAGroupByItsOwnTaskFailsAtOnce) {
  EXPECT_DEATH(
      {
        InlineExecutor executor;
        auto group = std::make_unique<TaskGroup>();
        SpawnIn(*group, executor, DestroyGroup(group)).IgnoreError();
      },
      "~TaskGroup: destroyed by one of its own tasks");
}

}  // namespace
}  // namespace eventbus
