// Keyed tasks that are started, end, and are stopped in one instant.

#include <memory>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/keyed_tasks.h"
#include "eventbus/manual_executor.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

TEST(KeyedModel, StopAgainstTheEndOfTheTask) {
  Explore([] {
    ManualExecutor executor;
    KeyedTasks<int> tasks({.executor = &executor});
    bool inside = false;
    const auto body = [&](const Context&) {
      inside = true;
      executor.size();  // A point at which others could come in.
      inside = false;
    };
    Check(tasks.Start(1, body).ok(), "started");
    Thread runner([&] { executor.RunAll(); });
    Check(tasks.Stop(1).ok() && !inside && !tasks.Has(1), "ended");
    Check(tasks.Start(1, body).ok(), "the key is free");
    runner.Join();
    executor.RunAll();
    Check(tasks.ApproxSize() == 0, "empty");
  });
}

// Who stops it may find a task that is not yet in the hands of its executor.
TEST(KeyedModel, StopAgainstStart) {
  Explore([] {
    ManualExecutor executor;
    KeyedTasks<int> tasks({.executor = &executor});
    Thread starter([&] { Check(tasks.Start(1, [](const Context&) {}).ok(), "started"); });
    Check(tasks.Stop(1).ok(), "ended, or not begun");
    starter.Join();
    tasks.Close();
    executor.RunAll();
  });
}

TEST(KeyedModel, CloseAgainstStartLeavesNothing) {
  Explore([] {
    ManualExecutor executor;
    KeyedTasks<int> tasks({.executor = &executor});
    Thread starter([&] { tasks.Start(1, [](const Context&) {}).IgnoreError(); });
    Thread runner([&] { executor.RunAll(); });
    tasks.Close();
    Check(tasks.ApproxSize() == 0, "empty");
    starter.Join();
    runner.Join();
    executor.RunAll();
  });
}

TEST(KeyedModel, WhoWaitsForAllIsWokenByTheLast) {
  Explore([] {
    ManualExecutor executor;
    KeyedTasks<int> tasks({.executor = &executor});
    Check(tasks.Start(1, [](const Context&) {}).ok(), "started");
    Check(tasks.Start(2, [](const Context&) {}).ok(), "started");
    Thread runner([&] { executor.RunAll(); });
    Check(tasks.Wait(Context::Background()).ok(), "woken");
    Check(tasks.ApproxSize() == 0, "empty");
    runner.Join();
  });
}

TEST(KeyedThreadModel, StopAgainstStopAndTheEndOfTheThread) {
  Explore([] {
    KeyedTasks<int> tasks;
    bool inside = false;
    Check(tasks
              .Start(1,
                     [&](const Context& context) {
                       inside = true;
                       static_cast<void>(context.done());  // A point at which others could come in.
                       inside = false;
                     })
              .ok(),
          "started");
    Thread other([&] { Check(tasks.Stop(1).ok(), "ended"); });
    Check(tasks.Stop(1).ok() && !inside && !tasks.Has(1), "ended");
    other.Join();
  });
}

// Who stops it before its thread has been started waits for a thread that never will be.
TEST(KeyedThreadModel, StartAgainstStop) {
  Explore([] {
    KeyedTasks<int> tasks;
    Thread other([&] { Check(tasks.Stop(1).ok(), "ended, or not there yet"); });
    Check(tasks.Start(1, [](const Context&) {}).ok(), "started");
    other.Join();
    Check(tasks.Stop(1).ok() && !tasks.Has(1), "ended");
  });
}

TEST(KeyedThreadModel, AStartWhileAThreadEnds) {
  Explore([] {
    KeyedTasks<int> tasks;
    Check(tasks.Start(1, [](const Context&) {}).ok(), "started");
    Check(tasks.Start(2, [](const Context&) {}).ok(), "started");
    Check(tasks.Wait(Context::Background()).ok() && tasks.ApproxSize() == 0, "ended");
  });
}

TEST(KeyedThreadModel, ATaskThatDestroysItsOwnerEndsAlone) {
  Explore([] {
    auto tasks = std::make_unique<KeyedTasks<int>>();
    const Channel<int> started;
    const Channel<int> over;
    Check(tasks
              ->Start(1,
                      [&](const Context& context) {
                        started.Receive().IgnoreError();
                        tasks.reset();
                        Check(context.done(), "asked to stop");
                        over.Close();
                      })
              .ok(),
          "started");
    started.Close();
    over.Receive().IgnoreError();
  });
}

}  // namespace
}  // namespace eventbus
