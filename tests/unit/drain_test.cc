// What every drain promises, for each kind of object that drains.

#include <atomic>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/actor.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/error_group.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/spawn_in.h"
#include "eventbus/task_group.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// Each has `object`, and `Accept`: false if the function was refused.

struct DrainedPool {
  bool Accept(std::function<void()> function) {
    class Once final : public Work {
     public:
      Once(std::function<void()> function, bool& refused) : function_(std::move(function)), refused_(refused) {}
      void Run() override {
        const std::unique_ptr<Once> self(this);
        function_();
      }
      void Abandon() override {
        refused_ = true;
        delete this;
      }

     private:
      const std::function<void()> function_;
      bool& refused_;  // Of the submitting thread, for as long as it submits.
    };
    bool refused = false;
    object.Submit(*new Once(std::move(function), refused));
    return !refused;
  }
  Case OnEnd() { return object.OnEnd(); }

  ThreadPool object{1, {.name = "it"}};
};

template <typename Group>
struct DrainedGroup {
  bool Accept(std::function<void()> function) { return object.Go(std::move(function)).ok(); }
  Case OnEnd() { return object.OnDone(); }

  Group object{Context::Background(), {.name = "it"}};
};
using DrainedTaskGroup = DrainedGroup<TaskGroup>;
using DrainedErrorGroup = DrainedGroup<ErrorGroup>;

struct DrainedActor {
  bool Accept(std::function<void()> function) {
    return object.Post([function = std::move(function)](int&) { function(); }).ok();
  }
  Case OnEnd() { return object.OnEnd(); }

  Actor<int> object{{.name = "it"}, 0};
};

template <typename T>
class Drain : public ::testing::Test {};
using Kinds = ::testing::Types<DrainedPool, DrainedTaskGroup, DrainedErrorGroup, DrainedActor>;
TYPED_TEST_SUITE(Drain, Kinds);

TYPED_TEST(Drain, WithADeadContextIsRefusedAndNothingHappens) {
  TypeParam it;
  const CancelHandle dead = Context::Background().WithTimeout(absl::ZeroDuration());
  const DrainReport refused = it.object.Drain(dead.context());
  EXPECT_EQ(refused.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(refused.status.message().find("'it'"), absl::string_view::npos) << refused;
  EXPECT_TRUE(refused.entries.empty());
  EXPECT_TRUE(it.Accept([] {}));
}

TYPED_TEST(Drain, WithoutADeadlineIsRefusedAndNothingHappens) {
  TypeParam it;
  const CancelHandle endless = Context::Background().WithCancel();
  EXPECT_EQ(it.object.Drain(endless.context()).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(it.object.Drain(Context::Background()).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(it.Accept([] {}));
}

TYPED_TEST(Drain, FinishesWhatWasAcceptedAndRefusesWhatIsNew) {
  std::atomic<int> ran{0};
  const Channel<int> open;
  TypeParam it;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(it.Accept([&] {
      open.Receive().IgnoreError();
      ++ran;
    }));
  }
  it.object.RequestDrain();
  EXPECT_FALSE(it.Accept([&] { ++ran; }));
  open.Close();
  const DrainReport report = DrainInTime(it.object);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.entries, std::vector<DrainEntry>({{.name = "it", .handled = 5}}));
  EXPECT_EQ(ran, 5);
  EXPECT_FALSE(it.Accept([&] { ++ran; }));
}

TYPED_TEST(Drain, ThatIsLateSaysWhoRunsAndGoesOnWithAnotherBudget) {
  const Channel<int> open;
  const Channel<int> begun(1);
  TypeParam it;
  ASSERT_TRUE(it.Accept([&] {
    begun.Send(1).IgnoreError();
    open.Receive().IgnoreError();
  }));
  ASSERT_TRUE(begun.Receive().ok());
  const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(1));
  const DrainReport late = it.object.Drain(soon.context());
  EXPECT_EQ(late.status.code(), absl::StatusCode::kDeadlineExceeded) << late;
  EXPECT_EQ(late.entries, std::vector<DrainEntry>({{.name = "it", .running = 1}}));
  EXPECT_FALSE(it.Accept([] {})) << "it still drains";
  open.Close();
  const DrainReport done = DrainInTime(it.object);
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(done.handled(), 1u);
}

