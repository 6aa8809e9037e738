#include "eventbus/error_group.h"

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/async_select.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/inline_executor.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/process.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

constexpr ErrorGroupOptions::OnError kRunAll = ErrorGroupOptions::OnError::kRunAll;
constexpr absl::StatusCode kCancelled = absl::StatusCode::kCancelled;

// Ends once `context` does.
absl::Status UntilDone(const Context& context) {
  Select({context.OnDone()});
  return context.status();
}

TEST(ErrorGroup, WithoutTasksAndWithTasksThatSucceed) {
  ErrorGroup group;
  EXPECT_TRUE(group.Wait().ok());
  internal::Atomic<int> sum{0};
  for (int i = 1; i <= 10; ++i) {
    EXPECT_TRUE(group.Go([&sum, i] { sum.fetch_add(i, std::memory_order_relaxed); }).ok());
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(sum.load(std::memory_order_relaxed), 55);
  EXPECT_FALSE(group.context().done()) << "only a failure ends it";
  EXPECT_TRUE(group.Go([] { return absl::OkStatus(); }).ok()) << "it may be used again";
  EXPECT_TRUE(group.WaitUntil(absl::InfiniteFuture()).ok());
}

TEST(ErrorGroup, TheFirstErrorIsTheCauseAndCancelsTheRest) {
  ErrorGroup group;
  EXPECT_TRUE(group.Go(UntilDone).ok());
  EXPECT_TRUE(group.Go(UntilDone).ok());
  EXPECT_TRUE(group.Go([] { return absl::DataLossError("first"); }).ok());
  EXPECT_EQ(group.Wait(), absl::DataLossError("first"));
  EXPECT_EQ(group.context().status().code(), kCancelled);
  EXPECT_EQ(group.context().cause(), absl::DataLossError("first"));
  const std::vector<absl::Status> errors = group.errors();
  ASSERT_EQ(errors.size(), 3u) << "all are kept";
  EXPECT_EQ(errors[0], absl::DataLossError("first"));
  EXPECT_EQ(errors[1].code(), kCancelled);
  bool ran = false;
  EXPECT_EQ(group.Go([&] { ran = true; }).code(), kCancelled);
  EXPECT_EQ(group.TryGo([&] { ran = true; }).code(), kCancelled);
  EXPECT_TRUE(group.Wait() == absl::DataLossError("first"));
  EXPECT_FALSE(ran);
}

TEST(ErrorGroup, ByOptionAllRun) {
  ErrorGroup group(Context::Background(), {.on_error = kRunAll});
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(group.Go([i] { return i % 2 == 0 ? absl::OkStatus() : absl::AbortedError(std::to_string(i)); }).ok());
  }
  EXPECT_EQ(group.Wait().code(), absl::StatusCode::kAborted);
  EXPECT_FALSE(group.context().done());
  std::set<std::string> messages;
  for (const absl::Status& error : group.errors()) messages.insert(std::string(error.message()));
  EXPECT_EQ(messages, (std::set<std::string>{"1", "3", "5", "7", "9"}));
  EXPECT_EQ(group.errors().front(), group.Wait());
}

TEST(ErrorGroup, NoMoreThanTheLimitRunAtOnce) {
  ErrorGroup group(Context::Background(), {.limit = 3});
  internal::Atomic<int> running{0};
  internal::Atomic<int> ended{0};
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(group
                    .Go([&] {
                      EXPECT_LE(running.fetch_add(1, std::memory_order_relaxed), 2);
                      std::this_thread::yield();
                      running.fetch_sub(1, std::memory_order_relaxed);
                      ended.fetch_add(1, std::memory_order_relaxed);
                    })
                    .ok());
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ended.load(std::memory_order_relaxed), 50);
}

