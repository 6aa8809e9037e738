// The executors that have no threads, and the list of work.

#include "eventbus/executor.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/inline_executor.h"
#include "eventbus/manual_executor.h"
#include "gtest/gtest.h"

namespace eventbus::testing {
namespace {

class Letter final : public Work {
 public:
  Letter(std::string& to, char letter) : to_(to), letter_(letter) {}
  void Run() override { to_.push_back(letter_); }
  void Abandon() override { to_.push_back('-'); }

 private:
  std::string& to_;
  const char letter_;
};

TEST(WorkList, IsFirstInFirstOutAndAppends) {
  std::string written;
  Letter a(written, 'a');
  Letter b(written, 'b');
  Letter c(written, 'c');
  WorkList first;
  WorkList second;
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(first.PopFront(), nullptr);
  first.Append(std::move(second));
  first.PushBack(a);
  second.PushBack(b);
  second.PushBack(c);
  first.Append(std::move(second));
  EXPECT_EQ(first.size(), 3u);
  EXPECT_TRUE(second.empty());
  WorkList moved(std::move(first));
  while (Work* work = moved.PopFront()) work->Run();
  EXPECT_EQ(written, "abc");
  moved.PushBack(a);
  EXPECT_EQ(moved.size(), 1u);
}

TEST(ManualExecutor, RunsWhenTold) {
  ManualExecutor executor;
  std::string written;
  Letter a(written, 'a');
  Letter b(written, 'b');
  executor.Submit(a);
  executor.Submit(b);
  EXPECT_EQ(executor.size(), 2u);
  EXPECT_EQ(written, "");
  EXPECT_TRUE(executor.RunOne());
  EXPECT_EQ(written, "a");
  EXPECT_EQ(executor.RunAll(), 1u);
  EXPECT_FALSE(executor.RunOne());
  EXPECT_EQ(written, "ab");
}

TEST(ManualExecutor, RunAllRunsWhatWorkSubmits) {
  ManualExecutor executor;
  std::string written;
  executor.Submit([&] {
    EXPECT_TRUE(executor.RunsHere());
    executor.Submit([&] { written += "inner"; });
  });
  EXPECT_FALSE(executor.RunsHere());
  EXPECT_EQ(executor.RunAll(), 2u);
  EXPECT_EQ(written, "inner");
}

TEST(ManualExecutor, CloseAbandonsWhatWaitsAndWhatComes) {
  std::string written;
  Letter a(written, 'a');
  Letter b(written, 'b');
  ManualExecutor executor;
  executor.Submit(a);
  executor.Close();
  executor.Submit(b);
  EXPECT_EQ(written, "--");
  EXPECT_EQ(executor.RunAll(), 0u);
}

TEST(ManualExecutor, WhatWorkThrowsLeavesRunOne) {
  ManualExecutor executor;
  executor.Submit([] { throw std::runtime_error("x"); });
  EXPECT_THROW(executor.RunOne(), std::runtime_error);
  EXPECT_FALSE(executor.RunsHere());
}

TEST(InlineExecutor, RunsInTheCallAndNeverOneInsideAnother) {
  InlineExecutor executor;
  std::string written;
  executor.Submit([&] {
    EXPECT_TRUE(executor.RunsHere());
    executor.Submit([&] { written += "second"; });
    written += "first ";
  });
  EXPECT_EQ(written, "first second");
  EXPECT_FALSE(executor.RunsHere());
}

TEST(InlineExecutor, ALongLineOfWorkDoesNotGrowTheStack) {
  InlineExecutor executor;
  class Again final : public Work {
   public:
    explicit Again(InlineExecutor& executor) : executor_(executor) {}
    void Run() override {
      if (++runs < 300'000) executor_.Submit(*this);
    }
    void Abandon() override {}
    int runs = 0;

   private:
    InlineExecutor& executor_;
  };
  Again again(executor);
  executor.Submit(again);
  EXPECT_EQ(again.runs, 300'000);
}

TEST(InlineExecutor, KeepsWhatWorkThrowsFromTheSubmitter) {
  int told = 0;
  InlineExecutor executor([&told](std::exception_ptr) { ++const_cast<int&>(told); });
  bool ran = false;
  executor.Submit([&] {
    executor.Submit([&ran] { ran = true; });
    throw std::runtime_error("x");
  });
  EXPECT_TRUE(ran) << "what follows runs all the same";
  EXPECT_EQ(told, 1);
  EXPECT_EQ(executor.exceptions(), 1u);
}

TEST(InlineExecutor, ThreadsDoNotRunOneAnothersWork) {
  InlineExecutor executor;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&executor] {
      for (int i = 0; i < 1000; ++i) {
        const std::thread::id self = std::this_thread::get_id();
        executor.Submit([&executor, self] {
          EXPECT_EQ(std::this_thread::get_id(), self);
          executor.Submit([self] { EXPECT_EQ(std::this_thread::get_id(), self); });
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(InlineExecutorDeathTest, IsNotDestroyedByItsOwnWork) {
  auto executor = std::make_unique<InlineExecutor>();
  EXPECT_DEATH(executor->Submit([&] { executor.reset(); }), "destroyed by work that it runs");
}

}  // namespace
}  // namespace eventbus::testing
