// Whose work a thread runs, and whether more of that waits: for work that could wait a moment for something more to do, and should
// only where that keeps no other waiting.

#ifndef EVENTBUS_INTERNAL_WAITING_WORKER_THREAD_H_
#define EVENTBUS_INTERNAL_WAITING_WORKER_THREAD_H_

#include "eventbus/internal/observing/statistic.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

class Executor;

namespace internal {

// While this lives, the thread that made it runs work of `executor` and is there for nothing else, and `queued` is how much work waits
// for such a thread. Threads of other executors have none: nobody knows what else they are for.
class WorkerThread {
 public:
  WorkerThread(const Executor& executor, const Statistic& queued) : executor_(&executor), queued_(queued) {
    WorkerPointer() = this;
  }
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;
  ~WorkerThread() { WorkerPointer() = nullptr; }

  // Whether the calling thread is there for work of `executor`, and no more of that waits, as far as is seen without a lock. Not so for
  // work of another executor that is run inside of that. Uses the address only: `executor` may be gone.
  static bool HasNothingElse(const Executor& executor) {
    const auto* const here = static_cast<const WorkerThread*>(WorkerPointer());
    return here != nullptr && here->executor_ == &executor && here->queued_.Get() == 0;
  }

 private:
  const Executor* const executor_;
  const Statistic& queued_;
};

}  // namespace internal
}  // namespace eventbus

#endif  // EVENTBUS_INTERNAL_WAITING_WORKER_THREAD_H_
