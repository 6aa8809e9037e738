#include "eventbus/actor.h"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/inline_executor.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

constexpr absl::StatusCode kStopped = absl::StatusCode::kFailedPrecondition;

// Keeps the actor's owner busy from construction until `Open`.
class Busy {
 public:
  template <typename State>
  explicit Busy(Actor<State>& actor) {
    EXPECT_TRUE(actor
                    .Post([entered = entered_, open = open_](State&) {  // Which may outlive this.
                      entered.Close();
                      open.Receive().IgnoreError();
                    })
                    .ok());
    entered_.Receive().IgnoreError();
  }
  ~Busy() { Open(); }
  void Open() { open_.Close(); }

 private:
  const Channel<int> entered_;
  const Channel<int> open_;
};

TEST(Actor, GivesWhatTheFunctionReturns) {
  Actor<int> actor({}, 40);
  EXPECT_EQ(*actor.Call([](int& state) { return state += 2; }), 42);
  EXPECT_EQ(actor.Call([](int&) {}), absl::OkStatus());
  EXPECT_EQ(actor.Call([](int&) { return absl::AbortedError("no"); }), absl::AbortedError("no"));
  const absl::StatusOr<std::string> text = actor.Call([](int&) -> absl::StatusOr<std::string> { return "yes"; });
  EXPECT_EQ(*text, "yes");
  const absl::StatusOr<std::unique_ptr<int>> moved =
      actor.Call([](int& state) { return std::make_unique<int>(state); });
  EXPECT_EQ(**moved, 42);
  const absl::StatusOr<int> refused = actor.Call([](int&) -> absl::StatusOr<int> { return absl::AbortedError("no"); });
  EXPECT_EQ(refused.status(), absl::AbortedError("no"));
}

TEST(Actor, RunsCallsOneAtATime) {
  struct State {
    std::atomic<int> inside{0};
    int calls = 0;  // TSan would see a race.
  };
  Actor<State> actor;
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const absl::StatusOr<int> inside = actor.Call([](State& state) {
          const int others = state.inside++;
          ++state.calls;
          --state.inside;
          return others;
        });
        EXPECT_EQ(*inside, 0);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(*actor.Call([](State& state) { return state.calls; }), 2000);
}

TEST(Actor, RunsPostsAndCallsInTheOrderInWhichTheyCame) {
  Actor<std::vector<int>> actor;
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(actor.Post([i](std::vector<int>& seen) { seen.push_back(i); }).ok());
  }
  const absl::StatusOr<std::vector<int>> seen = actor.Call([](std::vector<int>& state) { return state; });
  for (int i = 0; i < 50; ++i) EXPECT_EQ((*seen)[i], i);
}

TEST(Actor, WhatAFunctionThrowsIsAStatusAndTheActorGoesOn) {
  Actor<int> actor({.name = "ledger"}, 1);
  const absl::StatusOr<int> thrown = actor.Call([](int&) -> int { throw std::runtime_error("torn page"); });
  EXPECT_EQ(thrown.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(thrown.status().message(), "actor 'ledger': the call threw: torn page");
  EXPECT_EQ(actor.Call([](int&) { throw 1; }).message(), "actor 'ledger': the call threw");
  EXPECT_EQ(*actor.Call([](int& state) { return state; }), 1);
}

TEST(Actor, WhatAPostCameToReachesTheHook) {
  std::vector<absl::Status> errors;
  ManualExecutor executor;
  Actor<int> actor(
      {.name = "a", .executor = &executor, .on_error = [&](const absl::Status& e) { errors.push_back(e); }});
  EXPECT_TRUE(actor.Post([](int&) { throw std::runtime_error("x"); }).ok());
  EXPECT_TRUE(actor.Post([](int&) { return absl::AbortedError("no"); }).ok());
  EXPECT_TRUE(actor.Post([](int&) { return 1; }).ok());
  executor.RunAll();
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].code(), absl::StatusCode::kInternal);
  EXPECT_EQ(errors[1], absl::AbortedError("no"));
  EXPECT_TRUE(actor.Post([](int&) { FAIL() << "runs after the stop"; }).ok());
  actor.Stop();
  ASSERT_EQ(errors.size(), 3u) << "one that was accepted and not run is not lost in silence";
  EXPECT_EQ(errors[2].code(), kStopped);
}

// The shape that hung: a request queue, then an unguarded wait for done.
TEST(Actor, EveryPendingAndLaterCallReturnsAStatusAfterStop) {
  for (int round = 0; round < 20; ++round) {
    Actor<int> actor({.capacity = 2});
    std::atomic<int> ended{0};
    std::vector<std::thread> callers;
    for (int t = 0; t < 3; ++t) {
      callers.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          const absl::StatusOr<int> result = actor.Call([](int& state) { return ++state; });
          EXPECT_TRUE(result.ok() || result.status().code() == kStopped) << result.status();
          ++ended;
        }
      });
    }
    AwaitTrue([&] { return ended > round; });
    actor.Stop();
    EXPECT_EQ(actor.Call([](int&) {}).code(), kStopped);
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(ended, 60);
  }
}

