// Coroutines under hand-off, close, stop and the shutdown of their executor in the same instant.

#include <memory>
#include <utility>

#include "eventbus/async_select.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/inline_executor.h"
#include "eventbus/manual_executor.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

Task<int> ReceiveOne(ReceiveChannel<std::unique_ptr<int>> channel) {
  const absl::StatusOr<std::unique_ptr<int>> value = co_await channel.AsyncReceive();
  co_return value.ok() ? **value : -1;
}

Task<int> SendOne(SendChannel<std::unique_ptr<int>> channel) {
  auto value = std::make_unique<int>(1);
  const absl::Status status = co_await channel.AsyncSend(std::move(value));
  Check(status.ok() == (value == nullptr), "sent, or still here");
  co_return status.ok();
}

TEST(TaskModel, AThreadAndACoroutineMeet) {
  for (const int capacity : {0, 1}) {
    Explore([capacity] {
      ThreadPool pool(1);
      const Channel<std::unique_ptr<int>> channel(capacity);
      Spawned<int> received = Spawn(pool, ReceiveOne(channel));
      Check(channel.Send(std::make_unique<int>(7)).ok(), "sent");
      Check(*received.Join() == 7, "received");
    });
  }
}

TEST(TaskModel, CloseAgainstACoroutineThatReceives) {
  Explore([] {
    ThreadPool pool(1);
    const Channel<std::unique_ptr<int>> channel(0);
    Spawned<int> received = Spawn(pool, ReceiveOne(channel));
    channel.Close();
    Check(*received.Join() == -1, "the end");
  });
}

TEST(TaskModel, CloseAgainstACoroutineThatSends) {
  Explore([] {
    ThreadPool pool(1);
    const Channel<std::unique_ptr<int>> channel(0);
    Spawned<int> sent = Spawn(pool, SendOne(channel));
    channel.Close();
    Check(*sent.Join() == 0, "refused");
  });
}

// The frame goes in the instant in which its wait is claimed: its waiter must not go before the waker.
TEST(TaskModel, StopAgainstHandOff) {
  Explore([] {
    ManualExecutor executor;
    const Channel<std::unique_ptr<int>> channel(0);
    Spawned<int> received = Spawn(executor, ReceiveOne(channel));
    executor.RunAll();  // It waits.
    auto value = std::make_unique<int>(7);
    bool sent = false;
    Thread sender([&] { sent = channel.TrySend(std::move(value)).ok(); });
    received.Stop();
    Check(received.done(), "ended");
    sender.Join();
    Check(sent == (value == nullptr), "handed over, or still here");
    executor.RunAll();
  });
}

TEST(TaskModel, StopAgainstARun) {
  Explore([] {
    ManualExecutor executor;
    const Channel<std::unique_ptr<int>> channel(1);
    Spawned<int> received = Spawn(executor, ReceiveOne(channel));
    Check(channel.TrySend(std::make_unique<int>(7)).ok(), "room");
    Thread runner([&] { executor.RunAll(); });
    received.Stop();
    Check(received.done(), "ended");
    runner.Join();
    executor.RunAll();
  });
}

TEST(TaskModel, TwoStopsReturnOnceItHasEnded) {
  Explore([] {
    ManualExecutor executor;
    const Channel<std::unique_ptr<int>> channel(0);
    Spawned<int> received = Spawn(executor, ReceiveOne(channel));
    Thread runner([&] { executor.RunAll(); });
    Thread stopper([&] {
      received.Stop();
      Check(received.done(), "ended");
    });
    received.Stop();
    Check(received.done(), "ended");
    stopper.Join();
    runner.Join();
    executor.RunAll();
  });
}

TEST(TaskModel, ShutdownOfTheExecutorAgainstHandOff) {
  Explore([] {
    ManualExecutor executor;
    const Channel<std::unique_ptr<int>> channel(0);
    Spawned<int> received = Spawn(executor, ReceiveOne(channel));
    executor.RunAll();
    Thread sender([&] { Check(channel.TrySend(std::make_unique<int>(7)).ok(), "it waits"); });
    executor.Close();
    sender.Join();
    Check(received.Join().status().code() == absl::StatusCode::kUnavailable, "told");
  });
}

