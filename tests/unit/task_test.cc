#include "eventbus/task.h"

#include <atomic>
#include <barrier>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/async_select.h"
#include "eventbus/channel.h"
#include "eventbus/inline_executor.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/thread_pool.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

Task<int> Answer(int answer) { co_return answer; }

Task<int> Sum(ReceiveChannel<int> channel) {
  int sum = 0;
  while (true) {
    const absl::StatusOr<int> value = co_await channel.AsyncReceive();
    if (!value.ok()) co_return sum;
    sum += *value;
  }
}

Task<absl::Status> SendOne(SendChannel<std::string> channel, std::string value) {
  co_return co_await channel.AsyncSend(std::move(value));
}

TEST(Task, IsLazyAndRunsOnceSpawned) {
  bool ran = false;
  const auto run = [](bool* flag) -> Task<> {
    *flag = true;
    co_return;
  };
  { const Task<> dropped = run(&ran); }
  EXPECT_FALSE(ran);
  ManualExecutor executor;
  Spawned<> spawned = Spawn(executor, run(&ran));
  EXPECT_FALSE(ran);
  EXPECT_FALSE(spawned.done());
  EXPECT_EQ(executor.RunAll(), 1u);
  EXPECT_TRUE(ran);
  EXPECT_TRUE(spawned.done());
  EXPECT_EQ(spawned.Join(), absl::OkStatus());
}

