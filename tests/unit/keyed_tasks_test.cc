#include "eventbus/keyed_tasks.h"

#include <atomic>
#include <functional>
#include <memory>
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
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

void UntilStopped(const Context& context) { Select({context.OnDone()}); }

TEST(KeyedTasks, OneTaskAKey) {
  KeyedTasks<std::string> tasks({.name = "watchers"});
  EXPECT_TRUE(tasks.Start("a", UntilStopped).ok());
  EXPECT_TRUE(tasks.Start("b", UntilStopped).ok());
  EXPECT_EQ(tasks.Start("a", UntilStopped),
            absl::AlreadyExistsError("keyed tasks 'watchers': a task with this key has not ended"));
  EXPECT_EQ(tasks.ApproxSize(), 2u);
  EXPECT_TRUE(tasks.Stop("a").ok());
  EXPECT_FALSE(tasks.Has("a"));
  EXPECT_TRUE(tasks.Has("b"));
  EXPECT_TRUE(tasks.Stop("a").ok()) << "there is none";
  EXPECT_TRUE(tasks.Start("a", UntilStopped).ok());
}

TEST(KeyedTasks, AThousandStartsAndStopsLeaveAnEmptyMap) {
  ThreadPool pool(2);
  for (Executor* const executor : {static_cast<Executor*>(nullptr), static_cast<Executor*>(&pool)}) {
    KeyedTasks<int> tasks({.executor = executor});
    std::atomic<int> running{0};
    for (int i = 0; i < 1000; ++i) {
      EXPECT_TRUE(tasks
                      .Start(i % 3,
                             [&](const Context& context) {
                               ++running;
                               UntilStopped(context);
                               --running;
                             })
                      .ok());
      EXPECT_TRUE(tasks.Stop(i % 3).ok());
      EXPECT_EQ(running, 0);
    }
    EXPECT_EQ(tasks.ApproxSize(), 0u);
  }
}

TEST(KeyedTasks, ATaskThatEndsByItselfTakesOutItsEntry) {
  KeyedTasks<int> tasks;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(tasks.Start(1, [](const Context&) {}).ok());
    EXPECT_TRUE(tasks.Wait(Context::Background()).ok());
    EXPECT_FALSE(tasks.Has(1));
  }
}

