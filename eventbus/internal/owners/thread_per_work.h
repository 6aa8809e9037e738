// An executor that gives each work a thread of its own, for work that nobody can be asked to wait for: there, nobody joins the
// threads. Where somebody can, use `own_thread.h`.
//
// Who waits for what runs on it waits for the end of the work, after which the thread touches nothing that could go.

#ifndef EVENTBUS_INTERNAL_OWNERS_THREAD_PER_WORK_H_
#define EVENTBUS_INTERNAL_OWNERS_THREAD_PER_WORK_H_

#include "eventbus/executor.h"
#include "eventbus/internal/primitives/process_wide.h"

namespace eventbus::internal {

class ThreadPerWork final : public Executor {
 public:
  // The one of the process. Never destroyed: its threads may outlive the end of `main`.
  static ThreadPerWork& Get() { return ProcessWide<ThreadPerWork>(); }

  using Executor::Submit;
  // Abandons the work if the system refuses a thread.
  void Submit(Work& work) override;
  bool RunsHere() const override;
};

// `executor` or, if that is null, a thread for each work.
inline Executor& ExecutorOrThreads(Executor* executor) {
  return executor != nullptr ? *executor : ThreadPerWork::Get();
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_THREAD_PER_WORK_H_