TEST(Task, ReceivesWhatThreadsSend) {
  ThreadPool pool(2);
  const Channel<int> channel(4);
  Spawned<int> sum = Spawn(pool, Sum(channel));
  for (int i = 1; i <= 1000; ++i) ASSERT_TRUE(channel.Send(i).ok());
  channel.Close();
  EXPECT_EQ(*sum.Join(), 500'500);
}

TEST(Task, SendsWhereAThreadReceivesAndGetsItsValueBackIfClosed) {
  ThreadPool pool(1);
  const Channel<std::string> channel(0);
  Spawned<absl::Status> sent = Spawn(pool, SendOne(channel, "hello"));
  EXPECT_EQ(*channel.Receive(), "hello");
  EXPECT_EQ(sent.Join(), absl::OkStatus());
  const auto send_to_closed = [](SendChannel<std::string> to) -> Task<std::string> {
    std::string value = "mine";
    const absl::Status status = co_await to.AsyncSend(std::move(value));
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    co_return value;
  };
  Spawned<std::string> refused = Spawn(pool, send_to_closed(channel));
  AwaitSenders(channel, 1);
  channel.Close();
  EXPECT_EQ(*refused.Join(), "mine");
}

TEST(Task, CopiesWhatItSendsFromAConstant) {
  ManualExecutor executor;
  const Channel<std::string> channel(1);
  const auto send = [](SendChannel<std::string> to) -> Task<absl::Status> {
    const std::string value(100, 'x');
    co_return co_await to.AsyncSend(value);
  };
  Spawned<absl::Status> sent = Spawn(executor, send(channel));
  executor.RunAll();
  EXPECT_EQ(sent.Join(), absl::OkStatus());
  EXPECT_EQ(channel.TryReceive()->size(), 100u);
}

TEST(Task, ReceivesMany) {
  ManualExecutor executor;
  const Channel<int> channel(8);
  const auto receive = [](ReceiveChannel<int> from) -> Task<std::vector<size_t>> {
    std::vector<size_t> sizes;
    while (true) {
      absl::StatusOr<std::vector<int>> values = co_await from.AsyncReceiveMany(3);
      if (!values.ok()) co_return sizes;
      sizes.push_back(values->size());
    }
  };
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(channel.TrySend(i).ok());
  Spawned<std::vector<size_t>> sizes = Spawn(executor, receive(channel));
  executor.RunAll();
  ASSERT_TRUE(channel.TrySend(5).ok());
  channel.Close();
  executor.RunAll();
  EXPECT_EQ(*sizes.Join(), (std::vector<size_t>{3, 2, 1}));
}

Task<int> SumOfAll(ReceiveChannel<int> channel, Context context) {
  int sum = 0;
  while (std::optional<int> value = co_await channel.AsyncNext()) {
    sum += *value;
    if (*value == 0) break;
  }
  while (std::optional<int> value = co_await channel.AsyncNext(context)) sum += *value;
  co_return sum;
}

TEST(Task, LoopsOverAChannelToItsEndOrThatOfAContext) {
  ManualExecutor executor;
  const Channel<int> channel(8);
  const Channel<std::unique_ptr<int>> closed(1);
  ASSERT_TRUE(closed.TrySend(std::make_unique<int>(5)).ok());
  closed.Close();
  CancelHandle cancel = Context::Background().WithCancel();
  Spawned<int> cancelled = Spawn(executor, SumOfAll(channel, cancel.context()));
  for (const int value : {1, 2, 0, 4}) ASSERT_TRUE(channel.TrySend(value).ok());
  executor.RunAll();
  cancel.Cancel();
  executor.RunAll();
  EXPECT_EQ(*cancelled.Join(), 7);
  Spawned<int> ended = Spawn(executor, SumOfAll(channel, Context::Background()));
  executor.RunAll();
  for (const int value : {0, 8}) ASSERT_TRUE(channel.TrySend(value).ok());
  channel.Close();
  executor.RunAll();
  EXPECT_EQ(*ended.Join(), 8);
  const auto of_temporaries = [](ReceiveChannel<std::unique_ptr<int>> from) -> Task<int> {
    std::optional<std::unique_ptr<int>> first = co_await ReceiveChannel<std::unique_ptr<int>>(from).AsyncNext();
    std::optional<std::unique_ptr<int>> none =
        co_await ReceiveChannel<std::unique_ptr<int>>(from).AsyncNext(Context::Background());
    co_return none.has_value() ? 0 : **first;
  };
  Spawned<int> moved = Spawn(executor, of_temporaries(closed));
  executor.RunAll();
  EXPECT_EQ(*moved.Join(), 5);
}

TEST(Task, IsResumedOnItsExecutorAndNotInsideASendersCall) {
  ManualExecutor executor;
  const Channel<int> channel(0);
  Spawned<int> sum = Spawn(executor, Sum(channel));
  executor.RunAll();
  EXPECT_EQ(WaitingReceivers(channel), 1u);
  ASSERT_TRUE(channel.TrySend(7).ok());
  EXPECT_EQ(executor.size(), 1u) << "queued, not run";
  ASSERT_FALSE(channel.TrySend(8).ok()) << "it has not come back yet";
  executor.RunAll();
  ASSERT_TRUE(channel.TrySend(8).ok());
  channel.Close();
  executor.RunAll();
  EXPECT_EQ(*sum.Join(), 15);
}

TEST(Task, OnAnInlineExecutorRunsInsideTheSendersCall) {
  InlineExecutor here;
  const Channel<int> channel(0);
  Spawned<int> sum = Spawn(here, Sum(channel));
  EXPECT_TRUE(channel.TrySend(1).ok());
  EXPECT_TRUE(channel.TrySend(2).ok());
  channel.Close();
  EXPECT_TRUE(sum.done());
  EXPECT_EQ(*sum.Join(), 3);
}

TEST(Task, AwaitsOthersAndPassesResultsAndExceptionsOn) {
  const auto throws = []() -> Task<int> {
    throw std::runtime_error("inner");
    co_return 0;
  };
  const auto outer = [&throws]() -> Task<std::string> {
    const int answer = co_await Answer(40) + co_await Answer(2);
    try {
      co_await throws();
    } catch (const std::runtime_error& e) {
      co_return std::to_string(answer) + e.what();
    }
    co_return "not thrown";
  };
  ManualExecutor executor;
  Spawned<std::string> result = Spawn(executor, outer());
  EXPECT_EQ(executor.RunAll(), 1u) << "in one run";
  EXPECT_EQ(*result.Join(), "42inner");
  Spawned<int> uncaught = Spawn(executor, throws());
  executor.RunAll();
  EXPECT_THROW(uncaught.Join().IgnoreError(), std::runtime_error);
  EXPECT_EQ(uncaught.Join().status().code(), absl::StatusCode::kFailedPrecondition) << "given once";
}

TEST(Task, ManyAwaitedInALoopDoNotGrowTheStack) {
  const auto loop = []() -> Task<int64_t> {
    int64_t sum = 0;
    for (int i = 0; i < 200'000; ++i) sum += co_await Answer(1);
    co_return sum;
  };
  ManualExecutor executor;
  Spawned<int64_t> sum = Spawn(executor, loop());
  executor.RunAll();
  EXPECT_EQ(*sum.Join(), 200'000);
}

TEST(Task, CarriesMoveOnlyResults) {
  const auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  ThreadPool pool(1);
  EXPECT_EQ(**Spawn(pool, make()).Join(), 7);
}

TEST(Task, YieldLetsOthersGoFirst) {
  ManualExecutor executor;
  std::string order;
  const auto write = [](std::string* to, char letter) -> Task<> {
    for (int i = 0; i < 3; ++i) {
      to->push_back(letter);
      co_await Yield();
    }
  };
  Spawned<> a = Spawn(executor, write(&order, 'a'));
  Spawned<> b = Spawn(executor, write(&order, 'b'));
  executor.RunAll();
  EXPECT_EQ(order, "ababab");
}

Task<> Count(std::atomic<int>* count) {
  ++*count;
  co_return;
}

// None of these ever has to wait.
Task<> SendForEver(SendChannel<int> channel) {
  while (true) {
    const absl::Status sent = co_await channel.AsyncSend(1);
    if (!sent.ok()) co_return;
  }
}
Task<> AwaitForEver(std::atomic<int>* count) {
  while (true) co_await Count(count);
}
Task<> SelectForEver(ReceiveChannel<int> closed) {
  absl::StatusOr<int> value = 0;
  while (true) co_await AsyncSelect(closed.OnReceive(&value));
}

TEST(Task, ThatNeverWaitsLetsOthersRunAndCanBeStopped) {
  ThreadPool pool(1);
  const Channel<int> unbounded(kUnbounded);
  const Channel<int> closed(1);
  closed.Close();
  std::atomic<int> count{0};
  Spawned<> sending = Spawn(pool, SendForEver(unbounded));
  Spawned<> awaiting = Spawn(pool, AwaitForEver(&count));
  Spawned<> selecting = Spawn(pool, SelectForEver(closed));
  EXPECT_EQ(*Spawn(pool, Answer(1)).Join(), 1);
  sending.Stop();
  awaiting.Stop();
  selecting.Stop();
  EXPECT_EQ(sending.Join().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(awaiting.Join().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(selecting.Join().code(), absl::StatusCode::kCancelled);
}

TEST(Task, StoppedWhileItLetsOthersGoFirstHasReceivedNothingThatItHasNotSeen) {
  ManualExecutor executor;
  const Channel<int> channel(kUnbounded);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(channel.TrySend(i).ok());
  size_t seen = 0;
  Spawned<> counting = Spawn(executor, [](ReceiveChannel<int> from, size_t* count) -> Task<> {
    while (std::optional<int> value = co_await from.AsyncNext()) ++*count;
  }(channel, &seen));
  EXPECT_TRUE(executor.RunOne());
  EXPECT_GT(seen, 0u);
  EXPECT_LT(seen, 1000u);
  counting.Stop();
  EXPECT_EQ(seen + channel.ApproxSize(), 1000u);
  executor.RunAll();
}

TEST(Task, WhatItReceivedBeforeItLetOthersGoFirstIsNotLost) {
  ManualExecutor executor;
  const Channel<int> channel(kUnbounded);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(channel.TrySend(i).ok());
  channel.Close();
  Spawned<int> sum = Spawn(executor, Sum(channel));
  EXPECT_GT(executor.RunAll(), 2u);
  EXPECT_EQ(*sum.Join(), 499'500);
}

// Says when it goes.
struct Witness {
  ~Witness() { *gone = true; }
  bool* gone;
};

Task<> WaitFor(ReceiveChannel<Counted> channel, bool* gone) {
  const Witness witness{gone};
  static_cast<void>(co_await channel.AsyncReceive());
}

TEST(Spawned, StopEndsATaskThatWaitsAndLeavesNoWaiter) {
  ManualExecutor executor;
  Counted::Counts counts;
  const Channel<Counted> channel(0);
  bool gone = false;
  Spawned<> spawned = Spawn(executor, WaitFor(channel, &gone));
  executor.RunAll();
  EXPECT_EQ(WaitingReceivers(channel), 1u);
  spawned.Stop();
  EXPECT_TRUE(gone);
  EXPECT_TRUE(spawned.done());
  EXPECT_EQ(WaitingReceivers(channel), 0u);
  EXPECT_FALSE(channel.TrySend(Counted(counts, 1)).ok());
  EXPECT_EQ(spawned.Join().code(), absl::StatusCode::kCancelled);
}

TEST(Spawned, StopOfATaskThatIsQueuedWithAValueDestroysTheValue) {
  ManualExecutor executor;
  Counted::Counts counts;
  {
    const Channel<Counted> channel(0);
    bool gone = false;
    {
      Spawned<> spawned = Spawn(executor, WaitFor(channel, &gone));
      executor.RunAll();
      ASSERT_TRUE(channel.TrySend(Counted(counts, 1)).ok());
      EXPECT_EQ(executor.size(), 1u);
      EXPECT_EQ(counts.alive, 1);
    }
    EXPECT_TRUE(gone);
    EXPECT_EQ(counts.alive, 0);
    EXPECT_EQ(executor.RunAll(), 1u) << "nothing but its shell";
  }
}

TEST(Spawned, TheEndOfNothingHasCome) {
  Spawned<> nothing;
  EXPECT_TRUE(nothing.done());
  EXPECT_EQ(Select({nothing.OnEnd()}), 0);
}

TEST(Spawned, StopBeforeTheFirstRun) {
  ManualExecutor executor;
  bool gone = false;
  Spawned<> spawned = Spawn(executor, WaitFor(Channel<Counted>(0), &gone));
  spawned.Stop();
  EXPECT_EQ(spawned.Join().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(gone) << "its body never began";
  executor.RunAll();
}

TEST(Spawned, StopOfARunningTaskWaitsForItsNextWait) {
  ThreadPool pool(1);
  std::atomic<bool> began{false};
  std::atomic<bool> released{false};
  const Channel<int> channel(0);
  bool gone = false;
  const auto body = [&]() -> Task<> {
    const Witness witness{&gone};
    began = true;
    AwaitTrue([&] { return released.load(); });
    static_cast<void>(co_await channel.AsyncReceive());
  };
  Spawned<> spawned = Spawn(pool, body());
  AwaitTrue([&] { return began.load(); });
  std::thread stopper([&] { spawned.Stop(); });
  released = true;
  stopper.join();
  EXPECT_TRUE(gone);
}

TEST(Spawned, MayBeStoppedByItsOwnTask) {
  ManualExecutor executor;
  std::optional<Spawned<>> spawned;
  bool after = false;
  const auto body = [&]() -> Task<> {
    spawned->Stop();
    co_await Yield();
    after = true;
  };
  spawned = Spawn(executor, body());
  executor.RunAll();
  EXPECT_FALSE(after);
  EXPECT_EQ(spawned->Join().code(), absl::StatusCode::kCancelled);
}

TEST(Spawned, JoinGivesUpWithItsContextAndTheTaskGoesOn) {
  ManualExecutor executor;
  const Channel<int> channel(0);
  Spawned<int> sum = Spawn(executor, Sum(channel));
  CancelHandle cancelled = Context::Background().WithCancel();
  cancelled.Cancel();
  EXPECT_EQ(sum.Join(cancelled.context()).status().code(), absl::StatusCode::kCancelled);
  const CancelHandle soon = Context::Background().WithTimeout(absl::Microseconds(50));
  EXPECT_EQ(sum.Join(soon.context()).status().code(), absl::StatusCode::kDeadlineExceeded);
  channel.Close();
  executor.RunAll();
  EXPECT_EQ(*sum.Join(), 0);
}

TEST(Spawned, EndIsACase) {
  ManualExecutor executor;
  const Channel<int> channel(0);
  const Spawned<int> sum = Spawn(executor, Sum(channel));
  EXPECT_EQ(TrySelect({sum.OnEnd()}), -1);
  channel.Close();
  executor.RunAll();
  EXPECT_EQ(TrySelect({sum.OnEnd()}), 0);
}

TEST(Spawned, OfAnExecutorThatIsShutDownEndsWithUnavailable) {
  ManualExecutor executor;
  const Channel<int> channel(0);
  Spawned<int> queued = Spawn(executor, Sum(channel));
  executor.RunAll();
  Spawned<int> fresh = Spawn(executor, Sum(channel));
  executor.Close();
  EXPECT_EQ(fresh.Join().status().code(), absl::StatusCode::kUnavailable);
  // This one waits. The value that would wake it finds its executor gone.
  EXPECT_FALSE(queued.done());
  EXPECT_TRUE(channel.TrySend(1).ok());
  EXPECT_EQ(queued.Join().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Spawn(executor, Sum(channel)).Join().status().code(), absl::StatusCode::kUnavailable);
}

TEST(Spawned, OfAnExecutorThatIsGoneEndsWithUnavailable) {
  auto executor = std::make_unique<ManualExecutor>();
  const Channel<int> channel(0);
  Spawned<int> waiting = Spawn(*executor, Sum(channel));
  Spawned<int> stopped = Spawn(*executor, Sum(channel));
  executor->RunAll();
  executor.reset();
  stopped.Stop();
  EXPECT_FALSE(waiting.done());
  EXPECT_TRUE(channel.TrySend(1).ok());
  EXPECT_EQ(waiting.Join().status().code(), absl::StatusCode::kUnavailable);
}

// Who hears of an end may run in the thread that brings it about, and is not that task.
Task<> JoinOnceEnded(Spawned<int>* task, int* result) {
  co_await AsyncSelect(task->OnEnd());
  *result = task->Join().value_or(-1);
}

TEST(Spawned, MayBeJoinedByWhoHearsOfItsEndWhereItEnds) {
  ManualExecutor executor;
  InlineExecutor here;
  const Channel<int> channel(0);
  int result = 0;
  Spawned<int> sum = Spawn(executor, Sum(channel));
  const Spawned<> joiner = Spawn(here, JoinOnceEnded(&sum, &result));
  channel.Close();
  executor.RunAll();
  EXPECT_TRUE(joiner.done());
  EXPECT_EQ(result, 0);
  Spawned<int> stopped = Spawn(executor, Sum(Channel<int>(0)));
  const Spawned<> other = Spawn(here, JoinOnceEnded(&stopped, &result));
  stopped.Stop();
  EXPECT_TRUE(other.done());
  EXPECT_EQ(result, -1);
}

Task<> StopOnceEnded(Spawned<int>* mine, Spawned<int>* other, std::barrier<>* both) {
  co_await AsyncSelect(mine->OnEnd());
  both->arrive_and_wait();
  other->Stop();
}

TEST(Spawned, TwoThatHaveEndedMayBeStoppedByWhoHearsOfTheOther) {
  ThreadPool pool(2);
  InlineExecutor here;
  const Channel<int> channel(0);
  std::barrier<> both(2);
  Spawned<int> a = Spawn(pool, Sum(channel));
  Spawned<int> b = Spawn(pool, Sum(channel));
  Spawned<> hears_a = Spawn(here, StopOnceEnded(&a, &b, &both));
  Spawned<> hears_b = Spawn(here, StopOnceEnded(&b, &a, &both));
  AwaitReceivers(channel, 2);
  std::thread closer([&] { channel.Close(); });
  EXPECT_TRUE(hears_a.Join().ok());
  EXPECT_TRUE(hears_b.Join().ok());
  closer.join();
}

struct Session {
  Spawned<> task;
  Channel<int> channel{1};
};
Task<> RunSession(std::shared_ptr<Session> session) {
  while (std::optional<int> value = co_await session->channel.AsyncNext()) {
  }
}

TEST(Spawned, MayBeOwnedByItsOwnTask) {
  ManualExecutor executor;
  for (const bool waits : {false, true}) {
    auto session = std::make_shared<Session>();
    Session& kept_by_its_task = *session;
    kept_by_its_task.task = Spawn(executor, RunSession(std::move(session)));
    if (waits) executor.RunAll();
    kept_by_its_task.task.Stop();
    executor.RunAll();
  }
}

Task<> Keep(std::shared_ptr<ManualExecutor>, ReceiveChannel<int> channel) {
  static_cast<void>(co_await channel.AsyncReceive());
}

TEST(SpawnedDeathTest, TheExecutorIsNotDestroyedByWorkThatItRefuses) {
  const Channel<int> channel(1);
  auto executor = std::make_shared<ManualExecutor>();
  Spawned<> task = Spawn(*executor, Keep(executor, channel));
  executor->RunAll();
  executor->Close();
  executor.reset();
  EXPECT_DEATH(channel.TrySend(1).IgnoreError(), "destroyed by work that it is refusing");
  task.Stop();
}

// The executor's thread may be the last to let go of a task. It must not be left with anything of the user's.
TEST(Spawned, NothingOfAResultOutlivesTheJoinOrTheHandle) {
  ThreadPool pool(2);
  const auto make = [](Counted::Counts* counts) -> Task<Counted> { co_return Counted(*counts, 1); };
  for (int round = 0; round < 2000; ++round) {
    Counted::Counts counts;
    EXPECT_EQ(Spawn(pool, make(&counts)).Join()->number(), 1);
    ASSERT_EQ(counts.alive, 0);
    { const Spawned<Counted> dropped = Spawn(pool, make(&counts)); }
    ASSERT_EQ(counts.alive, 0);
  }
}

TEST(Spawned, DefaultConstructedHasEnded) {
  Spawned<int> none;
  EXPECT_TRUE(none.done());
  none.Stop();
  EXPECT_EQ(none.Join().status().code(), absl::StatusCode::kFailedPrecondition);
}

Task<absl::StatusCode> ReceiveUntilDone(ReceiveChannel<int> channel, Context context) {
  co_return (co_await channel.AsyncReceive(context)).status().code();
}

TEST(TaskContext, IsCheckedFirstAndEndsAWait) {
  ManualExecutor executor;
  const Channel<int> channel(1);
  CancelHandle cancel = Context::Background().WithCancel();
  Spawned<absl::StatusCode> waits = Spawn(executor, ReceiveUntilDone(channel, cancel.context()));
  executor.RunAll();
  EXPECT_EQ(WaitingReceivers(channel), 1u);
  cancel.Cancel();
  executor.RunAll();
  EXPECT_EQ(*waits.Join(), absl::StatusCode::kCancelled);
  EXPECT_EQ(WaitingReceivers(channel), 0u);
  ASSERT_TRUE(channel.TrySend(1).ok());
  Spawned<absl::StatusCode> late = Spawn(executor, ReceiveUntilDone(channel, cancel.context()));
  executor.RunAll();
  EXPECT_EQ(*late.Join(), absl::StatusCode::kCancelled) << "although there is a value";
  EXPECT_EQ(channel.ApproxSize(), 1u);
  Spawned<absl::StatusCode> never = Spawn(executor, ReceiveUntilDone(channel, Context::Background()));
  executor.RunAll();
  EXPECT_EQ(*never.Join(), absl::StatusCode::kOk);
}

TEST(TaskContext, ADeadlineEndsAWaitThatNoThreadSleepsIn) {
  ThreadPool pool(1);
  const Channel<int> channel(0);
  const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(2));
  EXPECT_EQ(*Spawn(pool, ReceiveUntilDone(channel, soon.context())).Join(), absl::StatusCode::kDeadlineExceeded);
  const auto send = [](SendChannel<std::string> to, Context context) -> Task<std::string> {
    std::string value = "mine";
    EXPECT_FALSE((co_await to.AsyncSend(context, std::move(value))).ok());
    const std::string copied = "copied";
    EXPECT_FALSE((co_await to.AsyncSend(context, copied)).ok());
    co_return value;
  };
  const CancelHandle later = Context::Background().WithTimeout(absl::Milliseconds(2));
  EXPECT_EQ(*Spawn(pool, send(Channel<std::string>(0), later.context())).Join(), "mine");
  const auto receive_many = [](ReceiveChannel<int> from, Context context) -> Task<absl::Status> {
    co_return (co_await from.AsyncReceiveMany(context, 3)).status();
  };
  const CancelHandle last = Context::Background().WithTimeout(absl::Milliseconds(2));
  EXPECT_EQ(Spawn(pool, receive_many(channel, last.context())).Join().code(), absl::StatusCode::kDeadlineExceeded);
}

// The thread of all deadlines is the one that such a task runs in.
TEST(TaskContext, ADeadlineOfATaskThatRunsWhereItIsWoken) {
  InlineExecutor here;
  const Channel<int> channel(0);
  const auto wait_twice = [](ReceiveChannel<int> from) -> Task<int> {
    int late = 0;
    for (int i = 0; i < 2; ++i) {
      const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(2));
      late += (co_await from.AsyncReceive(soon.context())).status().code() == absl::StatusCode::kDeadlineExceeded;
      static_cast<void>(co_await After(absl::Milliseconds(1)).AsyncReceive());
    }
    co_return late;
  };
  Spawned<int> other = Spawn(here, wait_twice(channel));
  EXPECT_EQ(*Spawn(here, wait_twice(channel)).Join(), 2);
  EXPECT_EQ(*other.Join(), 2);
  // It stops one whose own deadline is near, there.
  Spawned<> victim = Spawn(here, [](ReceiveChannel<int> from) -> Task<> {
    const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(3));
    static_cast<void>(co_await from.AsyncReceive(soon.context()));
  }(channel));
  Spawned<> stopper = Spawn(here, [](Spawned<>* stopped) -> Task<> {
    static_cast<void>(co_await After(absl::Milliseconds(2)).AsyncReceive());
    stopped->Stop();
  }(&victim));
  EXPECT_TRUE(stopper.Join().ok());
  EXPECT_TRUE(victim.done());
}

TEST(TaskContext, AValueBeforeTheDeadlineIsReceived) {
  ThreadPool pool(1);
  const Channel<int> channel(0);
  const CancelHandle far = Context::Background().WithTimeout(absl::Hours(1));
  Spawned<absl::StatusCode> received = Spawn(pool, ReceiveUntilDone(channel, far.context()));
  EXPECT_TRUE(channel.Send(1).ok());
  EXPECT_EQ(*received.Join(), absl::StatusCode::kOk);
}

TEST(Task, ReceivesFromATimer) {
  ThreadPool pool(1);
  const auto wait = []() -> Task<bool> {
    const absl::Time before = absl::Now();
    const absl::StatusOr<absl::Time> now = co_await After(absl::Milliseconds(3)).AsyncReceive();
    co_return now.ok() && absl::Now() - before >= absl::Milliseconds(3);
  };
  EXPECT_TRUE(*Spawn(pool, wait()).Join());
}

TEST(Task, StoppedBeforeItsTimerIsDue) {
  ManualExecutor executor;
  const auto wait = []() -> Task<> { static_cast<void>(co_await After(absl::Hours(1)).AsyncReceive()); };
  Spawned<> spawned = Spawn(executor, wait());
  executor.RunAll();
  spawned.Stop();
  EXPECT_EQ(spawned.Join().code(), absl::StatusCode::kCancelled);
}

Task<int> SelectOne(ReceiveChannel<int> a, ReceiveChannel<int> b, Context context, int* value) {
  absl::StatusOr<int> received = absl::UnknownError("");
  const int chosen = co_await AsyncSelect(a.OnReceive(&received), b.OnReceive(&received), context.OnDone());
  if (received.ok()) *value = *received;
  co_return chosen;
}

TEST(AsyncSelect, TakesWhatIsReadyOrWaits) {
  ManualExecutor executor;
  const Channel<int> a(1);
  const Channel<int> b(0);
  CancelHandle cancel = Context::Background().WithCancel();
  int value = 0;
  ASSERT_TRUE(a.TrySend(5).ok());
  Spawned<int> ready = Spawn(executor, SelectOne(a, b, cancel.context(), &value));
  executor.RunAll();
  EXPECT_EQ(*ready.Join(), 0);
  EXPECT_EQ(value, 5);
  Spawned<int> waits = Spawn(executor, SelectOne(a, b, cancel.context(), &value));
  executor.RunAll();
  EXPECT_EQ(WaitingReceivers(a), 1u);
  ASSERT_TRUE(b.TrySend(6).ok());
  EXPECT_FALSE(b.TrySend(7).ok()) << "exactly one case takes effect";
  executor.RunAll();
  EXPECT_EQ(*waits.Join(), 1);
  EXPECT_EQ(value, 6);
  EXPECT_EQ(WaitingReceivers(a), 0u);
  Spawned<int> cancelled = Spawn(executor, SelectOne(a, b, cancel.context(), &value));
  executor.RunAll();
  cancel.Cancel();
  executor.RunAll();
  EXPECT_EQ(*cancelled.Join(), 2);
}

TEST(AsyncSelect, RunsHandlersInTheTaskAndTakesTheFirstListed) {
  ManualExecutor executor;
  const Channel<int> a(1);
  const Channel<int> b(1);
  const auto select = [](Channel<int> from, Channel<int> to, ManualExecutor* runner) -> Task<int> {
    int handled = 0;
    const int chosen = co_await AsyncSelectInOrder(
        from.OnReceive([&](const absl::StatusOr<int>& value) { handled = *value + runner->RunsHere(); }), to.OnSend(2));
    EXPECT_EQ(chosen, 0);
    co_return handled;
  };
  ASSERT_TRUE(a.TrySend(10).ok());
  Spawned<int> handled = Spawn(executor, select(a, b, &executor));
  executor.RunAll();
  EXPECT_EQ(*handled.Join(), 11);
  EXPECT_EQ(b.ApproxSize(), 0u);
}

TEST(AsyncSelect, ATimerIsACase) {
  ThreadPool pool(1);
  const auto select = [](ReceiveChannel<int> never) -> Task<int> {
    absl::StatusOr<int> value;
    absl::StatusOr<absl::Time> now;
    std::vector<Case> cases;
    cases.push_back(never.OnReceive(&value));
    cases.push_back(After(absl::Milliseconds(2)).OnReceive(&now));
    co_return co_await AsyncSelect(cases);
  };
  EXPECT_EQ(*Spawn(pool, select(Channel<int>(0))).Join(), 1);
}

TEST(AsyncSelect, StoppedWhileItHoldsAValueDestroysIt) {
  ManualExecutor executor;
  Counted::Counts counts;
  {
    const Channel<Counted> a(0);
    const Channel<Counted> b(0);
    const auto select = [](ReceiveChannel<Counted> x, ReceiveChannel<Counted> y) -> Task<> {
      co_await AsyncSelect(x.OnReceive([](const absl::StatusOr<Counted>&) { FAIL(); }),
                           y.OnReceive([](const absl::StatusOr<Counted>&) { FAIL(); }));
    };
    Spawned<> waits = Spawn(executor, select(a, b));
    executor.RunAll();
    waits.Stop();
    EXPECT_EQ(WaitingReceivers(a) + WaitingReceivers(b), 0u);
    Spawned<> served = Spawn(executor, select(a, b));
    executor.RunAll();
    ASSERT_TRUE(b.TrySend(Counted(counts, 1)).ok());
    served.Stop();
    EXPECT_EQ(WaitingReceivers(a), 0u);
    EXPECT_EQ(counts.alive, 0);
    executor.RunAll();
  }
}

// Stopping in the instant in which a value arrives: it is received or it is still the sender's.
TEST(Spawned, StopAgainstSendLosesNothing) {
  ThreadPool pool(2);
  for (int round = 0; round < 2000; ++round) {
    Counted::Counts counts;
    {
      const Channel<Counted> channel(0);
      bool gone = false;
      Spawned<> spawned = Spawn(pool, WaitFor(channel, &gone));
      std::thread sender([&] {
        Counted value(counts, 1);
        channel.TrySend(std::move(value)).IgnoreError();
      });
      spawned.Stop();
      sender.join();
      EXPECT_EQ(WaitingReceivers(channel), 0u);
    }
    ASSERT_EQ(counts.alive, 0);
  }
}

}  // namespace
}  // namespace eventbus::testing
