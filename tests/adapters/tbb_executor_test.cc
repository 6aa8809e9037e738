// The executor over TBB itself. What its own lines do step by step is in tbb_executor_arena_test.cc.

#include "eventbus/adapters/tbb_executor.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "eventbus/channel.h"
#include "eventbus/executor.h"
#include "eventbus/feed.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/parallel_for.h"
#include "oneapi/tbb/task_arena.h"
#include "tests/adapters/executor_contract.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// TBB has a thread for each core but one, unless told otherwise.
class MoreThreads {
 public:
  explicit MoreThreads(int threads)
      : control_(oneapi::tbb::global_control::max_allowed_parallelism, static_cast<size_t>(threads) + 1) {}

 private:
  const oneapi::tbb::global_control control_;
};

class TbbStage {
 public:
  static constexpr bool kSideBySide = true;

  explicit TbbStage(int threads, ExceptionHandler on_exception = {})
      : more_(threads + 1),
        arena_(threads, /*reserved_for_masters=*/0),
        owner_(std::make_unique<TbbExecutor<>>(arena_, std::move(on_exception))),
        executor_(*owner_) {}

  auto& executor() { return executor_; }
  void Finish() { owner_.reset(); }

 private:
  const MoreThreads more_;  // For two stages.
  oneapi::tbb::task_arena arena_;
  std::unique_ptr<TbbExecutor<>> owner_;
  TbbExecutor<>& executor_;  // Works ask for it while it is being destroyed.
};

INSTANTIATE_TYPED_TEST_SUITE_P(Tbb, ExecutorContract, ::testing::Types<TbbStage>);

TEST(TbbExecutor, IsDeducedFromItsArena) {
  oneapi::tbb::task_arena arena;
  const TbbExecutor executor(arena);
  static_assert(std::is_same_v<decltype(executor), const TbbExecutor<oneapi::tbb::task_arena>>);
}

TEST(TbbExecutor, DestructionRunsAllThatWasSubmittedAlsoInAnArenaOfDefaults) {
  oneapi::tbb::task_arena arena;
  const auto works = MakeWorks(1000);
  {
    TbbExecutor executor(arena);
    for (const auto& work : works) executor.Submit(*work);
  }
  for (const auto& work : works) EXPECT_EQ(work->ran, 1);
}

TEST(TbbExecutor, CloseAbandonsWhatHasNotBegunAndWaitsForWhatRuns) {
  const MoreThreads more(1);
  oneapi::tbb::task_arena arena(1, 0);
  const Channel<int> values(1);
  FeedOf<int> feed;
  std::atomic<bool> began{false};
  std::atomic<bool> released{false};
  CountedWork queued;
  CountedWork refused;
  TbbExecutor executor(arena);
  executor.Submit([&] {
    began = true;
    AwaitTrue([&] { return released.load(); });
  });
  AwaitTrue([&] { return began.load(); });
  Spawned<int64_t> consumer = Spawn(executor, Sum(values));
  const Subscription subscription = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor}));
  EXPECT_EQ(feed.Send(1).delivered, 1u);
  executor.Submit(queued);
  std::atomic<bool> closed{false};
  std::thread closer([&] {
    executor.Close();
    closed = true;
  });
  AwaitTrue([&] { return queued.abandoned == 1; });
  EXPECT_FALSE(closed);
  executor.Submit(refused);
  EXPECT_EQ(refused.abandoned, 1);
  released = true;
  closer.join();
  EXPECT_EQ(queued.ran, 0);
  EXPECT_EQ(consumer.Join().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(subscription.Err().Receive()->code(), absl::StatusCode::kUnavailable);
}

TEST(TbbExecutor, WorkMayComputeInParallelInItsArena) {
  const MoreThreads more(2);
  oneapi::tbb::task_arena arena(2, 0);
  std::atomic<int> done{0};
  std::atomic<int> right{0};
  {
    TbbExecutor executor(arena);
    for (int i = 0; i < 20; ++i) {
      executor.Submit([&] {
        oneapi::tbb::parallel_for(0, 100, [&](int) { ++done; });
        right += executor.RunsHere();
      });
    }
  }
  EXPECT_EQ(done, 2000);
  EXPECT_EQ(right, 20);
}

TEST(TbbExecutor, OthersInTheArenaHaveTheirTurn) {
  const MoreThreads more(1);
  oneapi::tbb::task_arena arena(1, 0);
  std::atomic<bool> other_ran{false};
  // There is always one in the queue, until the other has run.
  class Again final : public Work {
   public:
    Again(Executor& executor, const std::atomic<bool>& until) : executor_(executor), until_(until) {}
    void Run() override {
      if (until_) {
        over = true;
      } else {
        executor_.Submit(*this);
      }
    }
    void Abandon() override {}

    std::atomic<bool> over{false};

   private:
    Executor& executor_;
    const std::atomic<bool>& until_;
  };
  TbbExecutor executor(arena);
  Again again(executor, other_ran);
  executor.Submit(again);
  arena.enqueue([&other_ran] { other_ran = true; });
  AwaitTrue([&] { return again.over.load(); });
}

}  // namespace
}  // namespace eventbus::testing
