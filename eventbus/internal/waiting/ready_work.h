// The consumers that a few wake-ups made runnable, on their way to their executors: one call for each run of the same
// executor, and only once everyone on the `WakeList` has been woken, so that no wake-up waits for user code that an
// executor may run at once.

#ifndef EVENTBUS_INTERNAL_WAITING_READY_WORK_H_
#define EVENTBUS_INTERNAL_WAITING_READY_WORK_H_

#include <utility>

#include "eventbus/executor.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/internal/waiting/executor_gate.h"

namespace eventbus::internal {

// Work that knows where it runs, and may outlive that.
class BoundWork : public Work {
 public:
  ExecutorGate& gate() const { return *gate_; }

 protected:
  explicit BoundWork(Executor& executor) : gate_(executor.gate_) {}

 private:
  const Ref<ExecutorGate> gate_;
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
    ExecutorGate* gate = nullptr;
    while (Work* work = works_.PopFront()) {
      ExecutorGate& its_gate = static_cast<BoundWork*>(work)->gate();
      if (gate != nullptr && gate != &its_gate) SubmitThrough(*gate, std::exchange(together, WorkList()));
      gate = &its_gate;
      together.PushBack(*work);
    }
    SubmitThrough(*gate, std::move(together));
  }

  static void SubmitThrough(ExecutorGate& gate, WorkList works) {
    if (gate.Enter()) {
      {
        const ConsumerScope inside(&gate);  // For who destroys the executor in here: see `Executor::Retire`.
        gate.executor().SubmitAll(std::move(works));
      }
      gate.Leave();
    } else {
      while (Work* work = works.PopFront()) work->Abandon();
    }
  }

  WorkList works_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_READY_WORK_H_
