// Drains against what is accepted, refused, stopped hard and drained in the same instant.

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "eventbus/actor.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/error_group.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/task_group.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

class Once final : public Work {
 public:
  void Run() override { ++ran; }
  void Abandon() override { ++abandoned; }
  int ran = 0;
  int abandoned = 0;
};

uint64_t AsCount(bool one) { return one ? 1 : 0; }

TEST(PoolDrainModel, ASubmitIsRunOrAbandoned) {
  Explore([] {
    Once work;
    ThreadPool pool(1);
    Thread submitter([&] { pool.Submit(work); });
    pool.RequestDrain();
    Select({pool.OnEnd()});
    submitter.Join();
    Check(work.ran + work.abandoned == 1, "once");
  });
}

// The deadline may pass at any step: late is never taken for done.
TEST(PoolDrainModel, OkMeansThatAllHasRun) {
  Explore([] {
    Once work;
    ThreadPool pool(1);
    pool.Submit(work);
    const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(1));
    const DrainReport report = pool.Drain(budget.context());
    if (report.ok()) {
      Check(work.ran == 1, "all has run");
      Check(report.left() + report.running() == 0, "nothing is left");
    } else {
      Check(report.status.code() == absl::StatusCode::kDeadlineExceeded ||
                report.status.code() == absl::StatusCode::kInvalidArgument,
            "late");
    }
  });
}

TEST(PoolDrainModel, TwoDrainsGiveOneReport) {
  Explore([] {
    Once work;
    ThreadPool pool(1);
    pool.Submit(work);
    const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(1));
    DrainReport other;
    Thread drainer([&] { other = pool.Drain(budget.context()); });
    const DrainReport report = pool.Drain(budget.context());
    drainer.Join();
    if (report.ok() && other.ok()) Check(report.entries == other.entries, "the same");
  });
}

TEST(PoolDrainModel, CloseReportsWhatItTookFromADrain) {
  Explore([] {
    Once work;
    ThreadPool pool(1);
    pool.Submit(work);
    Thread closer([&] { pool.Close(); });
    pool.RequestDrain();
    Select({pool.OnEnd()});
    closer.Join();
    const DrainReport report = pool.Close();
    Check(work.ran + work.abandoned == 1, "once");
    Check(report.left() == static_cast<uint64_t>(work.abandoned), "reported");
    Check(report.ok() == (work.abandoned == 0), "and not OK");
  });
}

TEST(GroupDrainModel, WhatIsAcceptedHasRunByTheEnd) {
  Explore([] {
    int ran = 0;
    TaskGroup group;
    bool accepted = false;
    Thread starter([&] { accepted = group.Go([&ran] { ++ran; }).ok(); });
    group.RequestDrain();
    Select({group.OnDone()});
    const int at_the_end = ran;
    starter.Join();
    Check(at_the_end == (accepted ? 1 : 0), "all that was accepted");
    Check(group.ApproxOpen() == 0, "and nothing comes after that");
  });
}

TEST(GroupDrainModel, ATokenIsWaitedForOrNotGiven) {
  Explore([] {
    TaskGroup group;
    bool held = false;
    Thread holder([&] {
      TaskToken token = group.Add();
      held = !token.done();
      group.ApproxOpen();  // A point at which others could come in.
      held = false;
    });
    group.RequestDrain();
    Select({group.OnDone()});
    Check(!held, "nobody holds a token");
    holder.Join();
  });
}

TEST(GroupDrainModel, AGroupBelowDrainsWithItsParent) {
  Explore([] {
    TaskGroup server;
    std::unique_ptr<TaskGroup> connections;
    Thread maker([&] { connections.reset(new TaskGroup(server.Sub())); });
    server.RequestDrain();
    maker.Join();
    Check(connections->Add().done(), "whichever was first");
  });
}

