// Runs work in the thread that submits it: for consumers that are to run in the sender's own call.
//
//   InlineExecutor here;
//   Spawn(here, Count(channel));   // each send to `channel` runs the coroutine on, before it returns
//
// Work that is submitted while this thread runs work of the same executor follows it, so that neither runs inside the
// other and the stack does not grow. Work on it must not block: nobody else would run what it waits for.

#ifndef EVENTBUS_INLINE_EXECUTOR_H_
#define EVENTBUS_INLINE_EXECUTOR_H_

#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/guarded_run.h"

namespace eventbus {

class InlineExecutor final : public Executor {
 public:
  explicit InlineExecutor(ExceptionHandler on_exception = {}) : run_(std::move(on_exception)) {}
  // Returns once no other thread runs work in it. Fails at once if called by work that it runs.
  ~InlineExecutor();

  using Executor::Submit;
  // Runs `work` before it returns, unless this thread is running work already.
  void Submit(Work& work) override;
  bool RunsHere() const override;

  // How many works have thrown.
  uint64_t exceptions() const { return run_.exceptions(); }

 private:
  struct Running : internal::ListNode<Running> {
    internal::ThreadIdentity thread = nullptr;
    WorkList following = {};
  };

  Running* FindLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  internal::GuardedRun run_;

  mutable internal::Mutex mutex_;                                    // Nothing is run under it.
  mutable internal::List<Running> running_ ABSL_GUARDED_BY(mutex_);  // The threads that run work now: a handful.
};

}  // namespace eventbus

#endif  // EVENTBUS_INLINE_EXECUTOR_H_