TYPED_TEST(Drain, ThatIsCancelledSaysSo) {
  const Channel<int> open;
  TypeParam it;
  ASSERT_TRUE(it.Accept([&] { open.Receive().IgnoreError(); }));
  CancelHandle budget = Context::Background().WithTimeout(absl::Hours(1));
  std::thread canceller([&] {
    AwaitTrue([&] { return WaitingFor(budget.context()) == 1; });
    budget.Cancel();
  });
  const DrainReport cut = it.object.Drain(budget.context());
  canceller.join();
  EXPECT_EQ(cut.status.code(), absl::StatusCode::kCancelled) << cut;
  EXPECT_EQ(cut.left() + cut.running(), 1u);
  open.Close();
}

TYPED_TEST(Drain, FromInsideIsRefusedAndRequestDrainIsNot) {
  DrainReport inside;
  TypeParam it;
  ASSERT_TRUE(it.Accept([&] {
    inside = DrainInTime(it.object);
    it.object.RequestDrain();
  }));
  EXPECT_EQ(Select({it.OnEnd()}), 0);
  EXPECT_EQ(inside.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(inside.status.message().find("RequestDrain"), absl::string_view::npos);
  EXPECT_TRUE(DrainInTime(it.object).ok());
}

TYPED_TEST(Drain, LetsWorkStartWhatItNeeds) {
  const Channel<int> open;
  std::atomic<int> ran{0};
  TypeParam it;
  ASSERT_TRUE(it.Accept([&] {
    open.Receive().IgnoreError();
    EXPECT_TRUE(it.Accept([&] { EXPECT_TRUE(it.Accept([&] { ++ran; })); }));
  }));
  it.object.RequestDrain();
  EXPECT_FALSE(it.Accept([] {}));
  open.Close();
  const DrainReport report = DrainInTime(it.object);
  EXPECT_EQ(report.handled(), 3u) << report;
  EXPECT_EQ(ran, 1);
}

TYPED_TEST(Drain, OfTwoThreadsIsOneWithOneReport) {
  const Channel<int> open;
  TypeParam it;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(it.Accept([&] { open.Receive().IgnoreError(); }));
  const CancelHandle budget = Context::Background().WithTimeout(absl::Hours(1));
  DrainReport reports[2];
  std::vector<std::thread> drainers;
  for (DrainReport& report : reports) drainers.emplace_back([&] { report = it.object.Drain(budget.context()); });
  AwaitTrue([&] { return WaitingFor(budget.context()) == 2; });
  open.Close();
  for (std::thread& drainer : drainers) drainer.join();
  EXPECT_TRUE(reports[0].ok()) << reports[0];
  EXPECT_EQ(reports[0].handled(), 3u);
  EXPECT_EQ(reports[0].status, reports[1].status);
  EXPECT_EQ(reports[0].entries, reports[1].entries);
  EXPECT_EQ(DrainInTime(it.object).entries, reports[0].entries) << "and again";
}

TYPED_TEST(Drain, OfWhatIsIdleEndsAtOnce) {
  TypeParam it;
  const DrainReport report = DrainInTime(it.object);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 0u);
}

