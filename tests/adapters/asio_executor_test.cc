#include "eventbus/adapters/asio_executor.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/strand.hpp"
#include "boost/asio/thread_pool.hpp"
#include "eventbus/channel.h"
#include "eventbus/executor.h"
#include "eventbus/feed.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/adapters/executor_contract.h"
#include "tests/support/allocations.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

using boost::asio::io_context;
using Strand = boost::asio::strand<io_context::executor_type>;

// Threads that run a context, which ends when there is nothing left for it.
class Runners {
 public:
  Runners(io_context& context, int threads) : guard_(context.get_executor()) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([&context] { context.run(); });
  }
  ~Runners() { Join(); }

  void Join() {
    guard_.reset();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  boost::asio::executor_work_guard<io_context::executor_type> guard_;
  std::vector<std::thread> threads_;
};

class IoContextStage {
 public:
  static constexpr bool kSideBySide = true;

  explicit IoContextStage(int threads, ExceptionHandler on_exception = {})
      : executor_(context_, std::move(on_exception)), runners_(context_, threads) {}

  auto& executor() { return executor_; }
  void Finish() { runners_.Join(); }

 private:
  io_context context_;
  AsioExecutor<io_context::executor_type> executor_;
  Runners runners_;
};

class ThreadPoolStage {
 public:
  static constexpr bool kSideBySide = true;

  explicit ThreadPoolStage(int threads, ExceptionHandler on_exception = {})
      : pool_(static_cast<size_t>(threads)), executor_(pool_, std::move(on_exception)) {}

  auto& executor() { return executor_; }
  void Finish() { pool_.join(); }

 private:
  boost::asio::thread_pool pool_;
  AsioExecutor<boost::asio::thread_pool::executor_type> executor_;
};

// More threads than are asked for: a strand is one at a time all the same.
class StrandStage {
 public:
  static constexpr bool kSideBySide = false;

  explicit StrandStage(int threads, ExceptionHandler on_exception = {})
      : executor_(Strand(context_.get_executor()), std::move(on_exception)), runners_(context_, threads + 1) {}

  auto& executor() { return executor_; }
  void Finish() { runners_.Join(); }

 private:
  io_context context_;
  AsioExecutor<Strand> executor_;
  Runners runners_;
};

using Stages = ::testing::Types<IoContextStage, ThreadPoolStage, StrandStage>;
INSTANTIATE_TYPED_TEST_SUITE_P(Asio, ExecutorContract, Stages);

TEST(AsioExecutor, IsDeducedFromWhatItRunsOn) {
  io_context context;
  boost::asio::thread_pool pool(1);
  const AsioExecutor over_context(context);
  const AsioExecutor over_pool(pool, {});
  const AsioExecutor over_executor(context.get_executor());
  const AsioExecutor over_strand(Strand(context.get_executor()));
  const AsioExecutor over_strand_of_pool(boost::asio::make_strand(pool), [](std::exception_ptr) {});
  static_assert(std::is_same_v<decltype(over_context), decltype(over_executor)>);
  static_assert(std::is_same_v<decltype(over_context), const AsioExecutor<io_context::executor_type>>);
  static_assert(std::is_same_v<decltype(over_strand), const AsioExecutor<Strand>>);
  static_assert(!AsioContext<Strand> && !AsioExecutorType<io_context>);
}

TEST(AsioExecutor, NothingRunsInsideSubmitNotEvenInItsOwnThread) {
  io_context context;
  AsioExecutor executor(context);
  CountedWork work;
  executor.Submit(work);
  EXPECT_EQ(work.ran, 0);
  CountedWork inner;
  executor.Submit([&] {
    executor.Submit(inner);
    EXPECT_EQ(inner.ran, 0);
  });
  EXPECT_EQ(context.run(), 3u);
  EXPECT_EQ(work.ran, 1);
  EXPECT_EQ(inner.ran, 1);
}

