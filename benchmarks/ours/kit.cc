// Timers, contexts, semaphores and groups where nobody waits: what each costs by itself.

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "eventbus/cancel_callback.h"
#include "eventbus/context.h"
#include "eventbus/error_group.h"
#include "eventbus/semaphore.h"
#include "eventbus/thread_pool.h"
#include "eventbus/timer.h"
#include "eventbus/wait_group.h"

namespace eventbus::benchmarks {
namespace {

using contender::Play;
using contender::Require;

constexpr uint64_t kRounds = 1000;  // Between two looks at the clock.
constexpr absl::Duration kFar = absl::Hours(1);

// A function that is to be called in an hour: the callback of a context with that deadline.
class FarCall {
 public:
  explicit FarCall(std::atomic<int>& calls, absl::Duration delay = kFar)
      : limit_(Context::Background().WithTimeout(delay)),
        callback_(limit_.context().OnCancel([&calls] { calls.fetch_add(1, std::memory_order_relaxed); })) {}

  // True if it has not been called, and never will be.
  bool Stop() { return callback_.Remove(); }

 private:
  CancelHandle limit_;
  CancelCallback callback_;
};

contender::Result PlayTimerCall(Play& play, size_t others) {
  std::atomic<int> calls{0};
  std::vector<FarCall> far;
  far.reserve(others);
  for (size_t i = 0; i < others; ++i) far.emplace_back(calls, kFar + absl::Microseconds((i * 7919) % 1'000'003));
  const contender::Result result = play.Measure(kRounds, [&] {
    for (uint64_t i = 0; i < kRounds; ++i) Require(FarCall(calls).Stop(), "it was called too early");
  });
  for (FarCall& each : far) Require(each.Stop(), "it was called too early");
  Require(calls == 0, "it was called");
  return result;
}

contender::Result PlayTimerChannel(Play& play) {
  return play.Measure(kRounds, [] {
    for (uint64_t i = 0; i < kRounds; ++i) {
      const Timer timer(kFar);
      Require(timer.Stop(), "it was due too early");
    }
  });
}

contender::Result PlayTimerReset(Play& play) {
  const Timer timer(kFar);
  const contender::Result result = play.Measure(kRounds, [&] {
    for (uint64_t i = 0; i < kRounds; ++i) Require(timer.Reset(kFar), "it was due too early");
  });
  Require(timer.Stop(), "it was due too early");
  return result;
}

contender::Result PlayCancelTree(Play& play, size_t children) {
  return play.MeasureTimed(children, [children] {
    CancelHandle root = Context::Background().WithCancel();
    std::vector<CancelHandle> below;
    below.reserve(children);
    for (size_t i = 0; i < children; ++i) below.push_back(root.context().WithCancel());
    const contender::Clock::time_point start = contender::Clock::now();
    root.Cancel();
    const uint64_t elapsed = contender::NanosecondsSince(start);
    for (const CancelHandle& child : below) Require(child.context().done(), "a child is alive");
    return elapsed;
  });
}

contender::Result PlaySemaphore(Play& play) {
  Semaphore semaphore(4);
  const contender::Result result = play.Measure(kRounds, [&] {
    for (uint64_t i = 0; i < kRounds; ++i) {
      Require(semaphore.Acquire().ok(), "a unit was refused");
      semaphore.Release();
    }
  });
  Require(semaphore.ApproxAvailable() == 4, "a unit was lost");
  return result;
}

contender::Result PlayWaitGroup(Play& play) {
  WaitGroup group;
  return play.Measure(kRounds, [&] {
    for (uint64_t i = 0; i < kRounds; ++i) {
      group.Add();
      group.Done();
      group.Wait();
    }
  });
}

contender::Result PlayErrorGroup(Play& play, size_t tasks) {
  ThreadPool pool(2);
  uint64_t rounds = 0;
  std::atomic<uint64_t> ran{0};
  const contender::Result result = play.Measure(tasks, [&] {
    ErrorGroup group(Context::Background(), {.executor = &pool});
    for (size_t i = 0; i < tasks; ++i) {
      Require(group.Go([&ran] { ran.fetch_add(1, std::memory_order_relaxed); }).ok(), "a task was refused");
    }
    Require(group.Wait().ok(), "a task failed");
    ++rounds;
  });
  Require(ran == rounds * tasks, "a task did not run once");
  return result;
}

}  // namespace

void AddKit(contender::Contender& contender) {
  contender.AddEach("timer/call/", contender::kOtherTimers, PlayTimerCall);
  contender.Add("timer/channel", PlayTimerChannel);
  contender.Add("timer/reset", PlayTimerReset);
  contender.AddEach("context/cancel_tree/", contender::kChildren, PlayCancelTree);
  contender.Add("semaphore/uncontended", PlaySemaphore);
  contender.Add("wait_group/uncontended", PlayWaitGroup);
  contender.AddEach("error_group/", contender::kTasks, PlayErrorGroup);
}

}  // namespace eventbus::benchmarks
