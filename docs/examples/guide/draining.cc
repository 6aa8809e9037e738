// The guide's example of drains.

#include <atomic>
#include <iostream>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Draining) {
  std::atomic<int> stored{0};
  const auto store = [&stored] { ++stored; };
  CancelHandle program = Context::Background().WithCancel();
  program.Cancel();
  // [guide]
  ThreadPool pool(2, {.name = "workers"});
  for (int job = 0; job < 10; ++job) pool.Submit(store);

  // The program's context is done by now: the budget is not below it.
  const CancelHandle budget = program.context().WithoutCancel().WithTimeout(absl::Seconds(10));
  const DrainReport report = pool.Drain(budget.context());  // refuses what is new, finishes what was accepted
  if (!report.ok()) {
    std::cerr << report << '\n';  // kDeadlineExceeded: so many left, so many running
    pool.Close();                 // the hard stop
  }
  // [/guide]
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(stored, 10);
}

}  // namespace
}  // namespace eventbus