TEST(AsioExecutor, RunsHereInAnyHandlerOfTheContextAndForAStrandInsideItOnly) {
  io_context context;
  AsioExecutor executor(context);
  AsioExecutor in_strand(Strand(context.get_executor()));
  int checked = 0;
  boost::asio::post(context, [&] { checked += executor.RunsHere() && !in_strand.RunsHere(); });
  in_strand.Submit([&] { checked += executor.RunsHere() && in_strand.RunsHere(); });
  context.run();
  EXPECT_EQ(checked, 2);
  EXPECT_FALSE(executor.RunsHere());
}

TEST(AsioExecutor, WhatWorkThrowsDoesNotLeaveRun) {
  io_context context;
  AsioExecutor executor(context);
  executor.Submit([] { throw std::runtime_error("x"); });
  executor.Submit([] { throw std::runtime_error("y"); });
  EXPECT_NO_THROW(EXPECT_EQ(context.run(), 2u));
  EXPECT_EQ(executor.exceptions(), 2u);
}

TEST(AsioExecutor, AStoppedContextKeepsWhatWasPostedUntilItIsRestarted) {
  io_context context;
  AsioExecutor executor(context);
  const Channel<int> values(8);
  Spawned<int64_t> consumer = Spawn(executor, Sum(values));
  const auto works = MakeWorks(10);
  for (size_t i = 0; i < 5; ++i) executor.Submit(*works[i]);
  executor.Submit([&] { context.stop(); });
  for (size_t i = 5; i < 10; ++i) executor.Submit(*works[i]);
  context.run();
  EXPECT_EQ(works[4]->ran, 1);
  EXPECT_EQ(works[5]->ran, 0);
  EXPECT_EQ(values.Send(7), absl::OkStatus());  // Wakes the consumer, while nobody runs it.
  values.Close();
  EXPECT_EQ(context.run(), 0u) << "still stopped";
  EXPECT_FALSE(consumer.done());
  context.restart();
  context.run();
  for (const auto& work : works) EXPECT_EQ(work->ran, 1);
  EXPECT_EQ(*consumer.Join(), 7);
}

TEST(AsioExecutor, ADestroyedContextAbandonsWhatHasNotRunOnce) {
  const auto works = MakeWorks(100);
  auto context = std::make_unique<io_context>();
  AsioExecutor executor(*context);
  for (const auto& work : works) executor.Submit(*work);
  for (int i = 0; i < 40; ++i) context->run_one();
  bool dropped = false;
  executor.Submit([token = std::shared_ptr<void>(nullptr, [&dropped](void*) { dropped = true; })] {});
  context.reset();
  for (size_t i = 0; i < works.size(); ++i) {
    EXPECT_EQ(works[i]->ran, i < 40 ? 1 : 0);
    EXPECT_EQ(works[i]->abandoned, i < 40 ? 0 : 1);
  }
  EXPECT_TRUE(dropped);
}

TEST(AsioExecutor, ADestroyedThreadPoolAbandonsWhatHasNotBegun) {
  const auto works = MakeWorks(100);
  auto pool = std::make_unique<boost::asio::thread_pool>(1);
  AsioExecutor executor(*pool);
  executor.Submit([&] { pool->stop(); });
  for (const auto& work : works) executor.Submit(*work);
  pool.reset();
  for (const auto& work : works) EXPECT_EQ(work->ran + work->abandoned, 1);
  EXPECT_EQ(works.back()->abandoned, 1);
}