TEST(ThreadPoolDrain, CloseReportsWhatItAbandonedToWhoDrains) {
  const Channel<int> open;
  const Channel<int> begun(1);
  DrainedPool it;
  ASSERT_TRUE(it.Accept([&] {
    begun.Send(1).IgnoreError();
    open.Receive().IgnoreError();
  }));
  ASSERT_TRUE(begun.Receive().ok());
  std::atomic<int> dropped{0};
  for (int i = 0; i < 2; ++i) {
    it.object.Submit([token = std::shared_ptr<void>(nullptr, [&](void*) { ++dropped; })] {});
  }
  const CancelHandle budget = Context::Background().WithTimeout(absl::Hours(1));
  DrainReport drained;
  DrainReport closed;
  std::thread drainer([&] { drained = it.object.Drain(budget.context()); });
  AwaitTrue([&] { return WaitingFor(budget.context()) == 1; });
  std::thread closer([&] { closed = it.object.Close(); });
  AwaitTrue([&] { return dropped == 2; });
  open.Close();
  drainer.join();
  closer.join();
  for (const DrainReport& report : {drained, closed}) {
    EXPECT_EQ(report.status.code(), absl::StatusCode::kAborted) << report;
    EXPECT_EQ(report.entries, std::vector<DrainEntry>({{.name = "it", .handled = 1, .left = 2}}));
  }
}

TEST(ActorDrain, StopReportsWhatItRefusedToWhoDrains) {
  ManualExecutor executor;
  int told = 0;
  Actor<int> actor({.name = "it", .executor = &executor, .on_error = [&](const absl::Status&) { ++told; }}, 0);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(actor.Post([](int&) {}).ok());
  actor.RequestDrain();
  actor.Stop();
  const DrainReport report = DrainInTime(actor);
  EXPECT_EQ(report.status.code(), absl::StatusCode::kAborted) << report;
  EXPECT_EQ(report.entries, std::vector<DrainEntry>({{.name = "it", .left = 3}}));
  EXPECT_EQ(told, 3);
}

TEST(ActorDrain, RefusesWhoWaitsForRoom) {
  ManualExecutor executor;
  Actor<int> actor({.capacity = 1, .executor = &executor}, 0);
  ASSERT_TRUE(actor.Post([](int&) {}).ok());
  absl::Status posted;
  absl::Status called;
  std::thread poster([&] { posted = actor.Post([](int& state) { state = 1; }); });
  std::thread caller([&] { called = actor.Call([](int& state) { state = 1; }); });
  AwaitTrue([&] { return actor.ApproxPending() == 3; });
  actor.RequestDrain();
  poster.join();
  caller.join();
  EXPECT_EQ(posted.code(), absl::StatusCode::kFailedPrecondition) << "and not held up by the owner, which did not run";
  EXPECT_EQ(called.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(posted.message().find("draining"), absl::string_view::npos);
  executor.RunAll();
  const DrainReport report = DrainInTime(actor);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 1u);
}

TEST(ActorDrain, DestroysTheState) {
  auto state = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = state;
  Actor<std::shared_ptr<int>> actor({}, std::move(state));
  EXPECT_TRUE(DrainInTime(actor).ok());
  EXPECT_TRUE(alive.expired());
  EXPECT_FALSE(actor.Call([](std::shared_ptr<int>&) {}).ok());
}

TEST(GroupDrain, FreesWhoWaitsForATurn) {
  const Channel<int> open;
  TaskGroup group(Context::Background(), {.limit = 1});
  ASSERT_TRUE(group.Go([&] { open.Receive().IgnoreError(); }).ok());
  const CancelHandle waits = Context::Background().WithCancel();
  absl::Status started;
  std::thread starter([&] { started = group.Go(waits.context(), [] {}); });
  AwaitTrue([&] { return WaitingFor(waits.context()) == 1; });
  group.RequestDrain();
  starter.join();
  EXPECT_EQ(started.code(), absl::StatusCode::kFailedPrecondition);
  open.Close();
  EXPECT_EQ(DrainInTime(group).handled(), 1u);
}

TEST(GroupDrain, WaitsForTokensAndGivesNoMore) {
  TaskGroup group;
  TaskToken token = group.Add();
  group.RequestDrain();
  EXPECT_TRUE(group.Add().done()) << "a token for nothing";
  EXPECT_EQ(group.ApproxOpen(), 1);
  token.Done();
  EXPECT_EQ(DrainInTime(group).handled(), 1u);
  EXPECT_TRUE(group.Add().done());
}

