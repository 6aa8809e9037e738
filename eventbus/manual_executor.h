// Runs work when told to: for tests, and for a loop of your own.
//
//   ManualExecutor executor;
//   Spawn(executor, Consume(channel));
//   channel.TrySend(1);
//   executor.RunAll();   // in this thread
//
// Thread-safe, but for this: one thread at a time runs work. First in, first out.

#ifndef EVENTBUS_MANUAL_EXECUTOR_H_
#define EVENTBUS_MANUAL_EXECUTOR_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "eventbus/executor.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

class ManualExecutor final : public Executor {
 public:
  ManualExecutor() = default;
  // Closes it. Fails at once if called by work that it runs.
  ~ManualExecutor();

  using Executor::Submit;
  void Submit(Work& work) override;
  bool RunsHere() const override;

  // Runs the oldest work in this thread. False if there is none. What it throws leaves this call.
  bool RunOne();

  // Runs work until there is none, including what it submits. How much that was.
  size_t RunAll();

  // How much waits to be run.
  size_t size() const;

  // Abandons what waits, and whatever is submitted later.
  void Close();

 private:
  mutable internal::Mutex mutex_;  // Nothing is run or abandoned under it.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  WorkList queue_ ABSL_GUARDED_BY(mutex_);
  internal::Atomic<internal::ThreadIdentity> runner_{nullptr};  // The latest. Relaxed: a thread looks for itself only.
};

}  // namespace eventbus

#endif  // EVENTBUS_MANUAL_EXECUTOR_H_
