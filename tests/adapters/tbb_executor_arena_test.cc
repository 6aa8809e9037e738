// The executor for TBB on arenas that are made for tests: one that is run by hand and can be told to refuse, and one of
// threads, with which ThreadSanitizer sees all that there is.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "eventbus/adapters/tbb_executor.h"
#include "eventbus/channel.h"
#include "eventbus/executor.h"
#include "eventbus/manual_executor.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/adapters/executor_contract.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

class ThreadArena {
 public:
  explicit ThreadArena(int threads) : threads_(threads), pool_(threads) {}

  template <typename Function>
  void enqueue(Function function) {
    pool_.Submit(function);
  }
  int max_concurrency() const { return threads_; }

 private:
  const int threads_;
  ThreadPool pool_;
};

class ManualArena {
 public:
  explicit ManualArena(int concurrency) : concurrency_(concurrency) {}

  template <typename Function>
  void enqueue(Function function) {
    if (refusals > 0) {
      --refusals;
      throw std::bad_alloc();
    }
    ++enqueued;
    tasks.Submit(function);
  }
  int max_concurrency() const { return concurrency_; }

  ManualExecutor tasks;
  int refusals = 0;  // How many of the next calls are refused.
  int enqueued = 0;

 private:
  const int concurrency_;
};

class ThreadArenaStage {
 public:
  static constexpr bool kSideBySide = true;

  explicit ThreadArenaStage(int threads, ExceptionHandler on_exception = {})
      : arena_(threads),
        owner_(std::make_unique<TbbExecutor<ThreadArena>>(arena_, std::move(on_exception))),
        executor_(*owner_) {}

  auto& executor() { return executor_; }
  void Finish() { owner_.reset(); }

 private:
  ThreadArena arena_;
  std::unique_ptr<TbbExecutor<ThreadArena>> owner_;
  TbbExecutor<ThreadArena>& executor_;  // Works ask for it while it is being destroyed.
};

INSTANTIATE_TYPED_TEST_SUITE_P(ThreadArena, ExecutorContract, ::testing::Types<ThreadArenaStage>);

TEST(TbbExecutorRunners, AreAsManyAsThereIsWorkAndTheArenaHasRoomFor) {
  ManualArena arena(3);
  TbbExecutor executor(arena);
  const auto works = MakeWorks(5);
  executor.Submit(*works[0]);
  EXPECT_EQ(arena.enqueued, 1);
  executor.Submit(*works[1]);
  EXPECT_EQ(arena.enqueued, 2);
  WorkList list;
  for (size_t i = 2; i < 5; ++i) list.PushBack(*works[i]);
  executor.SubmitAll(std::move(list));
  EXPECT_EQ(arena.enqueued, 3);
  EXPECT_EQ(arena.tasks.RunAll(), 3u);
  for (const auto& work : works) EXPECT_EQ(work->ran, 1);
}

TEST(TbbExecutorRunners, AreThereInAnArenaThatSaysItHasNoRoom) {
  ManualArena arena(0);
  TbbExecutor executor(arena);
  CountedWork work;
  executor.Submit(work);
  arena.tasks.RunAll();
  EXPECT_EQ(work.ran, 1);
}

TEST(TbbExecutorRunners, GoBackToTheArenaAfterABatch) {
  ManualArena arena(1);
  TbbExecutor executor(arena);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) executor.Submit([&order, i] { order.push_back(i); });
  size_t before_other = 0;
  arena.tasks.Submit([&] { before_other = order.size(); });
  arena.tasks.RunAll();
  EXPECT_GT(before_other, 0u);
  EXPECT_LT(before_other, 100u);
  EXPECT_EQ(order, Ascending(100));
}

TEST(TbbExecutorRunners, GoOnWhereTheArenaRefusesTheNext) {
  ManualArena arena(1);
  TbbExecutor executor(arena);
  const auto works = MakeWorks(1000);
  for (const auto& work : works) executor.Submit(*work);
  arena.refusals = 2;
  arena.tasks.RunAll();
  EXPECT_EQ(arena.refusals, 0);
  for (const auto& work : works) ASSERT_EQ(work->ran, 1);
}

