// The deterministic scheduler: runs the logical threads of one execution, one at a time, and decides at each operation on a
// primitive who goes on.
//
// A logical thread is a fiber. Every operation on a primitive (`primitives.h`) first calls `Point`, where any other thread
// may be switched to; what a thread does between two points is one indivisible step. So an execution is determined by
// the choices at its points, and can be repeated.
//
// What is explored are sequentially consistent interleavings: each atomic operation takes effect at once, for everybody.
// Weaker orderings are ThreadSanitizer's matter.
//
// Time is virtual: it stands still until a thread that waits with a deadline is chosen although nobody woke it. That a
// deadline passes is therefore a choice like any other.

#ifndef EVENTBUS_TESTS_SUPPORT_EXPLORER_SCHEDULER_H_
#define EVENTBUS_TESTS_SUPPORT_EXPLORER_SCHEDULER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/explorer/fiber.h"
#include "tests/support/explorer/strategy.h"

namespace eventbus::explorer {

inline constexpr int64_t kNoDeadline = INT64_MAX;

// What went wrong in an execution; empty `what` if nothing did.
struct Failure {
  std::string what;
  std::string schedule;            // For `EVENTBUS_SCHEDULE`.
  std::vector<std::string> trace;  // One line for each step, if asked for.

  bool failed() const { return !what.empty(); }
};

class Scheduler {
 public:
  // `strategy` outlives the scheduler. More than `max_steps` points are a livelock.
  Scheduler(Strategy& strategy, int64_t max_steps, bool tracing);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();

  // The scheduler of the execution in progress; null outside of one.
  static Scheduler* Current() { return current_; }

  // Which execution that is; 0 outside of one.
  static int64_t CurrentExecution() { return current_ == nullptr ? 0 : current_->execution_; }

  // Has `clean_up` called once all threads have ended, unless the execution fails. It must not touch a primitive but to
  // destroy it.
  void AtEnd(std::function<void()> clean_up) { clean_ups_.push_back(std::move(clean_up)); }

  // Runs `scenario` as thread 0, with all threads that it starts, to the end of all or to the first failure.
  Failure Run(std::function<void()> scenario);

  // --- For primitives, on the thread that runs.

  // A point: about to do `operation` on `object`.
  void Point(const char* operation, const void* object);

  // Waits until `Unblock(object)`, or until `deadline` passes; `operation` is for people. Returns with the thread running
  // again, for whatever reason; callers look again at what they wait for.
  void Block(const char* operation, const void* object, int64_t deadline = kNoDeadline);

  // Lets those go on that wait for `object`: the one that has waited longest, or all.
  void UnblockOne(const void* object);
  void UnblockAll(const void* object);

  int64_t now() const { return now_; }
  int64_t steps() const { return steps_; }
  bool failed() const { return failure_.failed(); }
  size_t running() const { return running_; }
  uint64_t Random();

  // A new logical thread, ready to run. Returns its number.
  size_t Start(std::function<void()> body);
  void Join(size_t thread);

  // Ends the execution with a failure. Does not return.
  [[noreturn]] void Fail(const std::string& what);

  // Primitives that are alive, in an execution or outside. An operation on one that is not is a failure, and so is one that
  // the scenario leaves behind.
  static void Created(void* primitive);
  static void Destroyed(const void* primitive);
  static void CheckAlive(const void* primitive, const char* operation);

 private:
  enum class State { kReady, kBlocked, kFinished };
  struct Thread {
    std::unique_ptr<Fiber> fiber;
    State state = State::kReady;
    const char* operation = "start";
    const void* object = nullptr;
    int64_t deadline = kNoDeadline;
    uint64_t blocked_since = 0;
  };

  // Chooses who goes on, and switches there if it is somebody else.
  void Reschedule();
  void SwitchTo(size_t thread);
  void Trace(size_t thread, const char* operation, const void* object);
  std::string DescribeBlocked() const;

  static Scheduler* current_;
  static int64_t executions_;  // So far.

  Strategy& strategy_;
  const int64_t max_steps_;
  const bool tracing_;
  const int64_t execution_;
  std::vector<Thread> threads_;
  size_t running_ = 0;
  Fiber* explorer_ = nullptr;  // Where `Run` was called.
  int64_t steps_ = 0;
  int64_t now_ = 1'000'000'000;
  uint64_t random_ = 0;
  Failure failure_;
  std::vector<std::function<void()>> clean_ups_;
  const std::set<const void*> alive_before_;
};

}  // namespace eventbus::explorer

#endif  // EVENTBUS_TESTS_SUPPORT_EXPLORER_SCHEDULER_H_
