// As `timed_out_waits_test`, of what is built on top of channels and contexts: each in all its forms, until a time, until a
// context is done, and as a case of a select.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/support/nothing_left.h"

namespace eventbus::testing {
namespace {

constexpr absl::Duration kShort = absl::Microseconds(20);  // Most waits have begun by then.

void ExpectLate(const absl::Status& status) { ASSERT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status; }

// `wait(deadline)` gives a status.
template <typename Wait>
void LateUntil(Wait wait) {
  ExpectNothingIsLeft([&] { ExpectLate(wait(Clock::Now() + kShort)); });
}

// `wait(context)` gives a status.
template <typename Wait>
void LateWithContext(Wait wait) {
  ExpectNothingIsLeft([&] {
    const CancelHandle limit = Context::Background().WithTimeout(kShort);
    ExpectLate(wait(limit.context()));
  });
}

// `make_case()` gives a case.
template <typename MakeCase>
void LateInSelect(MakeCase make_case) {
  ExpectNothingIsLeft([&] { EXPECT_EQ(SelectUntil(Clock::Now() + kShort, {make_case()}), -1); });
}

TEST(TimedOutWaits, OfAWaitGroup) {
  WaitGroup group;
  group.Add();
  LateUntil([&](absl::Time deadline) { return group.WaitUntil(deadline); });
  LateWithContext([&](const Context& context) { return group.Wait(context); });
  LateInSelect([&] { return group.OnZero(); });
  group.Done();
}

TEST(TimedOutWaits, OfASemaphore) {
  Semaphore semaphore(2);
  ASSERT_TRUE(semaphore.Acquire().ok());
  absl::StatusOr<SemaphorePermit> permit;
  LateUntil([&](absl::Time deadline) { return semaphore.AcquireUntil(deadline, 2); });
  LateWithContext([&](const Context& context) { return semaphore.Acquire(context, 2); });
  LateWithContext([&](const Context& context) { return semaphore.Hold(context, 2).status(); });
  LateInSelect([&] { return semaphore.OnAcquire(2, &permit); });
  EXPECT_EQ(semaphore.ApproxAvailable(), 1);
}

TEST(TimedOutWaits, OfANotifier) {
  Notifier notifier;
  LateUntil([&](absl::Time deadline) { return notifier.WaitUntil(deadline); });
  LateWithContext([&](const Context& context) { return notifier.Wait(context); });
  LateInSelect([&] { return notifier.OnNotify(); });
}

TEST(TimedOutWaits, OfALatest) {
  Latest<std::string> latest;
  LatestReader<std::string> reader = latest.Reader();
  absl::StatusOr<LatestValue<std::string>> next;
  LateUntil([&](absl::Time deadline) { return reader.NextUntil(deadline).status(); });
  LateWithContext([&](const Context& context) { return reader.Next(context).status(); });
  LateInSelect([&] { return reader.OnNext(&next); });
}

TEST(TimedOutWaits, OfAnErrorGroup) {
  const Channel<int> gate;
  ErrorGroup group(Context::Background(), {.limit = 1});
  ASSERT_TRUE(group.Go([&gate] { gate.Receive().IgnoreError(); }).ok());
  LateUntil([&](absl::Time deadline) { return group.WaitUntil(deadline); });
  LateWithContext([&](const Context& context) { return group.Wait(context); });
  LateWithContext([&](const Context& context) { return group.Go(context, [] {}); });
  LateInSelect([&] { return group.OnDone(); });
  gate.Close();
}

TEST(TimedOutWaits, OfATaskGroup) {
  TaskGroup group;
  const TaskToken token = group.Add();
  LateUntil([&](absl::Time deadline) { return group.WaitUntil(deadline); });
  LateWithContext([&](const Context& context) { return group.Wait(context); });
  LateInSelect([&] { return group.OnDone(); });
}

TEST(TimedOutWaits, OfATaskGroupWithAnotherBehindIt) {
  TaskGroup back;
  const TaskToken token = back.Add();
  LateWithContext([&](const Context& context) {
    TaskGroup front;
    EXPECT_TRUE(front.Link(back).ok());
    return front.Wait(context);
  });
}

TEST(TimedOutWaits, OfATaskThatObeys) {
  const auto until_done = [](const Context& context) { Select({context.OnDone()}); };
  ExpectNothingIsLeft([&] {
    const CancelHandle limit = Context::Background().WithTimeout(kShort);
    ErrorGroup group(limit.context());
    group.Go(until_done).IgnoreError();  // Unless it is late already.
    group.Wait().IgnoreError();
  });
}

TEST(TimedOutWaits, OfAParallelMap) {
  const std::vector<int> inputs = {1, 2, 3};
  LateWithContext([&](const Context& context) {
    return ParallelMap(context, inputs, {.limit = 2},
                       [](const Context& tasks, int) -> absl::StatusOr<int> {
                         Select({tasks.OnDone()});
                         return tasks.status();
                       })
        .status();
  });
}

TEST(TimedOutWaits, OfAGather) {
  const Channel<int> gate;
  TaskGroup group;
  Gather<int> gather(group, 1);
  ASSERT_TRUE(gather.Go([gate] { return gate.Receive(); }).ok());
  LateWithContext([&](const Context& context) { return gather.Collect(context).status(); });
  gate.Close();
}

TEST(TimedOutWaits, OfAnActor) {
  const Channel<int> gate;
  Actor<int> actor({.capacity = 1});
  ASSERT_TRUE(actor.Post([gate](int&) { gate.Receive().IgnoreError(); }).ok());
  AwaitReceivers(gate, 1);
  LateWithContext(
      [&](const Context& context) { return actor.Call(context, [](int& state) { return state; }).status(); });
  ASSERT_TRUE(actor.TryPost([](int&) {}).ok());
  LateWithContext([&](const Context& context) { return actor.Post(context, [](int&) {}); });
  LateWithContext([&](const Context& context) {
    InlineExecutor executor;
    const auto call = [](Actor<int>* its_actor, Context its_context) -> Task<absl::Status> {
      const absl::StatusOr<int> result = co_await its_actor->AsyncCall(its_context, [](int& state) { return state; });
      co_return result.status();
    };
    return Spawn(executor, call(&actor, context)).Join();
  });
  LateInSelect([&] { return actor.OnEnd(); });
  gate.Close();
}

TEST(TimedOutWaits, OfAPool) {
  Pool<int> pool({.max_size = 1}, [](const Context&) { return 1; });
  const absl::StatusOr<Pool<int>::Lease> lent = pool.Acquire();
  absl::StatusOr<Pool<int>::Lease> lease;
  LateUntil([&](absl::Time deadline) { return pool.AcquireUntil(deadline).status(); });
  LateWithContext([&](const Context& context) { return pool.Acquire(context).status(); });
  LateInSelect([&] { return pool.OnAcquire(&lease); });
}

TEST(TimedOutWaits, OfAGatedQueue) {
  GatedQueue queue;
  queue.Hold();
  LateUntil([&](absl::Time deadline) { return queue.EnterUntil(deadline).status(); });
  LateWithContext([&](const Context& context) { return queue.Enter(context).status(); });
  LateWithContext([&](const Context& context) { return queue.LineUp()->Await(context).status(); });
  LateInSelect([&] { return queue.LineUp()->OnTurn(); });
}

TEST(TimedOutWaits, OfAHoldThatEndsByItself) {
  GatedQueue queue;
  ExpectNothingIsLeft([&] {
    queue.Hold(kShort);
    EXPECT_TRUE(queue.Enter().ok());
  });
}

TEST(TimedOutWaits, OfKeyedTasks) {
  const Channel<int> gate;
  KeyedTasks<int> tasks;
  ASSERT_TRUE(tasks.Start(1, [gate](const Context&) { gate.Receive().IgnoreError(); }).ok());
  AwaitReceivers(gate, 1);  // One that is stopped before it begins never does.
  LateWithContext([&](const Context& context) { return tasks.Stop(context, 1); });
  LateWithContext([&](const Context& context) { return tasks.StopAll(context); });
  LateWithContext([&](const Context& context) { return tasks.Wait(context); });
  LateInSelect([&] { return tasks.OnNone(); });
  gate.Close();
}

TEST(TimedOutWaits, OfASubscription) {
  Subscription subscription = NewSubscription([](const Context& context) { Select({context.OnDone()}); });
  LateInSelect([&] { return subscription.OnEnd(); });
  ExpectNothingIsLeft([] {
    const CancelHandle limit = Context::Background().WithTimeout(kShort);
    const Subscription late =
        NewSubscription([](const Context& context) { Select({context.OnDone()}); }, {.context = limit.context()});
    Select({late.OnEnd()});
  });
}

TEST(TimedOutWaits, OfAnOutbox) {
  const Channel<int> full;
  Outbox<int> outbox(full);
  outbox.Add(1);
  LateWithContext([&](const Context& context) { return outbox.Flush(context); });
  full.Close();
}

}  // namespace
}  // namespace eventbus::testing