TEST(KeyedTasks, StartAndStopFromManyThreadsNeverRunTwoOfAKey) {
  KeyedTasks<int> tasks;
  std::atomic<int> inside{0};
  std::vector<std::thread> users;
  for (int t = 0; t < 4; ++t) {
    users.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const absl::Status started = tasks.Start(1, [&](const Context& context) {
          EXPECT_EQ(inside++, 0);
          UntilStopped(context);
          --inside;
        });
        EXPECT_TRUE(started.ok() || absl::IsAlreadyExists(started));
        EXPECT_TRUE(tasks.Stop(1).ok());
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_EQ(tasks.ApproxSize(), 0u);
}

TEST(KeyedTasks, StopWithAContextGivesUpAndHasAsked) {
  KeyedTasks<int> tasks;
  const Channel<int> go_on;
  Context seen = Context::Background();
  const Channel<int> entered;
  EXPECT_TRUE(tasks
                  .Start(1,
                         [&](const Context& context) {
                           seen = context;
                           entered.Close();
                           go_on.Receive().IgnoreError();
                         })
                  .ok());
  entered.Receive().IgnoreError();
  const CancelHandle timeout = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(tasks.Stop(timeout.context(), 1).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(tasks.StopAll(timeout.context()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(tasks.Wait(timeout.context()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(seen.done());
  EXPECT_TRUE(tasks.Has(1));
  EXPECT_EQ(TrySelect({tasks.OnNone()}), -1);
  go_on.Close();
  EXPECT_TRUE(tasks.StopAll().ok());
  EXPECT_EQ(Select({tasks.OnNone()}), 0);
}

TEST(KeyedTasks, FromInsideATaskNothingWaits) {
  KeyedTasks<int> tasks;
  EXPECT_TRUE(tasks.Start(2, UntilStopped).ok());
  std::vector<absl::Status> results;
  EXPECT_TRUE(tasks
                  .Start(1,
                         [&](const Context& context) {
                           results.push_back(tasks.Wait(Context::Background()));
                           results.push_back(tasks.Stop(1));
                           EXPECT_TRUE(context.done());
                           results.push_back(tasks.Stop(2));
                           results.push_back(tasks.StopAll());
                           tasks.Close();
                         })
                  .ok());
  EXPECT_TRUE(tasks.Wait(Context::Background()).ok());
  ASSERT_EQ(results.size(), 4u);
  for (const absl::Status& result : results) EXPECT_EQ(result.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(KeyedTasks, ErrorsReachTheHookWithTheKey) {
  std::vector<std::pair<int, absl::Status>> errors;
  InlineExecutor executor;
  KeyedTasks<int> tasks(
      {.name = "t", .executor = &executor, .on_error = [&](const int& key, const absl::Status& error) {
         errors.emplace_back(key, error);
         throw std::runtime_error("ignored");
       }});
  EXPECT_TRUE(tasks.Start(1, [](const Context&) { return absl::AbortedError("no"); }).ok());
  EXPECT_TRUE(tasks.Start(2, [](const Context&) { throw std::runtime_error("lost"); }).ok());
  EXPECT_TRUE(tasks.Start(3, [](const Context&) { return absl::OkStatus(); }).ok());
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0], std::make_pair(1, absl::Status(absl::AbortedError("no"))));
  EXPECT_EQ(errors[1], std::make_pair(2, absl::Status(absl::InternalError("keyed tasks 't': a task threw: lost"))));
}

TEST(KeyedTasks, OneThatIsStoppedBeforeItBeganNeverRuns) {
  ManualExecutor executor;
  KeyedTasks<int> tasks({.executor = &executor});
  const auto captured = std::make_shared<int>(1);
  EXPECT_TRUE(tasks.Start(1, [captured](const Context&) { FAIL(); }).ok());
  EXPECT_TRUE(tasks.Stop(1).ok());
  EXPECT_EQ(captured.use_count(), 1);
  EXPECT_TRUE(tasks.Start(1, [captured](const Context&) { FAIL(); }).ok());
  tasks.Close();
  EXPECT_EQ(tasks.ApproxSize(), 0u);
  EXPECT_EQ(tasks.Start(1, UntilStopped), absl::FailedPreconditionError("keyed tasks '': closed"));
  executor.RunAll();
}

TEST(KeyedTasks, TheEndOfTheExecutorEndsItsTasks) {
  ManualExecutor executor;
  absl::Status told;
  KeyedTasks<int> tasks(
      {.executor = &executor, .on_error = [&](const int&, const absl::Status& error) { told = error; }});
  EXPECT_TRUE(tasks.Start(1, UntilStopped).ok());
  executor.Close();
  EXPECT_EQ(told.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(tasks.Has(1));
  EXPECT_TRUE(tasks.Start(1, UntilStopped).ok());
  EXPECT_FALSE(tasks.Has(1));
}

// Says when the last of a thread has gone: what is local to it. It takes its time.
struct GoesWithItsThread {
  ~GoesWithItsThread() {
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    if (gone != nullptr) *gone = true;
  }

  std::atomic<bool>* gone = nullptr;
};
thread_local GoesWithItsThread of_this_thread;

TEST(KeyedTasks, WhoWaitsForATaskWaitsForItsThreadToo) {
  KeyedTasks<int> tasks;
  for (const auto& wait : std::vector<std::function<absl::Status()>>{
           [&] { return tasks.Stop(1); }, [&] { return tasks.StopAll(); },
           [&] { return tasks.Wait(Context::Background()); }, [&] { return (tasks.Close(), absl::OkStatus()); }}) {
    std::atomic<bool> gone{false};
    const Channel<int> entered;
    EXPECT_TRUE(tasks
                    .Start(1,
                           [&gone, entered](const Context&) {
                             of_this_thread.gone = &gone;
                             entered.Close();
                           })
                    .ok());
    entered.Receive().IgnoreError();
    EXPECT_TRUE(wait().ok());
    EXPECT_TRUE(gone) << "also if the task had ended before";
  }
}

Task<> StartAnother(KeyedTasks<int>* tasks, Case none, Channel<int> both) {
  co_await AsyncSelect(std::move(none));
  EXPECT_TRUE(tasks->Stop(7).ok()) << "which does not wait for the thread that this runs in";
  EXPECT_TRUE(tasks->Start(2, [](const Context&) {}).ok());
  both.Close();
}

TEST(KeyedTasks, WhomTheLastOneWokeMayGoOnInItsThread) {
  InlineExecutor executor;
  KeyedTasks<int> tasks;
  const Channel<int> begin;
  const Channel<int> over;
  EXPECT_TRUE(tasks.Start(1, [begin](const Context&) { begin.Receive().IgnoreError(); }).ok());
  Spawned<> next = Spawn(executor, StartAnother(&tasks, tasks.OnNone(), over));
  begin.Close();
  over.Receive().IgnoreError();
  EXPECT_TRUE(next.Join().ok());
  EXPECT_TRUE(tasks.Wait(Context::Background()).ok());
}

TEST(KeyedTasks, ItsOwnTaskMayDestroyIt) {
  const Channel<int> over;
  auto* const tasks = new KeyedTasks<int>;
  EXPECT_TRUE(tasks
                  ->Start(1,
                          [tasks, over](const Context& context) {
                            delete tasks;
                            EXPECT_TRUE(context.done());
                            over.Close();
                          })
                  .ok());
  over.Receive().IgnoreError();
}

}  // namespace
}  // namespace eventbus::testing
