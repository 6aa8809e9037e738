// Model tests: a scenario of two to four threads, run under every schedule.
//
//   TEST(ParkerModel, TokenLeftFirstIsFoundLater) {
//     Explore([] {
//       Parker parker;
//       Thread waker([&] { parker.Unpark(Parker::kWoken); });
//       Check(parker.Park(Parker::kWoken, Instant::Never()) == Parker::kWoken, "woken");
//       waker.Join();
//     });
//   }
//
// Explores depth-first up to two preemptions, unless the options say otherwise, and prints how many executions that were.
// Fails the test on a failed `Check`, a deadlock (a lost wake-up is one), a livelock, a crash, a use of a destroyed
// primitive, or a primitive left behind; and prints the steps, and a schedule. To run just that execution again:
//
//   bazel test //tests/model:some_model_test --test_filter=... --test_env=EVENTBUS_SCHEDULE='(12)1(3)2'
//
// The scenario must be deterministic but for what the scheduler decides.

#ifndef EVENTBUS_TESTS_SUPPORT_EXPLORER_EXPLORE_H_
#define EVENTBUS_TESTS_SUPPORT_EXPLORER_EXPLORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/support/explorer/scheduler.h"

namespace eventbus::explorer {

struct Options {
  int preemptions = 2;
  // Not depth-first but this many executions with random priorities, if positive.
  int64_t random_executions = 0;
  uint64_t seed = 1;
  int changes = 3;  // Of priority, in each random execution.
  int64_t max_steps = 20'000;
  // More depth-first executions than this are a failure of the test: it would take too long, and a scenario that is
  // explored in part must not look explored.
  int64_t max_executions = 5'000'000;
};

struct Result {
  int64_t executions = 0;
  bool complete = false;  // Everything within the bounds was explored.
  Failure failure;        // Of the last execution.
};

// Runs `scenario` under every schedule until one fails. Reports nothing.
Result Search(const Options& options, const std::function<void()>& scenario);

// The same as a test: prints the number of executions, or fails with the trace and the schedule.
void Explore(const std::function<void()>& scenario, const Options& options = {});

// Ends the execution with a failure unless `right`.
void Check(bool right, const std::string& what);

// A logical thread of the scenario. Joined at the latest when destroyed.
class Thread {
 public:
  explicit Thread(std::function<void()> body);
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { Join(); }

  void Join();

 private:
  size_t number_;
};

}  // namespace eventbus::explorer

#endif  // EVENTBUS_TESTS_SUPPORT_EXPLORER_EXPLORE_H_
