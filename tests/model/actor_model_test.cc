// Actors whose callers come, give up and are refused in the instant in which the owner serves them, runs out of work or ends.

#include <memory>

#include "eventbus/actor.h"
#include "eventbus/context.h"
#include "eventbus/manual_executor.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(ActorModel, TwoCallersAreServedOneAtATime) {
  Explore([] {
    Actor<int> actor({.capacity = 1}, 0);
    int inside = 0;
    const auto call = [&] {
      const absl::StatusOr<int> result = actor.Call([&](int& state) {
        Check(++inside == 1, "alone");
        actor.ApproxPending();  // A point at which others could come in.
        --inside;
        return ++state;
      });
      Check(result.ok(), "served");
    };
    Thread other(call);
    call();
    other.Join();
    Check(*actor.Call([](int& state) { return state; }) == 2, "both");
  });
}

// The shape that hung: the owner has ended, and a caller waits for its answer.
TEST(ActorModel, ACallAgainstStopEnds) {
  Explore([] {
    ManualExecutor executor;
    Actor<int> actor({.executor = &executor}, 0);
    int ran = 0;
    Thread caller([&] {
      const absl::Status status = actor.Call([&](int&) { ++ran; });
      Check(status.ok() == (ran == 1), "run, or refused");
    });
    Thread runner([&] { executor.RunAll(); });
    actor.Stop();
    caller.Join();
    runner.Join();
    executor.RunAll();
  });
}

TEST(ActorModel, APostThatWaitsForRoomAgainstStopEnds) {
  Explore([] {
    ManualExecutor executor;
    int ran = 0;
    int reported = 0;
    Actor<int> actor({.capacity = 1, .executor = &executor, .on_error = [&](const absl::Status&) { ++reported; }}, 0);
    Check(actor.TryPost([&](int&) { ++ran; }).ok(), "there is room");
    absl::Status second;
    Thread poster([&] { second = actor.Post([&](int&) { ++ran; }); });
    Thread runner([&] { executor.RunAll(); });
    actor.Stop();
    poster.Join();
    runner.Join();
    executor.RunAll();
    Check(ran + reported == 1 + second.ok(), "each that was accepted ran or was reported");
  });
}

TEST(ActorModel, CancelAgainstTheOwner) {
  Explore([] {
    ManualExecutor executor;
    Actor<std::unique_ptr<int>> actor({.executor = &executor}, std::make_unique<int>(0));
    CancelHandle cancel = Context::Background().WithCancel();
    Thread runner([&] { executor.RunAll(); });
    Thread canceller([&] { cancel.Cancel(); });
    int ran = 0;
    const absl::StatusOr<int> result = actor.Call(cancel.context(), [&](std::unique_ptr<int>&) { return ++ran; });
    const bool begun = result.ok() || result.status().message().find("has begun") != absl::string_view::npos;
    runner.Join();
    executor.RunAll();
    Check(ran == (begun ? 1 : 0), "run if and only if it had begun");
    canceller.Join();
  });
}

TEST(ActorModel, WhoGivesUpLetsTheNextMoveUp) {
  Explore([] {
    ManualExecutor executor;
    Actor<int> actor({.capacity = 1, .executor = &executor}, 0);
    CancelHandle cancel = Context::Background().WithCancel();
    Thread first([&] { actor.Call(cancel.context(), [](int&) {}).IgnoreError(); });
    Thread second([&] { Check(actor.Post([](int& state) { state = 1; }).ok(), "there is room in the end"); });
    cancel.Cancel();
    first.Join();
    second.Join();
    executor.RunAll();
    actor.Stop();
    executor.RunAll();
  });
}

TEST(ActorModel, TheEndOfItsExecutorAgainstACall) {
  Explore([] {
    ManualExecutor executor;
    Actor<int> actor({.executor = &executor}, 0);
    Thread caller([&] { Check(actor.Call([](int&) {}).code() == absl::StatusCode::kUnavailable, "told"); });
    executor.Close();
    caller.Join();
  });
}

Task<bool> CallOnce(Actor<int>* actor, int* ran) {
  const absl::Status status = co_await actor->AsyncCall([ran](int&) { ++*ran; });
  co_return status.ok();
}

TEST(ActorModel, ATaskThatIsStoppedAgainstTheOwner) {
  Explore([] {
    ManualExecutor executor;
    ManualExecutor tasks;
    int ran = 0;
    Actor<int> actor({.executor = &executor}, 0);
    Spawned<bool> caller = Spawn(tasks, CallOnce(&actor, &ran));
    tasks.RunAll();  // It waits.
    Thread runner([&] { executor.RunAll(); });
    caller.Stop();
    Check(actor.ApproxPending() == 0, "withdrawn or begun");
    runner.Join();
    executor.RunAll();
    tasks.RunAll();
    Check(ran <= 1, "once at most");
  });
}

}  // namespace
}  // namespace eventbus
