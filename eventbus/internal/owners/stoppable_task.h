// User code that runs once, on an executor or in a thread of its own, with a context that asks it to stop, and can be waited
// for.
//
// | | prepared, queued | running | ended |
// |---|---|---|---|
// | `RequestStop` | ends it, without a run | cancels its context | nothing |
// | `Stop` | the same | and waits for the end, unless called from inside | nothing |
//
// Invariants:
//   T1. The body runs once at most, and `Concluded` once, after it or in its place; then the end is announced.
//   T2. From `Prepare` until it has ended the task keeps itself alive.
//   T3. After `Prepare` it may be stopped, and `Go` follows, once: who ends it before its body has run waits for that, so that
//       the task does not go before who starts it.
//   T4. Who waits for the end, and is not in the task's own thread, also joins that.

#ifndef EVENTBUS_INTERNAL_OWNERS_STOPPABLE_TASK_H_
#define EVENTBUS_INTERNAL_OWNERS_STOPPABLE_TASK_H_

#include <utility>

#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/own_thread.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/internal/waiting/ready_work.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class StoppableTask : private Activity {
 public:
  using Activity::RunsHere;

  // To be started. No user code, and may be called under a lock.
  void Prepare() { StartWaiting(); }
  // Hands it to its executor. No lock held.
  void Go() {
    const Ref<OwnThread> thread = thread_;  // Who has stopped it may have waited for this alone (T3).
    ReadyWork ready;
    if (!Notify(ready) && thread) thread->WillNotStart();
  }

  // Does not block, but for what is destroyed with a body that is never run.
  void RequestStop() {
    stop_.Cancel();
    // A body that runs is asked by its context alone; one that does not run never will.
    Activity::RequestStop();
  }

  // `RequestStop`, and blocks until it has ended; from inside the body, does not block.
  void Stop() {
    stop_.Cancel();
    Activity::Stop();
    if (thread_ && !RunsHere()) thread_->Join();  // T4
  }

  // Happens once it has ended. Its thread may take a moment longer.
  Event& end() { return end_; }

  // Null if it runs on an executor.
  OwnThread* thread() const { return thread_.get(); }

 protected:
  // `executor` null: in a thread of its own.
  StoppableTask(Executor* executor, const Context& parent)
      : StoppableTask(executor == nullptr ? MakeRef<OwnThread>() : Ref<OwnThread>(), executor, parent) {}

  // Runs the user's code. Must not throw: what that throws is for `Concluded`.
  virtual void Body(const Context& context) = 0;
  // Whether the body has run; or why it never will: a stop, or the shutdown of its executor.
  enum class Ran { kYes, kStopped, kAbandoned };
  // Must not throw.
  virtual void Concluded(Ran ran) = 0;

 private:
  StoppableTask(Ref<OwnThread> thread, Executor* executor, const Context& parent)
      : Activity(executor == nullptr ? *thread : *executor), thread_(std::move(thread)), stop_(parent.WithCancel()) {}

  Next DoSome() final {
    ran_ = true;
    Body(stop_.context());
    return Next::kEnds;
  }
  void CleanUp(bool abandoned) final {
    if (!ran_) AwaitNotified();  // T3
    Concluded(ran_ ? Ran::kYes : abandoned ? Ran::kAbandoned : Ran::kStopped);
    stop_.Cancel();  // What the body left behind with its context ends too.
  }
  void Announce(WakeList& wakes) final { end_.Happen(wakes); }

  const Ref<OwnThread> thread_;
  CancelHandle stop_;
  bool ran_ = false;  // For who holds `running`.
  EventCalled<"end of task"> end_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_STOPPABLE_TASK_H_
