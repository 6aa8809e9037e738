// What a semaphore and a wait group cost where nobody waits. Each benchmark checks its own answer.
//
//   BM_SemaphoreAcquireRelease     one thread takes a unit and gives it back
//   BM_SemaphoreAcquireContext     the same with a context that could be cancelled
//   BM_SemaphoreHold               the same with a permit
//   BM_WaitGroupAddDone            one thread counts up and down
//   BM_WaitGroupWaitAtZero         a wait that need not wait
//   BM_TaskToken                   a token of a task group comes and goes
//   BM_NotifyWait                  a wake-up is left, and taken
//
// Time is per round. Not measured: contention, waking.

#include <benchmark/benchmark.h>

#include "absl/status/statusor.h"
#include "benchmarks/measure.h"
#include "eventbus/context.h"
#include "eventbus/notifier.h"
#include "eventbus/semaphore.h"
#include "eventbus/task_group.h"
#include "eventbus/wait_group.h"

namespace eventbus::benchmarks {
namespace {

// Runs `round`, which says whether all was right, and reports its allocations.
template <typename Round>
void Measure(benchmark::State& state, Round round) {
  bool right = true;
  const AllocationMeter allocations;
  for (auto _ : state) right &= round();
  allocations.Report(state, state.iterations());
  Check(state, right, "a wrong status");
}

void BM_SemaphoreAcquireRelease(benchmark::State& state) {
  Semaphore semaphore(4);
  Measure(state, [&] {
    const bool taken = semaphore.Acquire().ok();
    semaphore.Release();
    return taken;
  });
  Check(state, semaphore.ApproxAvailable() == 4, "a unit was lost");
}
BENCHMARK(BM_SemaphoreAcquireRelease);

void BM_SemaphoreAcquireContext(benchmark::State& state) {
  Semaphore semaphore(4);
  const CancelHandle cancel = Context::Background().WithCancel();
  Measure(state, [&] {
    const bool taken = semaphore.Acquire(cancel.context()).ok();
    semaphore.Release();
    return taken;
  });
}
BENCHMARK(BM_SemaphoreAcquireContext);

void BM_SemaphoreHold(benchmark::State& state) {
  Semaphore semaphore(4);
  Measure(state, [&] {
    const absl::StatusOr<SemaphorePermit> permit = semaphore.Hold();
    return permit.ok();
  });
  Check(state, semaphore.ApproxAvailable() == 4, "a unit was lost");
}
BENCHMARK(BM_SemaphoreHold);

void BM_WaitGroupAddDone(benchmark::State& state) {
  WaitGroup group;
  Measure(state, [&] {
    group.Add();
    group.Done();
    return true;
  });
  Check(state, group.ApproxCount() == 0, "a wrong count");
}
BENCHMARK(BM_WaitGroupAddDone);

void BM_WaitGroupWaitAtZero(benchmark::State& state) {
  WaitGroup group;
  Measure(state, [&] {
    group.Wait();
    return true;
  });
}
BENCHMARK(BM_WaitGroupWaitAtZero);

void BM_TaskToken(benchmark::State& state) {
  TaskGroup group;
  Measure(state, [&] {
    const TaskToken token = group.Add();
    return !token.done();
  });
  Check(state, group.ApproxOpen() == 0, "a wrong count");
}
BENCHMARK(BM_TaskToken);

void BM_NotifyWait(benchmark::State& state) {
  Notifier notifier;
  Measure(state, [&] {
    notifier.Notify();
    return notifier.TryWait().ok();
  });
}
BENCHMARK(BM_NotifyWait);

}  // namespace
}  // namespace eventbus::benchmarks
