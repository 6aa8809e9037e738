#include "eventbus/thread_pool.h"

#include <atomic>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/internal/waiting/worker_thread.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// Counts what becomes of it.
class CountedWork final : public Work {
 public:
  void Run() override { ++ran; }
  void Abandon() override { ++abandoned; }

  std::atomic<int> ran{0};
  std::atomic<int> abandoned{0};
};

TEST(ThreadPool, OneThreadRunsWorkInTheOrderInWhichItCame) {
  std::vector<int> order;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 100; ++i) pool.Submit([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ThreadPool, DestructionRunsAllThatWasAccepted) {
  std::atomic<int> ran{0};
  {
    ThreadPool pool(3);
    for (int i = 0; i < 1000; ++i) pool.Submit([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPool, ThreadsRunSideBySide) {
  ThreadPool pool(2);
  const Channel<int> meet(0);
  std::atomic<int> met{0};
  pool.Submit([&] { met += meet.Send(1).ok(); });
  pool.Submit([&] { met += meet.Receive().ok(); });
  EXPECT_EQ(DrainInTime(pool).status, absl::OkStatus());
  EXPECT_EQ(met, 2);
}

TEST(ThreadPool, ABatchWakesAsManyThreadsAsItNeeds) {
  class Meeting final : public Work {
   public:
    explicit Meeting(std::atomic<int>& here) : here_(here) {}
    void Run() override {
      ++here_;
      AwaitTrue([this] { return here_.load() == 3; });
    }
    void Abandon() override {}

   private:
    std::atomic<int>& here_;
  };
  std::atomic<int> here{0};
  Meeting a(here);
  Meeting b(here);
  Meeting c(here);
  ThreadPool pool(3);  // Last, so that it goes first: the works must outlive their runs.
  WorkList list;
  for (Meeting* meeting : {&a, &b, &c}) list.PushBack(*meeting);
  pool.SubmitAll(std::move(list));
  AwaitTrue([&] { return here.load() == 3; });
}

TEST(ThreadPool, SurvivesWorkThatThrowsAndTellsOfIt) {
  std::atomic<int> told{0};
  ThreadPool pool(1, {.on_exception = [&told](std::exception_ptr thrown) {
                    try {
                      std::rethrow_exception(thrown);
                    } catch (const std::runtime_error&) {
                      ++told;
                    }
                  }});
  bool ran = false;
  pool.Submit([] { throw std::runtime_error("x"); });
  pool.Submit([&ran] { ran = true; });
  EXPECT_EQ(DrainInTime(pool).status, absl::OkStatus());
  EXPECT_TRUE(ran);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(pool.exceptions(), 1u);
}

TEST(ThreadPool, KnowsItsOwnThreads) {
  ThreadPool pool(2);
  ThreadPool other(1);
  std::atomic<int> right{0};
  pool.Submit([&] { right += pool.RunsHere() && !other.RunsHere(); });
  other.Submit([&] { right += other.RunsHere() && !pool.RunsHere(); });
  AwaitTrue([&] { return right.load() == 2; });
  EXPECT_FALSE(pool.RunsHere());
}

TEST(ThreadPool, ItsThreadsKnowWhetherMoreOfItsWorkWaits) {
  using internal::WorkerThread;
  ThreadPool pool(1);
  ThreadPool other(1);
  std::vector<bool> free;
  pool.Submit([&] {
    free.push_back(WorkerThread::HasNothingElse(pool));
    free.push_back(WorkerThread::HasNothingElse(other));
    pool.Submit([&] { free.push_back(WorkerThread::HasNothingElse(pool)); });
    free.push_back(WorkerThread::HasNothingElse(pool));
  });
  EXPECT_TRUE(DrainInTime(pool).ok());
  EXPECT_EQ(free, std::vector<bool>({true, false, false, true}));
  EXPECT_FALSE(WorkerThread::HasNothingElse(pool)) << "it has threads of its own";
}

TEST(ThreadPool, DrainThatIsLateLeavesTheRestRunning) {
  std::atomic<bool> began{false};
  std::atomic<bool> released{false};
  CountedWork queued;
  CountedWork refused;
  {
    ThreadPool pool(1, {.name = "p"});
    pool.Submit([&] {
      began = true;
      AwaitTrue([&] { return released.load(); });
    });
    AwaitTrue([&] { return began.load(); });
    pool.Submit(queued);
    const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(1));
    const DrainReport late = pool.Drain(soon.context());
    EXPECT_EQ(late.status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(late.entries, std::vector<DrainEntry>({{.name = "p", .left = 1, .running = 1}}));
    EXPECT_EQ(pool.Drain(soon.context()).status.code(), absl::StatusCode::kInvalidArgument) << "a dead context";
    pool.Submit(refused);
    EXPECT_EQ(refused.abandoned, 1);
    released = true;
    EXPECT_EQ(DrainInTime(pool).status, absl::OkStatus());
    EXPECT_EQ(queued.ran, 1);
  }
  EXPECT_EQ(refused.ran, 0);
}

TEST(ThreadPool, DrainLetsWorkGoOnThatSubmitsMore) {
  std::deque<CountedWork> probes;
  ThreadPool pool(1);
  std::atomic<bool> draining{false};
  bool more = false;
  pool.Submit([&] {
    AwaitTrue([&] { return draining.load(); });
    pool.Submit([&] { pool.Submit([&] { more = true; }); });
  });
  std::thread drainer([&] { EXPECT_EQ(DrainInTime(pool).status, absl::OkStatus()); });
  AwaitTrue([&] {
    pool.Submit(probes.emplace_back());
    return probes.back().abandoned == 1;
  });
  draining = true;
  drainer.join();
  EXPECT_TRUE(more);
}

TEST(ThreadPool, DrainLeavesThreadsForWorkThatWaitsForWhatItSubmits) {
  ThreadPool pool(2);
  std::atomic<bool> idle{false};
  std::atomic<bool> ran{false};
  std::deque<CountedWork> probes;
  pool.Submit([&] {
    AwaitTrue([&] { return idle.load(); });
    pool.Submit([&] { ran = true; });
    AwaitTrue([&] { return ran.load(); });
  });
  std::thread drainer([&] { EXPECT_EQ(DrainInTime(pool).status, absl::OkStatus()); });
  AwaitTrue([&] {
    pool.Submit(probes.emplace_back());
    AwaitTrue([&] { return probes.back().ran + probes.back().abandoned == 1; });
    return probes.back().abandoned == 1;
  });
  idle = true;
  drainer.join();
  EXPECT_TRUE(ran);
}

TEST(ThreadPool, CloseAbandonsWhatHasNotBegun) {
  ThreadPool pool(1);
  std::atomic<bool> began{false};
  std::atomic<bool> released{false};
  CountedWork queued;
  pool.Submit([&] {
    began = true;
    AwaitTrue([&] { return released.load(); });
  });
  AwaitTrue([&] { return began.load(); });
  pool.Submit(queued);
  bool dropped = false;
  pool.Submit([token = std::shared_ptr<void>(nullptr, [&dropped](void*) { dropped = true; })] {});
  std::thread closer([&] { pool.Close(); });
  AwaitTrue([&] { return queued.abandoned == 1; });
  released = true;
  closer.join();
  EXPECT_EQ(queued.ran, 0);
  EXPECT_TRUE(dropped);
}

TEST(ThreadPool, DrainFromItsOwnThreadIsRefusedAndCloseDoesNotWait) {
  ThreadPool pool(1, {.name = "own"});
  absl::Status drained;
  std::atomic<bool> closed{false};
  pool.Submit([&] {
    drained = DrainInTime(pool).status;
    pool.Close();
    closed = true;
  });
  AwaitTrue([&] { return closed.load(); });
  EXPECT_EQ(drained.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(drained.message().find("own"), std::string_view::npos);
}

TEST(ThreadPool, IdleThreadsUseNoTime) {
  ThreadPool pool(4);
  std::atomic<int> ran{0};
  for (int i = 0; i < 4; ++i) pool.Submit([&ran] { ++ran; });
  AwaitTrue([&] { return ran.load() == 4; });
  const std::clock_t before = std::clock();
  const Channel<int> never(0);
  EXPECT_FALSE(never.ReceiveUntil(absl::Now() + absl::Milliseconds(200)).ok());
  EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 0.1) << "of 0.2 s";
}

TEST(ThreadPoolDeathTest, NeedsAThread) { EXPECT_DEATH(ThreadPool pool(0), "at least one thread"); }

// Submitters against the end: each work is run or abandoned, once.
TEST(ThreadPool, SubmitAgainstCloseRunsOrAbandonsEachOnce) {
  for (int round = 0; round < 200; ++round) {
    std::vector<std::unique_ptr<CountedWork>> works;
    for (int i = 0; i < 100; ++i) works.push_back(std::make_unique<CountedWork>());
    {
      ThreadPool pool(2);
      std::vector<std::thread> submitters;
      for (int t = 0; t < 2; ++t) {
        submitters.emplace_back([&, t] {
          for (size_t i = t; i < works.size(); i += 2) pool.Submit(*works[i]);
        });
      }
      pool.Close();
      for (std::thread& submitter : submitters) submitter.join();
    }
    for (const auto& work : works) ASSERT_EQ(work->ran + work->abandoned, 1);
  }
}

}  // namespace
}  // namespace eventbus::testing