TEST(TbbExecutor, AnArenaThatRefusesTheOnlyRunnerHasTheWorkAbandoned) {
  ManualArena arena(4);
  TbbExecutor executor(arena);
  const auto works = MakeWorks(3);
  WorkList list;
  for (const auto& work : works) list.PushBack(*work);
  arena.refusals = 3;
  EXPECT_NO_THROW(executor.SubmitAll(std::move(list)));
  for (const auto& work : works) EXPECT_EQ(work->abandoned, 1);
  CountedWork next;
  executor.Submit(next);
  arena.tasks.RunAll();
  EXPECT_EQ(next.ran, 1) << "usable when there is memory again";
}

TEST(TbbExecutor, AnArenaThatRefusesOneOfSeveralRunnersLosesNothing) {
  ManualArena arena(4);
  TbbExecutor executor(arena);
  const auto works = MakeWorks(3);
  executor.Submit(*works[0]);
  arena.refusals = 2;
  executor.Submit(*works[1]);
  executor.Submit(*works[2]);
  EXPECT_EQ(arena.tasks.RunAll(), 1u);
  for (const auto& work : works) EXPECT_EQ(work->ran, 1);
}

TEST(TbbExecutor, CloseFromItsOwnWorkDoesNotWaitAndTheNextAreAbandoned) {
  ManualArena arena(1);
  CountedWork queued;
  CountedWork refused;
  bool closed = false;
  TbbExecutor executor(arena);
  executor.Submit([&] {
    executor.Close();
    closed = true;
  });
  executor.Submit(queued);
  arena.tasks.RunAll();
  EXPECT_TRUE(closed);
  EXPECT_EQ(queued.abandoned, 1);
  executor.Submit(refused);
  EXPECT_EQ(refused.abandoned, 1);
  executor.Close();
}

TEST(TbbExecutor, DestructionAbandonsWhatItsWorksSubmitMeanwhile) {
  // Submits itself until it is refused.
  class Again final : public Work {
   public:
    void Run() override {
      ++runs;
      executor->Submit(*this);
    }
    void Abandon() override { ++abandoned; }

    Executor* executor = nullptr;
    std::atomic<int> runs{0};
    std::atomic<int> abandoned{0};
  };
  Again again;
  {
    ThreadArena arena(2);
    TbbExecutor executor(arena);
    again.executor = &executor;
    executor.Submit(again);
    AwaitTrue([&] { return again.runs > 100; });
  }
  EXPECT_EQ(again.abandoned, 1);
}

TEST(TbbExecutor, DestroyedBeforeItsConsumersEndsThemWhenTheyAreWoken) {
  const Channel<int> values(1);
  ManualArena arena(1);
  Spawned<int64_t> waits;
  {
    TbbExecutor executor(arena);
    waits = Spawn(executor, Sum(values));
    arena.tasks.RunAll();
  }
  EXPECT_FALSE(waits.done());
  EXPECT_EQ(values.Send(1), absl::OkStatus());
  EXPECT_EQ(waits.Join().status().code(), absl::StatusCode::kUnavailable);
}

// Submitters against the end: each work is run or abandoned, once.
TEST(TbbExecutor, SubmitAgainstCloseRunsOrAbandonsEachOnce) {
  for (int round = 0; round < 200; ++round) {
    const auto works = MakeWorks(100);
    ThreadArena arena(2);
    {
      TbbExecutor executor(arena);
      std::vector<std::thread> submitters;
      for (size_t t = 0; t < 2; ++t) {
        submitters.emplace_back([&, t] {
          for (size_t i = t; i < works.size(); i += 2) executor.Submit(*works[i]);
        });
      }
      executor.Close();
      for (std::thread& submitter : submitters) submitter.join();
    }
    for (const auto& work : works) ASSERT_EQ(work->ran + work->abandoned, 1);
  }
}

// The last runner against the destructor, which may find it on its way out.
TEST(TbbExecutor, DestructionRightAfterTheLastWork) {
  ThreadArena arena(2);
  for (int round = 0; round < 5000; ++round) {
    std::atomic<int> ran{0};
    {
      TbbExecutor executor(arena);
      executor.Submit([&ran] { ++ran; });
      if (round % 2 == 0) AwaitTrue([&ran] { return ran.load() == 1; });
    }
    ASSERT_EQ(ran, 1);
  }
}

TEST(TbbExecutorDeathTest, IsNotDestroyedFromItsOwnWork) {
  ManualArena arena(1);
  auto executor = std::make_unique<TbbExecutor<ManualArena>>(arena);
  executor->Submit([&executor] { EXPECT_DEATH(executor.reset(), "destroyed from one of its own works"); });
  arena.tasks.RunAll();
}

}  // namespace
}  // namespace eventbus::testing
