#include "tests/support/explorer/explore.h"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "tests/support/explorer/crash_guard.h"

namespace eventbus::explorer {

namespace {

Failure RunOnce(Strategy& strategy, const Options& options, bool tracing, const std::function<void()>& scenario) {
  strategy.Begin();
  Scheduler scheduler(strategy, options.max_steps, tracing);
  return scheduler.Run(scenario);
}

std::unique_ptr<Strategy> MakeStrategy(const Options& options) {
  if (const char* schedule = std::getenv("EVENTBUS_SCHEDULE")) return std::make_unique<Replay>(schedule);
  if (options.random_executions > 0) {
    return std::make_unique<RandomPriorities>(options.seed, options.random_executions, options.changes);
  }
  return std::make_unique<DepthFirst>(options.preemptions);
}

}  // namespace

Result Search(const Options& options, const std::function<void()>& scenario) {
  const CrashGuard guard;
  const std::unique_ptr<Strategy> strategy = MakeStrategy(options);
  Result result;
  do {
    if (result.executions == options.max_executions) return result;
    ++result.executions;
    result.failure = RunOnce(*strategy, options, /*tracing=*/false, scenario);
    if (result.failure.failed()) {
      // Once more, to write down what happens.
      Replay replay(result.failure.schedule);
      result.failure = RunOnce(replay, options, /*tracing=*/true, scenario);
      return result;
    }
  } while (strategy->Next());
  result.complete = true;
  return result;
}

void Explore(const std::function<void()>& scenario, const Options& options) {
  const Result result = Search(options, scenario);
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::cout << test->test_suite_name() << "." << test->name() << ": " << result.executions << " executions"
            << std::endl;
  if (result.failure.failed()) {
    for (const std::string& line : result.failure.trace) std::cout << "  " << line << "\n";
    ADD_FAILURE() << result.failure.what << "\nEVENTBUS_SCHEDULE='" << result.failure.schedule << "'";
  } else {
    EXPECT_TRUE(result.complete) << "not explored to the end";
  }
}

void Check(bool right, const std::string& what) {
  if (!right) Scheduler::Current()->Fail("check failed: " + what);
}

Thread::Thread(std::function<void()> body) : number_(Scheduler::Current()->Start(std::move(body))) {
  Scheduler::Current()->Point("start a thread", nullptr);
}

void Thread::Join() {
  Scheduler::Current()->Point("join a thread", nullptr);
  Scheduler::Current()->Join(number_);
}

}  // namespace eventbus::explorer
