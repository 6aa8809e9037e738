// The consumers that a few wake-ups made runnable, on their way to their executors: one call for each run of the same
// executor, and only once everyone on the `WakeList` has been woken, so that no wake-up waits for user code that an
// executor may run at once.

#ifndef EVENTBUS_INTERNAL_WAITING_READY_WORK_H_
#define EVENTBUS_INTERNAL_WAITING_READY_WORK_H_

#include <utility>

#include "eventbus/executor.h"

namespace eventbus::internal {

// Work that knows where it runs.
class BoundWork : public Work {
 public:
  Executor& executor() const { return executor_; }

 protected:
  explicit BoundWork(Executor& executor) : executor_(executor) {}

 private:
  Executor& executor_;
};

class ReadyWork {
 public:
  ReadyWork() = default;
  ReadyWork(const ReadyWork&) = delete;
  ReadyWork& operator=(const ReadyWork&) = delete;
  ~ReadyWork() {
    if (!works_.empty()) Submit();
  }

  void Add(BoundWork& work) { works_.PushBack(work); }

 private:
  void Submit() {
    WorkList together;
    Executor* executor = nullptr;
    while (Work* work = works_.PopFront()) {
      Executor& its_executor = static_cast<BoundWork*>(work)->executor();
      if (executor != nullptr && executor != &its_executor) executor->SubmitAll(std::exchange(together, WorkList()));
      executor = &its_executor;
      together.PushBack(*work);
    }
    executor->SubmitAll(std::move(together));
  }

  WorkList works_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_READY_WORK_H_