TEST(GroupDrain, DrainsTheGroupsBelowAndWaitsForLinkedOnes) {
  TaskGroup server(Context::Background(), {.name = "server"});
  TaskGroup connections = server.Sub({.name = "connections"});
  TaskGroup streams = connections.Sub({.name = "streams"});
  TaskGroup other(Context::Background(), {.name = "other"});
  ASSERT_TRUE(server.Link(other).ok());
  TaskToken stream = streams.Add();
  TaskToken elsewhere = other.Add();
  const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(1));
  const DrainReport late = server.Drain(soon.context());
  EXPECT_EQ(late.status.code(), absl::StatusCode::kDeadlineExceeded) << late;
  EXPECT_EQ(late.running(), 2u) << late;
  EXPECT_EQ(late.entries.size(), 4u) << late;
  EXPECT_TRUE(streams.Add().done()) << "below";
  EXPECT_FALSE(other.Add().done()) << "not below";
  TaskGroup late_sub = server.Sub();
  EXPECT_TRUE(late_sub.Add().done()) << "made by a group that drains";
  stream.Done();
  elsewhere.Done();
  const DrainReport done = DrainInTime(server);
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(done.handled(), 1u);
  EXPECT_FALSE(other.Add().done()) << "it goes on";
}

TEST(GroupDrain, WhatNeverRanIsLeft) {
  ManualExecutor executor;
  ErrorGroup group(Context::Background(), {.name = "it", .executor = &executor});
  int ran = 0;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(group.Go([&ran] { ++ran; }).ok());
  group.RequestDrain();
  const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(group.Drain(soon.context()).entries, std::vector<DrainEntry>({{.name = "it", .left = 3}}));
  ASSERT_TRUE(executor.RunOne());
  group.Cancel();
  executor.RunAll();
  const DrainReport report = DrainInTime(group);
  EXPECT_EQ(report.status.code(), absl::StatusCode::kAborted) << report;
  EXPECT_EQ(report.entries, std::vector<DrainEntry>({{.name = "it", .handled = 1, .left = 2}}));
  EXPECT_EQ(ran, 1);
}

TEST(GroupDrain, ATaskThatFailsIsHandledAndItsErrorKept) {
  const Channel<int> open;
  TaskGroup group;
  ASSERT_TRUE(group
                  .Go([&] {
                    open.Receive().IgnoreError();
                    return absl::AbortedError("no");
                  })
                  .ok());
  group.RequestDrain();
  open.Close();
  EXPECT_TRUE(DrainInTime(group).ok());
  EXPECT_EQ(group.status(), absl::AbortedError("no"));
}

Task<> Nothing() { co_return; }

TEST(GroupDrain, RefusesCoroutines) {
  ManualExecutor executor;
  TaskGroup group;
  group.RequestDrain();
  EXPECT_EQ(SpawnIn(group, executor, Nothing()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(DrainReport, PrintsItselfForPeople) {
  const DrainReport report = {
      .status = absl::DeadlineExceededError("actor 'ledger': 1 running and 2 left after the time for the drain"),
      .entries = {{.name = "ledger", .handled = 5, .left = 2, .running = 1}, {.handled = 1}}};
  std::ostringstream text;
  text << report;
  EXPECT_EQ(text.str(),
            "DEADLINE_EXCEEDED: actor 'ledger': 1 running and 2 left after the time for the drain\n"
            "  ledger: 5 handled, 2 left, 1 running\n"
            "  (no name): 1 handled");
  EXPECT_EQ(DrainReport().ToString(), "drained");
  EXPECT_EQ(report.handled(), 6u);
  EXPECT_FALSE(report.ok());
}

}  // namespace
}  // namespace eventbus::testing
