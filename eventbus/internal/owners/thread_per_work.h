// An executor that gives each work a thread of its own: for what blocks for long.
//
// Nobody joins the threads. Who waits for what runs on it waits for the end of the work, after which the thread runs no code
// but the library's own and touches nothing that could go.

#ifndef EVENTBUS_INTERNAL_OWNERS_THREAD_PER_WORK_H_
#define EVENTBUS_INTERNAL_OWNERS_THREAD_PER_WORK_H_

#include "eventbus/executor.h"

namespace eventbus::internal {

class ThreadPerWork final : public Executor {
 public:
  // The one of the process. Never destroyed.
  static ThreadPerWork& Get();

  using Executor::Submit;
  // Abandons the work if the system refuses a thread.
  void Submit(Work& work) override;
  bool RunsHere() const override;

 private:
  ThreadPerWork() = default;
};

// `executor` or, if that is null, a thread for each work.
inline Executor& ExecutorOrThreads(Executor* executor) {
  return executor != nullptr ? *executor : ThreadPerWork::Get();
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_THREAD_PER_WORK_H_