TEST(GroupDrainModel, WhoWaitsForATurnIsFreed) {
  Explore([] {
    ManualExecutor executor;
    TaskGroup group(Context::Background(), {.executor = &executor, .limit = 1});
    Check(group.Go([] {}).ok(), "a turn");
    bool started = true;
    Thread starter([&] { started = group.Go([] {}).ok(); });
    group.RequestDrain();
    starter.Join();
    Check(!started, "refused, though the only turn is taken");
    executor.RunAll();
    Select({group.OnDone()});
  });
}

// Who got a turn, and is then refused, gives it back.
TEST(GroupDrainModel, ARefusedTaskLeavesItsTurnToTasksOfTheGroup) {
  Explore([] {
    int ran = 0;
    {
      TaskGroup group(Context::Background(), {.limit = 2});
      Check(group.Go([&] { Check(group.Go([&ran] { ++ran; }).ok(), "its own"); }).ok(), "a turn");
      Thread starter([&] { group.TryGo([] {}).IgnoreError(); });
      group.RequestDrain();
      starter.Join();
      Select({group.OnDone()});
    }
    Check(ran == 1, "run");
  });
}

TEST(ActorDrainModel, APostIsRunOrRefused) {
  Explore([] {
    int ran = 0;
    Actor<int> actor({}, 0);
    bool posted = false;
    Thread poster([&] { posted = actor.Post([&ran](int&) { ++ran; }).ok(); });
    actor.RequestDrain();
    Select({actor.OnEnd()});
    poster.Join();
    Check(ran == (posted ? 1 : 0), "what was accepted");
  });
}

TEST(ActorDrainModel, WhoWaitsForRoomIsRefusedOrServed) {
  Explore([] {
    ManualExecutor executor;
    int ran = 0;
    Actor<int> actor({.capacity = 1, .executor = &executor}, 0);
    Check(actor.TryPost([&ran](int&) { ++ran; }).ok(), "there is room");
    bool posted = false;
    Thread poster([&] { posted = actor.Post([&ran](int&) { ++ran; }).ok(); });
    actor.RequestDrain();
    poster.Join();
    executor.RunAll();
    Select({actor.OnEnd()});
    Check(ran == 1 + (posted ? 1 : 0), "what was accepted");
  });
}

TEST(ActorDrainModel, ACallEnds) {
  Explore([] {
    int ran = 0;
    Actor<int> actor({}, 0);
    Thread caller([&] { Check(actor.Call([&ran](int&) { ++ran; }).ok() == (ran == 1), "run, or refused"); });
    actor.RequestDrain();
    Select({actor.OnEnd()});
    caller.Join();
  });
}

TEST(ActorDrainModel, AFunctionThatPosts) {
  Explore([] {
    int ran = 0;
    Actor<int> actor({}, 0);
    Check(actor.Post([&](int&) { Check(actor.Post([&ran](int&) { ++ran; }).ok(), "its own"); }).ok(), "accepted");
    actor.RequestDrain();
    Select({actor.OnEnd()});
    Check(ran == 1, "what it began");
  });
}

TEST(ActorDrainModel, StopAgainstDrain) {
  Explore([] {
    ManualExecutor executor;
    int ran = 0;
    int reported = 0;
    Actor<int> actor({.executor = &executor, .on_error = [&](const absl::Status&) { ++reported; }}, 0);
    Check(actor.Post([&ran](int&) { ++ran; }).ok(), "accepted");
    Thread runner([&] { executor.RunAll(); });
    Thread stopper([&] { actor.Stop(); });
    const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(1));
    const DrainReport report = actor.Drain(budget.context());
    runner.Join();
    stopper.Join();
    executor.RunAll();
    Check(ran + reported == 1, "run or reported");
    if (report.ok()) Check(ran == 1, "OK means run");
    if (report.status.code() == absl::StatusCode::kAborted) Check(report.left() == AsCount(ran == 0), "counted");
  });
}

}  // namespace
}  // namespace eventbus