TEST(Actor, StopRefusesWhatHasNotBegun) {
  Actor<int> actor({.name = "ledger", .capacity = 1});
  auto busy = std::make_unique<Busy>(actor);
  std::vector<absl::Status> results(3);
  std::vector<std::thread> callers;
  for (absl::Status& result : results) {
    callers.emplace_back([&] { result = actor.Call([](int&) { ADD_FAILURE() << "refused calls do not run"; }); });
  }
  AwaitTrue([&] { return actor.ApproxPending() == 3; });  // One in the queue, two wait for room.
  std::thread stopper([&] { actor.Stop(); });
  AwaitTrue([&] { return actor.TryPost([](int&) {}).code() == kStopped; });
  busy->Open();
  stopper.join();
  for (std::thread& caller : callers) caller.join();
  for (const absl::Status& result : results) {
    EXPECT_EQ(result.code(), kStopped);
    EXPECT_EQ(result.message(), "actor 'ledger': stopped");
  }
}

TEST(Actor, ACallThatIsCancelledBeforeItBeganIsNotRun) {
  Actor<int> actor({}, 0);
  Busy busy(actor);
  CancelHandle cancel = Context::Background().WithCancel();
  absl::Status result;
  std::thread caller([&] { result = actor.Call(cancel.context(), [](int& state) { state = 1; }); });
  AwaitTrue([&] { return actor.ApproxPending() == 1; });
  cancel.Cancel();
  caller.join();
  EXPECT_EQ(result.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(actor.ApproxPending(), 0u);
  busy.Open();
  EXPECT_EQ(*actor.Call([](int& state) { return state; }), 0);
  EXPECT_EQ(actor.Call(cancel.context(), [](int& state) { state = 1; }).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(*actor.Call([](int& state) { return state; }), 0) << "cancellation is checked first";
}

TEST(Actor, TheResultOfACallThatIsCancelledAfterItBeganIsDropped) {
  Actor<int> actor({}, 0);
  const auto watched = std::make_shared<int>(1);
  const Channel<int> entered;
  const Channel<int> go_on;
  CancelHandle cancel = Context::Background().WithCancel();
  absl::StatusOr<std::shared_ptr<int>> result = absl::UnknownError("");
  std::thread caller([&] {
    result = actor.Call(cancel.context(), [watched, entered, go_on](int& state) {
      entered.Close();
      go_on.Receive().IgnoreError();
      state = 7;
      return watched;
    });
  });
  entered.Receive().IgnoreError();
  cancel.Cancel();
  caller.join();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  EXPECT_NE(std::string(result.status().message()).find("has begun"), std::string::npos);
  go_on.Close();
  EXPECT_EQ(*actor.Call([](int& state) { return state; }), 7) << "it ran to its end";
  actor.Stop();
  EXPECT_EQ(watched.use_count(), 1) << "result and function are gone";
}

TEST(Actor, ManyTimedOutCallsLeaveNothingInTheQueue) {
  Actor<int> actor;
  Busy busy(actor);
  for (int i = 0; i < 1000; ++i) {
    const CancelHandle timeout = Context::Background().WithTimeout(absl::Nanoseconds(i));
    EXPECT_EQ(actor.Call(timeout.context(), [](int&) {}).code(), absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_EQ(actor.ApproxPending(), 0u);
}

TEST(Actor, ACallFromInsideItselfIsRefused) {
  Actor<int> actor({.name = "a"});
  const absl::Status status = actor.Call([&](int&) { return actor.Call([](int&) {}); });
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "actor 'a': Call from inside a call of the same actor would wait for itself");
}

TEST(Actor, APostFromInsideItselfNeverWaits) {
  Actor<int> actor({.capacity = 1}, 0);
  const absl::Status second = actor.Call([&](int&) {
    EXPECT_TRUE(actor.Post([](int& state) { state = 5; }).ok());
    return actor.Post([](int& state) { state = 6; });
  });
  EXPECT_EQ(second.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(*actor.Call([](int& state) { return state; }), 5);
}

TEST(Actor, StopFromInsideItselfReturnsAndIsTheLastCall) {
  Actor<int> actor;
  EXPECT_TRUE(actor
                  .Call([&](int&) {
                    actor.Stop();
                    EXPECT_EQ(actor.TryPost([](int&) { FAIL(); }).code(), kStopped);
                  })
                  .ok());
  EXPECT_EQ(actor.Call([](int&) { FAIL(); }).code(), kStopped);
  Select({actor.OnEnd()});
}

TEST(Actor, APostWaitsForRoomAndEndsWithItsContextOrTheActor) {
  Actor<int> actor({.capacity = 1}, 0);
  auto busy = std::make_unique<Busy>(actor);
  EXPECT_TRUE(actor.TryPost([](int& state) { ++state; }).ok());
  EXPECT_EQ(actor.TryPost([](int&) {}).code(), absl::StatusCode::kResourceExhausted);

  const CancelHandle timeout = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(actor.Post(timeout.context(), [](int& state) { state += 100; }).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(actor.ApproxPending(), 1u);

  absl::Status posted;
  std::thread poster([&] { posted = actor.Post([](int& state) { state += 10; }); });
  AwaitTrue([&] { return actor.ApproxPending() == 2; });
  busy->Open();
  poster.join();
  EXPECT_TRUE(posted.ok());
  EXPECT_EQ(*actor.Call([](int& state) { return state; }), 11);

  busy = std::make_unique<Busy>(actor);
  EXPECT_TRUE(actor.TryPost([](int&) { FAIL() << "refused by the stop"; }).ok());
  std::thread waiting([&] { posted = actor.Post([](int&) { FAIL() << "refused by the stop"; }); });
  AwaitTrue([&] { return actor.ApproxPending() == 2; });
  std::thread stopper([&] { actor.Stop(); });
  AwaitTrue([&] { return actor.TryPost([](int&) {}).code() == kStopped; });
  busy->Open();
  stopper.join();
  waiting.join();
  EXPECT_EQ(posted.code(), kStopped);
}

TEST(Actor, RunsOnAnExecutorAndEndsWithIt) {
  ManualExecutor executor;
  Actor<int> actor({.name = "a", .executor = &executor}, 1);
  EXPECT_TRUE(actor.Post([](int& state) { ++state; }).ok());
  executor.RunAll();
  absl::Status pending;
  std::thread caller([&] { pending = actor.Call([](int&) {}); });
  AwaitTrue([&] { return executor.size() == 1; });
  executor.Close();
  caller.join();
  EXPECT_EQ(pending.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(actor.Call([](int&) {}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(actor.Call([](int&) {}).message(), "actor 'a': its executor was shut down");
}

TEST(Actor, ItsStateIsDestroyedBeforeStopReturns) {
  const auto state = std::make_shared<int>(1);
  Actor<std::shared_ptr<int>> actor({}, state);
  EXPECT_EQ(state.use_count(), 2);
  actor.Stop();
  EXPECT_EQ(state.use_count(), 1);
}

TEST(Actor, OnAnExecutorItsOwnCallMayDestroyIt) {
  InlineExecutor executor;
  const auto state = std::make_shared<int>(1);
  auto* const actor = new Actor<std::shared_ptr<int>>({.executor = &executor}, state);
  EXPECT_TRUE(actor
                  ->Call([actor](std::shared_ptr<int>& its_state) {
                    delete actor;
                    EXPECT_EQ(*its_state, 1) << "until the call has ended";
                  })
                  .ok());
  EXPECT_EQ(state.use_count(), 1);
}

TEST(Actor, ACoroutineCalls) {
  ThreadPool pool(1);
  Actor<int> actor({}, 40);
  const auto call = [](Actor<int>* its_actor, Context context) -> Task<absl::StatusOr<int>> {
    const absl::StatusOr<int> result = co_await its_actor->AsyncCall(context, [](int& state) { return state += 2; });
    co_return result;
  };
  EXPECT_EQ(*Spawn(pool, call(&actor, Context::Background())).Join(), 42);
  CancelHandle cancel = Context::Background().WithCancel();
  cancel.Cancel();
  EXPECT_EQ(Spawn(pool, call(&actor, cancel.context())).Join().status().code(), absl::StatusCode::kCancelled);
  {
    Busy busy(actor);
    Spawned<absl::StatusOr<int>> stopped = Spawn(pool, call(&actor, Context::Background()));
    AwaitTrue([&] { return actor.ApproxPending() == 1; });
    stopped.Stop();
    EXPECT_EQ(actor.ApproxPending(), 0u) << "withdrawn";

    CancelHandle later = Context::Background().WithCancel();
    Spawned<absl::StatusOr<int>> cancelled = Spawn(pool, call(&actor, later.context()));
    AwaitTrue([&] { return actor.ApproxPending() == 1; });
    later.Cancel();
    EXPECT_EQ(cancelled.Join().status().code(), absl::StatusCode::kCancelled);
  }
  EXPECT_EQ(*actor.Call([](int& state) { return state; }), 42);
  actor.Stop();
  EXPECT_EQ(Spawn(pool, call(&actor, Context::Background())).Join().status().code(), kStopped);
}

TEST(ActorDeathTest, AProgrammingErrorFailsAtOnce) {
  EXPECT_DEATH(Actor<int>({.capacity = 0}), "Actor: the capacity must be at least 1");
  EXPECT_DEATH(
      {
        auto* const actor = new Actor<int>;
        actor->Call([actor](int&) { delete actor; }).IgnoreError();
      },
      "~Actor: destroyed by a call that its own thread runs");
}

}  // namespace
}  // namespace eventbus::testing