TEST(ErrorGroup, AtTheLimitGoWaitsAndTryGoDoesNot) {
  const Channel<int> gate(0);
  ErrorGroup group(Context::Background(), {.limit = 1});
  ASSERT_TRUE(group.Go([&] { gate.Receive().IgnoreError(); }).ok());
  EXPECT_EQ(group.TryGo([] {}).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(group.ApproxRunning(), 1);
  const CancelHandle late = Context::Background().WithTimeout(absl::Microseconds(10));
  EXPECT_EQ(group.Go(late.context(), [] {}).code(), absl::StatusCode::kDeadlineExceeded);
  bool ran = false;
  std::thread waits([&] { EXPECT_TRUE(group.Go([&] { ran = true; }).ok()); });
  EXPECT_TRUE(gate.Send(1).ok());
  waits.join();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_TRUE(ran);
  EXPECT_TRUE(group.TryGo([] {}).ok());
}

TEST(ErrorGroup, AFailureEndsAGoThatWaitsForItsTurn) {
  const Channel<int> gate(0);
  ErrorGroup group(Context::Background(), {.limit = 1});
  ASSERT_TRUE(group
                  .Go([&]() -> absl::Status {
                    gate.Receive().IgnoreError();
                    return absl::DataLossError("");
                  })
                  .ok());
  absl::Status started;
  std::thread waits([&] { started = group.Go(UntilDone); });
  EXPECT_TRUE(gate.Send(1).ok());
  waits.join();
  // It may just have had its turn when the other one had failed and not yet said so.
  EXPECT_TRUE(started.ok() || started.code() == kCancelled) << started;
  EXPECT_EQ(group.Wait(), absl::DataLossError(""));
}

TEST(ErrorGroup, AnExceptionIsAStatus) {
  ErrorGroup group(Context::Background(), {.name = "loaders"});
  ASSERT_TRUE(group.Go([] { throw std::runtime_error("no disk"); }).ok());
  EXPECT_EQ(group.Wait(), absl::InternalError("ErrorGroup 'loaders': a task threw: no disk"));
  ErrorGroup other;
  ASSERT_TRUE(other.Go([] { throw 7; }).ok());
  EXPECT_EQ(other.Wait(), absl::InternalError("ErrorGroup '': a task threw"));
}

TEST(ErrorGroup, ByOptionWaitThrowsWhatATaskThrew) {
  ErrorGroup group(Context::Background(), {.rethrow = true});
  ASSERT_TRUE(group.Go([] { throw std::runtime_error("no disk"); }).ok());
  EXPECT_THROW(group.Wait().IgnoreError(), std::runtime_error);
  EXPECT_THROW(group.Wait().IgnoreError(), std::runtime_error);
  EXPECT_EQ(group.errors().size(), 1u);
  ErrorGroup with_status(Context::Background(), {.rethrow = true});
  ASSERT_TRUE(with_status.Go([] { return absl::DataLossError(""); }).ok());
  EXPECT_EQ(with_status.Wait(), absl::DataLossError(""));
}

TEST(ErrorGroup, DestructionCancelsAndJoins) {
  const Channel<int> begun(0);
  bool ended = false;
  {
    ErrorGroup group;
    ASSERT_TRUE(group
                    .Go([&](const Context& context) {
                      begun.Close();
                      UntilDone(context).IgnoreError();
                      ended = true;
                    })
                    .ok());
    begun.Receive().IgnoreError();
  }
  EXPECT_TRUE(ended);
}

TEST(ErrorGroup, TheParentsEndIsTheTasks) {
  CancelHandle parent = Context::Background().WithCancel();
  ErrorGroup group(parent.context());
  ASSERT_TRUE(group.Go(UntilDone).ok());
  parent.Cancel(absl::AbortedError("shutdown"));
  EXPECT_EQ(group.Wait().code(), kCancelled);
  EXPECT_EQ(group.context().cause(), absl::AbortedError("shutdown"));
}

TEST(ErrorGroup, CancelEndsTheTasks) {
  ErrorGroup group;
  ASSERT_TRUE(group.Go(UntilDone).ok());
  EXPECT_TRUE(group.Cancel(absl::AbortedError("enough")));
  EXPECT_FALSE(group.Cancel());
  EXPECT_EQ(group.Wait().code(), kCancelled);
}

TEST(ErrorGroup, AWaitThatIsCutShortLeavesTheTasks) {
  const Channel<int> gate(0);
  ErrorGroup group;
  ASSERT_TRUE(group.Go([&] { gate.Receive().IgnoreError(); }).ok());
  EXPECT_EQ(group.WaitUntil(absl::Now() + absl::Microseconds(10)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(TrySelect({group.OnDone()}), -1);
  EXPECT_EQ(group.ApproxRunning(), 1);
  EXPECT_TRUE(group.errors().empty()) << "so that was not a task's";
  EXPECT_TRUE(gate.Send(1).ok());
  EXPECT_EQ(Select({group.OnDone()}), 0);
  EXPECT_TRUE(group.Wait().ok());
}

TEST(ErrorGroup, ThreadsAreGoneAfterWaitAndReusedMemoryWithThem) {
  const int64_t before = testing::ThreadCount();
  ErrorGroup group;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(group.Go([] {}).ok());
  EXPECT_TRUE(group.Wait().ok());
  AwaitTrue([&] { return testing::ThreadCount() == before; });  // The system takes its time.
}

// Two threads of a group end, each with a coroutine to run that they woke, and both of these start more tasks.
TEST(ErrorGroup, WhomTheEndsOfTasksWokeDoNotWaitForOneAnother) {
  InlineExecutor executor;
  ErrorGroup group;
  const Channel<int> first_ends;
  const Channel<int> first_runs;
  const Channel<int> second_ends;
  const Channel<int> second_runs;
  const auto in_first = [&]() -> Task<> {
    co_await AsyncSelect(group.OnDone());
    EXPECT_TRUE(group.Go([&] { second_ends.Receive().IgnoreError(); }).ok());
    first_runs.Close();
    second_runs.Receive().IgnoreError();
    EXPECT_TRUE(group.Go([] {}).ok());
  };
  const auto in_second = [&]() -> Task<> {
    co_await AsyncSelect(group.OnDone());
    second_runs.Close();
    EXPECT_TRUE(group.Go([] {}).ok());
  };
  ASSERT_TRUE(group.Go([&] { first_ends.Receive().IgnoreError(); }).ok());
  Spawned<> first = Spawn(executor, in_first());
  first_ends.Close();
  first_runs.Receive().IgnoreError();
  Spawned<> second = Spawn(executor, in_second());
  second_ends.Close();
  EXPECT_TRUE(first.Join().ok());
  EXPECT_TRUE(second.Join().ok());
  EXPECT_TRUE(group.Wait().ok());
}

TEST(ErrorGroup, ATaskMayAddTasks) {
  ErrorGroup group;
  internal::Atomic<int> ran{0};
  ASSERT_TRUE(group
                  .Go([&]() -> absl::Status {
                    for (int i = 0; i < 5; ++i) {
                      absl::Status status = group.Go([&] { ran.fetch_add(1, std::memory_order_relaxed); });
                      if (!status.ok()) return status;
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(ran.load(std::memory_order_relaxed), 5);
}

TEST(ErrorGroup, ATaskCannotWaitForItsGroup) {
  ErrorGroup group(Context::Background(), {.name = "g"});
  ASSERT_TRUE(group.Go([&] { return group.Wait(); }).ok());
  EXPECT_EQ(group.Wait(),
            absl::FailedPreconditionError("ErrorGroup 'g': Wait from one of its own tasks would wait for itself"));
}

TEST(ErrorGroupOnAnExecutor, RunsThereAndWaitsForTheEnd) {
  ThreadPool pool(2);
  ErrorGroup group(Context::Background(), {.executor = &pool, .limit = 4});
  internal::Atomic<int> here{0};
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(group.Go([&] { here.fetch_add(pool.RunsHere(), std::memory_order_relaxed); }).ok());
  }
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(here.load(std::memory_order_relaxed), 100);
}

TEST(ErrorGroupOnAnExecutor, WhatHadNotBegunWhenItWasCancelledIsReportedAndNotRun) {
  ManualExecutor executor;
  ErrorGroup group(Context::Background(), {.executor = &executor});
  bool ran = false;
  ASSERT_TRUE(group.Go([] { return absl::DataLossError(""); }).ok());
  ASSERT_TRUE(group.Go([&] { ran = true; }).ok());
  executor.RunAll();
  EXPECT_EQ(group.Wait(), absl::DataLossError(""));
  EXPECT_FALSE(ran);
  ASSERT_EQ(group.errors().size(), 2u);
  EXPECT_EQ(group.errors()[1].code(), kCancelled);
}

TEST(ErrorGroupOnAnExecutor, WhatItsExecutorAbandonsIsReported) {
  ThreadPool pool(1);
  ErrorGroup group(Context::Background(), {.name = "g", .executor = &pool});
  pool.Close();
  auto captured = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = captured;
  EXPECT_TRUE(group.Go([captured = std::move(captured)] {}).ok()) << "accepted, and then reported";
  EXPECT_EQ(group.Wait(), absl::UnavailableError("ErrorGroup 'g': the executor of a task was shut down"));
  EXPECT_TRUE(watched.expired());
}

TEST(ErrorGroupOnAnExecutor, InTheCallersThread) {
  InlineExecutor executor;
  ErrorGroup group(Context::Background(), {.executor = &executor});
  int ran = 0;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(group.Go([&] { ++ran; }).ok());
  EXPECT_EQ(ran, 3);
  EXPECT_TRUE(group.Wait().ok());
}

// The captures go before the task counts as ended.
TEST(ErrorGroup, NothingOfATaskIsLeftOnceItHasBeenWaitedFor) {
  auto captured = std::make_shared<int>(1);
  ErrorGroup group;
  ASSERT_TRUE(group.Go([captured] { return absl::DataLossError(""); }).ok());
  group.Wait().IgnoreError();
  EXPECT_EQ(captured.use_count(), 1);
}

TEST(ErrorGroupDeathTest, ANegativeLimitAndItsEndByItsOwnTaskFailAtOnce) {
  EXPECT_DEATH(ErrorGroup(Context::Background(), {.limit = -1}), "ErrorGroup: a negative limit: -1");
  EXPECT_DEATH(
      {
        InlineExecutor executor;
        auto group = std::make_unique<ErrorGroup>(Context::Background(), ErrorGroupOptions{.executor = &executor});
        group->Go([&] { group.reset(); }).IgnoreError();
      },
      "~ErrorGroup: destroyed by one of its own tasks");
}

}  // namespace
}  // namespace eventbus