TEST(AsioExecutor, ADestroyedContextEndsQueuedConsumersWithUnavailable) {
  const Channel<int> values(1);
  FeedOf<int> feed;
  auto context = std::make_unique<io_context>();
  AsioExecutor executor(*context);
  int calls = 0;
  const Subscription subscription = MustSubscribe(feed.Subscribe([&](int) { ++calls; }, {.executor = &executor}));
  Spawned<int64_t> fresh = Spawn(executor, Sum(values));
  context->run();
  context->restart();
  Spawned<int64_t> never_run = Spawn(executor, Sum(values));
  EXPECT_EQ(values.Send(1), absl::OkStatus());
  EXPECT_EQ(feed.Send(1).delivered, 1u);
  context.reset();
  EXPECT_EQ(fresh.Join().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(never_run.Join().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(subscription.Err().Receive()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(feed.Send(2).delivered, 0u);
  EXPECT_EQ(calls, 0);
}

// Closes a channel at the end of its life.
class Closer {
 public:
  explicit Closer(Channel<int> channel) : channel_(std::move(channel)) {}
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;
  ~Closer() { channel_.Close(); }

 private:
  const Channel<int> channel_;
};

Task<> HoldUntilTheEnd(ReceiveChannel<int> never, Channel<int> closed_at_end) {
  const Closer closer(std::move(closed_at_end));
  (void)(co_await never.AsyncReceive());
}

// The frames of an abandoned task wake another, which is submitted while the context is being destroyed.
TEST(AsioExecutor, AContextThatIsBeingDestroyedAbandonsWhatIsSubmittedMeanwhile) {
  const Channel<int> wakes(1);
  const Channel<int> waited(0);
  auto context = std::make_unique<io_context>();
  AsioExecutor executor(*context);
  Spawned<> holds = Spawn(executor, HoldUntilTheEnd(wakes, waited));
  Spawned<int64_t> waits = Spawn(executor, Sum(waited));
  context->run();
  EXPECT_EQ(wakes.Send(1), absl::OkStatus());  // Queues the first, which holds what the second waits for.
  context.reset();
  EXPECT_EQ(holds.Join().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(waits.Join().status().code(), absl::StatusCode::kUnavailable);
}

TEST(AsioExecutor, DestroyedBeforeItsContextLeavesWhatWasPostedToRun) {
  CountedWork posted;
  std::atomic<int> told{0};
  io_context context;
  {
    AsioExecutor executor(context, [&told](std::exception_ptr) { ++told; });
    executor.Submit(posted);
    executor.Submit([] { throw std::runtime_error("x"); });
  }
  EXPECT_EQ(posted.ran, 0);
  EXPECT_NO_THROW(context.run());
  EXPECT_EQ(posted.ran, 1);
  EXPECT_EQ(told, 1) << "the handler of exceptions lives as long as what was posted";
}

TEST(AsioExecutor, DestroyedBeforeItsContextLeavesWhatWasPostedToBeAbandoned) {
  CountedWork posted;
  CountedWork in_strand;
  {
    io_context context;
    AsioExecutor executor(context);
    AsioExecutor strand(Strand(context.get_executor()));
    executor.Submit(posted);
    strand.Submit(in_strand);
  }
  EXPECT_EQ(posted.ran, 0);
  EXPECT_EQ(posted.abandoned, 1);
  EXPECT_EQ(in_strand.ran, 0);
  EXPECT_EQ(in_strand.abandoned, 1);
}

TEST(AsioExecutor, DestroyedBeforeItsConsumersEndsThemWhenTheyAreWoken) {
  const Channel<int> values(1);
  const Channel<int> others(1);
  FeedOf<int> feed;
  int calls = 0;
  io_context context;
  auto executor = std::make_unique<AsioExecutor<io_context::executor_type>>(context);
  Spawned<int64_t> waits = Spawn(*executor, Sum(values));
  Spawned<int64_t> queued = Spawn(*executor, Sum(others));
  const Subscription subscription = MustSubscribe(feed.Subscribe([&](int) { ++calls; }, {.executor = executor.get()}));
  context.run();
  context.restart();
  EXPECT_EQ(others.Send(1), absl::OkStatus());
  executor.reset();
  EXPECT_EQ(values.Send(1), absl::OkStatus());
  EXPECT_EQ(waits.Join().status().code(), absl::StatusCode::kUnavailable);
  (void)feed.Send(1);
  EXPECT_EQ(subscription.Err().Receive()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(context.run(), 1u);
  EXPECT_FALSE(queued.done()) << "it was posted, has run, and waits again";
  EXPECT_EQ(others.Send(1), absl::OkStatus());
  EXPECT_EQ(queued.Join().status().code(), absl::StatusCode::kUnavailable);
}

TEST(AsioExecutor, MayBeDestroyedFromItsOwnWork) {
  io_context context;
  auto executor = std::make_unique<AsioExecutor<io_context::executor_type>>(context);
  CountedWork next;
  executor->Submit([&executor] { executor.reset(); });
  executor->Submit(next);
  context.run();
  EXPECT_EQ(executor, nullptr);
  EXPECT_EQ(next.ran, 1);
}

TEST(AsioExecutor, ASubmitWithoutMemoryAbandonsTheWorkAndDoesNotThrow) {
  io_context context;
  AsioExecutor executor(context);
  AsioExecutor strand(Strand(context.get_executor()));
  const auto works = MakeWorks(4);
  FailAllocation(1);
  EXPECT_NO_THROW(executor.Submit(*works[0]));
  ASSERT_EQ(AllocationsUntilFailure(), 0) << "nothing was allocated, so nothing failed";
  FailAllocation(1);
  EXPECT_NO_THROW(strand.Submit(*works[1]));
  ASSERT_EQ(AllocationsUntilFailure(), 0);
  executor.Submit(*works[2]);
  strand.Submit(*works[3]);
  context.run();
  for (size_t i = 0; i < works.size(); ++i) {
    EXPECT_EQ(works[i]->ran, i < 2 ? 0 : 1);
    EXPECT_EQ(works[i]->abandoned, i < 2 ? 1 : 0);
  }
}

// Submitters against the end of a pool: each work is run or abandoned, once.
Task<> YieldThrice() {
  for (int i = 0; i < 3; ++i) co_await Yield();
}

// What it has posted may want to go on when it has gone.
TEST(AsioExecutor, ATaskThatYieldsWhenItHasGoneEndsWithUnavailable) {
  boost::asio::io_context context;
  auto executor = std::make_unique<AsioExecutor<boost::asio::io_context::executor_type>>(context);
  Spawned<> yielding = Spawn(*executor, YieldThrice());
  executor.reset();
  context.run();
  EXPECT_EQ(yielding.Join().code(), absl::StatusCode::kUnavailable);
}

TEST(AsioExecutor, AHandlerMayDestroyItWithMoreThanABatchQueued) {
  boost::asio::io_context context;
  auto executor = std::make_unique<AsioExecutor<boost::asio::io_context::executor_type>>(context);
  FeedOf<int> feed;
  int handled = 0;
  const Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int) {
        if (handled++ == 0) executor.reset();
      },
      {.executor = executor.get(), .capacity = 200}));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(feed.TrySend(i).delivered, 1u);
  context.run();
  EXPECT_EQ(handled, 128);
  EXPECT_TRUE(subscription.ended());
}

TEST(AsioExecutor, SubmitAgainstStopRunsOrAbandonsEachOnce) {
  for (int round = 0; round < 100; ++round) {
    const auto works = MakeWorks(100);
    {
      boost::asio::thread_pool pool(2);
      AsioExecutor executor(pool);
      std::vector<std::thread> submitters;
      for (size_t t = 0; t < 2; ++t) {
        submitters.emplace_back([&, t] {
          for (size_t i = t; i < works.size(); i += 2) executor.Submit(*works[i]);
        });
      }
      pool.stop();
      for (std::thread& submitter : submitters) submitter.join();
    }
    for (const auto& work : works) ASSERT_EQ(work->ran + work->abandoned, 1);
  }
}

// A strand orders what several threads run: no two at once, and each sees what the one before it did.
TEST(AsioExecutor, WorksOfAStrandNeedNoLockBetweenThem) {
  int64_t plain = 0;
  io_context context;
  AsioExecutor executor(Strand(context.get_executor()));
  Runners runners(context, 3);
  std::vector<std::thread> submitters;
  for (int t = 0; t < 2; ++t) {
    submitters.emplace_back([&] {
      for (int i = 0; i < 3000; ++i) executor.Submit([&plain] { ++plain; });
    });
  }
  for (std::thread& submitter : submitters) submitter.join();
  runners.Join();
  EXPECT_EQ(plain, 6000);
}

}  // namespace
}  // namespace eventbus::testing
