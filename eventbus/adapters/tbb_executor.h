// An executor over an arena of oneTBB: coroutines and handlers run in the threads of TBB.
//
//   oneapi::tbb::task_arena arena(4);
//   TbbExecutor executor(arena);
//   Spawned<> server = Spawn(executor, Serve(orders));
//
// Use it where a program has TBB and wants one set of threads for its computations and its consumers. Needs TBB (Debian:
// libtbb-dev) and is linked with -ltbb. Not for work that waits for other work: how many threads an arena gets, up to its
// concurrency, is TBB's affair, and may be one.
//
// | | open | closed, by `Close` | being destroyed |
// |---|---|---|---|
// | `Submit` | runs | abandoned | abandoned |
// | what was queued | runs | abandoned | runs |
// | what is running | runs on | runs on | runs on |
// | `Close` | abandons, waits for the end | waits for the end | not allowed |
//
// Guarantees: works start first in, first out, as many at once as the arena has threads for. What work throws is counted and
// given to `on_exception`. After some works in a row a thread goes back to the arena, so that others who use it have their
// turn. Where TBB has no memory to be told of work, and nothing of this executor is running there, the work is abandoned.
//
// Lifetime: the arena must outlive this. Destruction returns when all that was submitted has run; destroy this neither from
// one of its own works nor from inside of the arena, where it would hold the thread that it waits for.
//
// Submitting takes one lock; and enqueues a task of TBB unless the arena is busy with this executor's works already.

#ifndef EVENTBUS_ADAPTERS_TBB_EXECUTOR_H_
#define EVENTBUS_ADAPTERS_TBB_EXECUTOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/internal/waiting/guarded_run.h"
#include "oneapi/tbb/task_arena.h"

namespace eventbus {

// `Arena` is what has the two calls `enqueue(function)`, which may throw, and `max_concurrency()`.
//
// A runner is a task of TBB that takes works from the queue until there are none. Why not one task for each work: an arena
// does not keep the order in which tasks were enqueued.
//
// Invariants, under the mutex:
//   T1. `runners_` counts those that are enqueued or run, and is at most `limit_`.
//   T2. While there is work in the queue, there is a runner.
//   T3. `finished_` happens once, by who makes `runners_` 0 when closed, or closes when it is 0.
template <typename Arena = oneapi::tbb::task_arena>
class TbbExecutor final : public Executor {
 public:
  explicit TbbExecutor(Arena& arena, ExceptionHandler on_exception = {})
      : arena_(arena),
        limit_(static_cast<size_t>(std::max(arena.max_concurrency(), 1))),
        run_(std::move(on_exception)) {}
  ~TbbExecutor() {
    if (RunsHere()) internal::Fail("~TbbExecutor", "destroyed from one of its own works");
    Retire();
    StopAccepting(/*abandon=*/false);
    finished_.Wait();
  }

  using Executor::Submit;
  void Submit(Work& work) override {
    WorkList works;
    works.PushBack(work);
    SubmitAll(std::move(works));
  }
  void SubmitAll(WorkList works) override {
    size_t starting = 0;
    {
      internal::MutexLock lock(&mutex_);
      if (accepting_) {
        starting = std::min(works.size(), limit_ - runners_);
        runners_ += starting;  // T2
        queue_.Append(std::move(works));
      }
    }
    for (; starting > 0; --starting) {
      if (!EnqueueRunner()) TakeBackRunner();
    }
    Refuse(std::move(works));
  }
  bool RunsHere() const override { return internal::ConsumerScope::IsInside(this); }

  // Accepts no more, abandons what has not begun, and returns when nothing runs any more; from one of its own works, at
  // once.
  void Close() {
    Refuse(StopAccepting(/*abandon=*/true));
    if (!RunsHere()) finished_.Wait();
  }

  // How many works have thrown.
  uint64_t exceptions() const { return run_.exceptions(); }

 private:
  // How many works a runner runs before it lets others of the arena go first.
  static constexpr int kBatch = 32;

  static void Refuse(WorkList works) {
    while (Work* work = works.PopFront()) work->Abandon();
  }

  // False if TBB cannot take it.
  bool EnqueueRunner() {
    try {
      arena_.enqueue([this] { Serve(); });
      return true;
    } catch (...) {
      return false;
    }
  }

  // A runner that was counted will not come. The others do its work; if there are none, nobody will.
  void TakeBackRunner() {
    WorkList orphans;
    bool last;
    {
      internal::MutexLock lock(&mutex_);
      if (--runners_ == 0) orphans = std::exchange(queue_, WorkList());  // T2
      last = runners_ == 0 && !accepting_;
    }
    Refuse(std::move(orphans));
    if (last) finished_.Happen();  // T3
  }

  // The runner. When it has ended, or been replaced by the next, this may be gone.
  void Serve() {
    const internal::ConsumerScope here(this);
    int left = kBatch;
    while (Work* work = Next()) {
      run_(*work);
      if (--left > 0) continue;
      if (EnqueueRunner()) return;
      left = kBatch;
    }
  }

  // The next work; null if there is none, and the runner has ended.
  Work* Next() {
    bool last;
    {
      internal::MutexLock lock(&mutex_);
      if (Work* work = queue_.PopFront()) return work;
      last = --runners_ == 0 && !accepting_;
    }
    if (last) finished_.Happen();  // T3
    return nullptr;
  }

  // Accepts no more. What had not begun, if `abandon`.
  WorkList StopAccepting(bool abandon) {
    WorkList abandoned;
    bool last;
    {
      internal::MutexLock lock(&mutex_);
      last = accepting_ && runners_ == 0;
      accepting_ = false;
      if (abandon) abandoned = std::exchange(queue_, WorkList());
    }
    if (last) finished_.Happen();  // T3
    return abandoned;
  }

  Arena& arena_;
  const size_t limit_;
  internal::GuardedRun run_;

  internal::Mutex mutex_;  // Nothing is enqueued, run or abandoned under it.
  bool accepting_ ABSL_GUARDED_BY(mutex_) = true;
  size_t runners_ ABSL_GUARDED_BY(mutex_) = 0;
  WorkList queue_ ABSL_GUARDED_BY(mutex_);

  internal::EventCalled<"end of executor"> finished_;  // Closed, and no runner is left.
};

}  // namespace eventbus

#endif  // EVENTBUS_ADAPTERS_TBB_EXECUTOR_H_