// Whoever woke the task may still be on the way to its executor when that goes.
TEST(TaskModel, EndOfTheExecutorAgainstHandOff) {
  Explore([] {
    auto executor = std::make_unique<ManualExecutor>();
    const Channel<std::unique_ptr<int>> channel(0);
    Spawned<int> received = Spawn(*executor, ReceiveOne(channel));
    executor->RunAll();
    auto value = std::make_unique<int>(7);
    Thread sender([&] { channel.TrySend(std::move(value)).IgnoreError(); });
    received.Stop();
    executor.reset();
    sender.Join();
    Check(received.done(), "ended");
  });
}

Task<absl::StatusCode> ReceiveUntilDone(ReceiveChannel<std::unique_ptr<int>> channel, Context context) {
  co_return (co_await channel.AsyncReceive(context)).status().code();
}

TEST(TaskModel, CancelAgainstHandOffLosesNothing) {
  Explore([] {
    ManualExecutor executor;
    const Channel<std::unique_ptr<int>> channel(0);
    CancelHandle cancel = Context::Background().WithCancel();
    Spawned<absl::StatusCode> received = Spawn(executor, ReceiveUntilDone(channel, cancel.context()));
    executor.RunAll();
    auto value = std::make_unique<int>(7);
    bool sent = false;
    Thread sender([&] { sent = channel.TrySend(std::move(value)).ok(); });
    cancel.Cancel();
    sender.Join();
    executor.RunAll();
    const absl::StatusCode code = *received.Join();
    Check(sent == (value == nullptr), "handed over, or still here");
    Check(sent == (code == absl::StatusCode::kOk), "received what was handed over");
    Check(sent || code == absl::StatusCode::kCancelled, "or cancelled");
  });
}

TEST(TaskModel, StopAgainstASelectThatIsClaimed) {
  const auto select = [](Channel<int> a, Channel<int> b) -> Task<int> {
    absl::StatusOr<int> value;
    co_return co_await AsyncSelect(a.OnReceive(&value), b.OnReceive(&value));
  };
  Explore([&] {
    ManualExecutor executor;
    const Channel<int> a(0);
    const Channel<int> b(0);
    Spawned<int> selected = Spawn(executor, select(a, b));
    executor.RunAll();
    int sent = 0;
    Thread sender([&] { sent += a.TrySend(1).ok(); });
    Thread other([&] { sent += b.TrySend(2).ok(); });
    selected.Stop();
    sender.Join();
    other.Join();
    Check(sent <= 1, "one case at most");
    executor.RunAll();
  });
}

TEST(TaskModel, TwoCoroutinesMeetOnOnePool) {
  Explore([] {
    ThreadPool pool(1);
    const Channel<std::unique_ptr<int>> channel(0);
    Spawned<int> received = Spawn(pool, ReceiveOne(channel));
    Spawned<int> sent = Spawn(pool, SendOne(channel));
    Check(*received.Join() == 1, "received");
    Check(*sent.Join() == 1, "sent");
  });
}

TEST(TaskModel, AnInlineCoroutineRunsInTheThreadThatFreesIt) {
  Explore([] {
    InlineExecutor here;
    const Channel<std::unique_ptr<int>> channel(0);
    Spawned<int> received = Spawn(here, ReceiveOne(channel));
    Thread sender([&] { Check(channel.TrySend(std::make_unique<int>(7)).ok(), "it waits"); });
    Check(*received.Join() == 7, "received");
  });
}

TEST(ThreadPoolModel, SubmitAgainstClose) {
  class Once final : public Work {
   public:
    void Run() override { ++count; }
    void Abandon() override { ++count; }
    int count = 0;
  };
  Explore([] {
    Once work;
    {
      ThreadPool pool(1);
      Thread submitter([&] { pool.Submit(work); });
      pool.Close();
    }
    Check(work.count == 1, "run or abandoned, once");
  });
}

TEST(ThreadPoolModel, IdleThreadsAreWoken) {
  class Once final : public Work {
   public:
    void Run() override { ++count; }
    void Abandon() override {}
    int count = 0;
  };
  Explore([] {
    Once a;
    Once b;
    {
      ThreadPool pool(2);
      WorkList works;
      works.PushBack(a);
      works.PushBack(b);
      pool.SubmitAll(std::move(works));
    }
    Check(a.count == 1 && b.count == 1, "both run");
  });
}

}  // namespace
}  // namespace eventbus
