// Several tasks that together do one thing: if one fails, the others are told to stop, and who waits gets its error.
//
//   ErrorGroup group(context, {.limit = 4});
//   for (const Url& url : urls) {
//     absl::Status started = group.Go([&pages, url](const Context& context) -> absl::Status {
//       return pages.Fetch(context, url);                // ends early once another one has failed
//     });
//     if (!started.ok()) break;                          // one has failed already
//   }
//   absl::Status status = group.Wait();                  // of the first that failed
//
// Use it for work that is worthless in part. For tasks that fail independently of each other, or tokens for work that runs
// elsewhere, `TaskGroup`; for values from each, `ParallelMap` and `Gather`.
//
// | | alive | draining, after `Drain` | context done: cancelled, or, with `kCancelRest`, a task has failed |
// |---|---|---|---|
// | `Go` | runs the function; waits while `limit` are running | `kFailedPrecondition`, but for a task of the group | its status, and the function is not run |
// | `TryGo` | the same; `kResourceExhausted` instead of waiting | the same | the same |
// | a task that was accepted and has not begun | runs | runs | is not run, and ends with the context's status |
// | a task that runs | runs on | runs on | runs on, and should look at its context |
//
// Guarantees: every task that was accepted ends, and is waited for: nothing is detached. The error that ended first is what
// `Wait` gives and, with `kCancelRest`, the cause of the context's end. All errors are kept until the group goes (so by a task
// that fails, some memory). An exception counts as `kInternal` with its text, or is thrown by `Wait` if so wished. What was done
// before `Go` is visible to the task, and what it did to who has waited for it.
//
// A task may call `Go` of its own group; while it waits for its turn it is itself one of those that run, so use `TryGo` where
// all might. It must neither wait for the group, which is refused, nor destroy it, which fails at once.
//
// Thread-safe. Functions run, and are destroyed, with no lock held: on threads of their own, or on `executor`. Cost of a task: one
// allocation for it, one if its function is large, and its thread. Threads that have ended are joined by the next `Go` or `Wait`.
//
// Origin: Go's errgroup; its users ask for all errors, captured panics and a wait that can end early.

#ifndef EVENTBUS_ERROR_GROUP_H_
#define EVENTBUS_ERROR_GROUP_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/groups/core_access.h"
#include "eventbus/internal/groups/group_core.h"
#include "eventbus/internal/groups/task_function.h"

namespace eventbus {

struct ErrorGroupOptions {
  // For people: in statuses.
  std::string name = {};
  // Where tasks run. It outlives the group, which is not to be destroyed by the one thread that could run them. Null: each
  // task has a thread of its own.
  Executor* executor = nullptr;
  // How many tasks run, or wait for the executor, at once. 0: any number.
  int limit = 0;
  // What becomes of the other tasks when one fails.
  enum class OnError { kCancelRest, kRunAll };
  OnError on_error = OnError::kCancelRest;
  // If what failed first was an exception, `Wait` throws it.
  bool rethrow = false;
};

// Neither copyable nor movable. Destruction cancels, and waits for all tasks.
class ErrorGroup {
 public:
  // Its context is a child of `parent`. A negative limit fails at once.
  explicit ErrorGroup(const Context& parent = Context::Background(), ErrorGroupOptions options = {});
  ErrorGroup(const ErrorGroup&) = delete;
  ErrorGroup& operator=(const ErrorGroup&) = delete;
  ~ErrorGroup() { core_->End(); }

  // Has `function` run: called with the group's context, or with nothing; gives an `absl::Status`, or nothing. OK if it was
  // accepted. Blocks while `limit` tasks are running; with a `context` until that is done, which is looked at first. Otherwise
  // the function has been destroyed, and the status says why (see above). Throws `std::system_error` if the system refuses a
  // thread: nothing happened.
  template <internal::TaskFunctionLike Function>
  absl::Status Go(Function function) {
    return Go(Context::Background(), std::move(function));
  }
  template <internal::TaskFunctionLike Function>
  absl::Status Go(const Context& context, Function function) {
    return core_->Start(internal::MakeTaskFunction(std::move(function)), context, /*waits=*/true);
  }

  // The same, but `kResourceExhausted` while `limit` tasks are running.
  template <internal::TaskFunctionLike Function>
  absl::Status TryGo(Function function) {
    return core_->Start(internal::MakeTaskFunction(std::move(function)), Context::Background(), /*waits=*/false);
  }

  // Blocks until every accepted task has ended, and is the error of the first that failed, or OK. With `rethrow`, throws what
  // that one threw. `kFailedPrecondition` at once if called by a task of the group. The group may be used again; errors stay.
  absl::Status Wait() { return Wait(Context::Background()); }

  // The same, or ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which is looked at first; tasks run on, and
  // `ApproxRunning` is how many. To tell that from a task's own error, see `errors`.
  absl::Status Wait(const Context& context);
  absl::Status WaitUntil(absl::Time deadline);

  // Refuses tasks from now on, but for what tasks of the group start, and blocks until every accepted one has ended: OK, whatever they
  // returned; or until `context` is done, which must have a deadline. The other outcomes are those of `drain_report.h`. Nothing is cancelled.
  // What never ran, since the group's context ended or its executor was shut down, is left.
  DrainReport Drain(const Context& context) { return core_->Drain(context); }

  // Begins that and does not wait: for tasks of the group, and for who waits with `OnDone`.
  void RequestDrain() { core_->RequestDrain(); }

  // A case that is ready while no task is running.
  Case OnDone() const;

  // What tasks get. Done once a task has failed, with `kCancelRest`; once the parent is, or `Cancel` was called.
  const Context& context() const { return core_->context(); }

  // Cancels the context. True if this call ended it.
  bool Cancel(const absl::Status& cause = absl::OkStatus()) { return core_->Cancel(cause); }

  // The errors of all tasks that have failed so far, in the order in which they ended; also those that only say that the task was
  // cancelled.
  std::vector<absl::Status> errors() const { return core_->Errors(); }

  // How many tasks were accepted and have not ended; others may change that before this returns.
  int64_t ApproxRunning() const { return core_->ApproxCount(); }

 private:
  friend struct internal::CoreAccess;

  absl::Status Result() const;

  const internal::Ref<internal::GroupCore> core_;
  const bool rethrow_;
};

}  // namespace eventbus

#endif  // EVENTBUS_ERROR_GROUP_H_
