// Work that belongs together and is waited for together: tasks that the group runs, and tokens for what runs elsewhere.
//
//   TaskGroup server(context, {.name = "server"});
//   TaskToken token = server.Add();                      // ends when it is destroyed, wherever that is
//   Accept([token = std::move(token)](Socket socket) { ... });
//   absl::Status started = server.Go([](const Context& context) { return Serve(context); });
//   absl::Status waited = server.Wait(shutdown_context); // of the wait alone: kDeadlineExceeded, and work is left
//   absl::Status failed = server.status();               // of the tasks alone: the first error
//
// Use it for the parts of a component that start and end independently. For tasks of which one failure makes the others useless,
// `ErrorGroup`; to count without owning anything, `WaitGroup`.
//
// | | nothing open | a token, or a task, or a linked group that is busy | draining |
// |---|---|---|---|
// | `Add` | a token | a token | no token, but for a task of the group |
// | `Go` | runs it | runs it | `kFailedPrecondition`, but for a task of the group |
// | `Wait` | OK | blocks | as before |
// | `Drain` | refuses what is new, OK | refuses what is new, blocks | blocks while something is open |
// | `OnDone` in a select | ready | not ready | as before, and it stays ready |
// | destruction | returns | cancels, waits for its tasks; tokens and linked groups go on without it | the same |
//
// Guarantees: a token counts for the group that made it, once, from `Add` until it is done or destroyed, in whatever thread, and may
// outlive the group. Every task that was accepted ends, and is waited for: nothing is detached. A task's failure cancels nobody;
// errors are kept until the group goes. `Wait` never gives an error of a task, so a task that says "cancelled" cannot be taken for a
// wait that was cut short. An exception counts as `kInternal` with its text.
//
// `Link(other)`: this group waits for `other` too, now and whenever it is busy again. A link that would close a circle is refused, since
// all in it would wait for ever. `Sub()` makes a group whose context is a child of this one's, which drains with it, and links to it.
// A task must not wait for its own group, which is refused, nor for one that waits for that.
//
// Thread-safe. Functions run, and are destroyed, with no lock held. Cost: a token allocates nothing; a task one allocation, one if
// its function is large, and its thread unless there is an executor.
//
// Origin: alecthomas's waitgroup for Go (tokens, links), and structured concurrency.

#ifndef EVENTBUS_TASK_GROUP_H_
#define EVENTBUS_TASK_GROUP_H_

#include <concepts>
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

struct TaskGroupOptions {
  // For people: in statuses.
  std::string name = {};
  // Where tasks run. It outlives the group, which is not to be destroyed by the one thread that could run them. Null: each
  // task has a thread of its own.
  Executor* executor = nullptr;
  // How many tasks run, or wait for the executor, at once. 0: any number.
  int limit = 0;
};

// A piece of work of a group. Move-only; its destruction says that the work is done. Default-constructed or moved from it stands
// for none. Not thread-safe, but may be moved from thread to thread.
class [[nodiscard]] TaskToken {
 public:
  TaskToken() = default;
  TaskToken(TaskToken&&) = default;
  TaskToken& operator=(TaskToken&& other) {
    if (this != &other) {
      Done();
      group_ = std::move(other.group_);
    }
    return *this;
  }
  ~TaskToken() { Done(); }

  // Says so now; later calls do nothing.
  void Done() {
    const internal::Ref<internal::GroupCore> group = std::move(group_);
    if (group) group->Remove();
  }

  bool done() const { return !group_; }

 private:
  friend class TaskGroup;

  explicit TaskToken(internal::Ref<internal::GroupCore> group) {
    if (group->AddToken()) group_ = std::move(group);
  }

  internal::Ref<internal::GroupCore> group_;
};

// Neither copyable nor movable. Destruction cancels, and waits for all tasks.
class TaskGroup {
 public:
  // Its context is a child of `parent`. A negative limit fails at once.
  explicit TaskGroup(const Context& parent = Context::Background(), TaskGroupOptions options = {});
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() { core_->End(); }

  // A token for work that runs elsewhere. While the group is draining one for none, which is `done()`: do not begin.
  TaskToken Add() { return TaskToken(core_); }

  // Has `function` run: called with the group's context, or with nothing; gives an `absl::Status`, or nothing. OK if it was
  // accepted. Blocks while `limit` tasks are running; with a `context` until that is done, which is looked at first. Once the group's own
  // context is done, its status, and the function has been destroyed. Throws `std::system_error` if the system refuses a
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

  // Blocks until nothing is open: OK. `kFailedPrecondition` at once if called by a task of the group. With a `context`, `kCancelled`
  // or `kDeadlineExceeded` once it is done, which is looked at first; until a time, `kDeadlineExceeded` once that has passed. The
  // group may be used again.
  absl::Status Wait() { return Wait(Context::Background()); }
  absl::Status Wait(const Context& context) { return core_->Wait(context); }
  absl::Status WaitUntil(absl::Time deadline) { return core_->WaitUntil(internal::ToInstant(deadline)); }

  // Refuses tokens and tasks from now on, here and in the groups below, but for what tasks of the group begin; and blocks until
  // nothing is open: OK; or until `context` is done, which must have a deadline. The other outcomes are those of `drain_report.h`. Nothing is
  // cancelled: what a task returned is found by `errors`. The report has an entry for each group below, and, when it is late, for linked
  // groups that are busy; in a draining group, what never ran since its context ended or its executor was shut down is left.
  DrainReport Drain(const Context& context) { return core_->Drain(context); }

  // Begins that and does not wait: for tasks of the group, and for who waits with `OnDone`.
  void RequestDrain() { core_->RequestDrain(); }

  // A case that is ready while nothing is open. With a handler: runs it once chosen.
  Case OnDone() const {
    return OnDone([] {});
  }
  template <std::invocable Handler>
  Case OnDone(Handler handler) const {
    internal::CaseParts parts;
    parts.target = core_.get();
    parts.role = internal::GroupCount::kIdle;
    parts.kept_alive = core_;
    parts.finish = [handler = std::move(handler)](void*, internal::Outcome) mutable { handler(); };
    return Case(std::move(parts));
  }

  // From now on this group waits for `other` too. `kInvalidArgument` if `other` waits for this group, however indirectly, or is it.
  // Again is no error. The link ends with either group. O(number of groups that `other` waits for).
  absl::Status Link(const TaskGroup& other);

  // A group below this one: its context is a child of this group's, and this group waits for it. May outlive this.
  [[nodiscard]] TaskGroup Sub(TaskGroupOptions options = {}) { return TaskGroup(*this, std::move(options)); }

  // What tasks get. Done once the parent is, or `Cancel` was called.
  const Context& context() const { return core_->context(); }

  // Cancels the context, and those of the groups below. True if this call ended it.
  bool Cancel(const absl::Status& cause = absl::OkStatus()) { return core_->Cancel(cause); }

  // The error of the task that failed first, or OK; and of all that have failed so far, in the order in which they ended.
  absl::Status status() const { return core_->FirstError(); }
  std::vector<absl::Status> errors() const { return core_->Errors(); }

  // How many tokens, tasks and linked groups are open; others may change that before this returns.
  int64_t ApproxOpen() const { return core_->ApproxCount(); }

 private:
  friend struct internal::CoreAccess;

  TaskGroup(TaskGroup& parent, TaskGroupOptions options);

  const internal::Ref<internal::GroupCore> core_;
};

}  // namespace eventbus

#endif  // EVENTBUS_TASK_GROUP_H_
