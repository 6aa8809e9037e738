// A group: tasks on threads of their own or on an executor, one context for all of them, a limit, and what failed.
//
// Invariants, whenever the mutex is free:
//   G1. A task that has been started is counted from before it can run until after its function has been destroyed, its failure
//       has been noted and, if it has a thread, that thread is among the `ended_`. So once no task is counted, `Reap` joins
//       every thread there was.
//   G2. A task with a thread belongs to its thread and to who starts it, until both have let go of it (`Task::parts`).
//   G3. `failed_` are the tasks that failed, in the order in which they ended; the first is the cause if the group cancels.
//   G4. A task that is no function is among the `members_`, or is `starting_`, for as long as it is counted. Once the group
//       is `ending_`, none comes to the `members_`.
//   G5. What is started is started within the limit: a unit is taken before a task is counted, and given back before it is not.
//
// Who wakes whom: the end of a task gives back its unit, and counts down (`group_count.h`). User code (functions, and what
// destroys them) runs under no lock.

#ifndef EVENTBUS_INTERNAL_GROUPS_GROUP_CORE_H_
#define EVENTBUS_INTERNAL_GROUPS_GROUP_CORE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/groups/group_count.h"
#include "eventbus/internal/groups/group_member.h"
#include "eventbus/internal/groups/semaphore_core.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

// What a task does.
using TaskFunction = absl::AnyInvocable<absl::Status(const Context&)>;

struct GroupSettings {
  std::string name = {};
  Executor* executor = nullptr;  // Null: each task has a thread.
  int limit = 0;                 // Of tasks at once. 0: none.
  bool cancels_on_error = false;
};

class GroupCore final : public GroupCount {
 public:
  // `kind` is what it is called in messages, a literal.
  GroupCore(absl::string_view kind, const Context& parent, GroupSettings settings);

  const std::string& name() const { return settings_.name; }
  const Context& context() const { return cancel_.context(); }
  bool Cancel(const absl::Status& cause) { return cancel_.Cancel(cause); }

  // Counts a token. False once this is draining, but for what a task of its own asks for.
  bool AddToken() { return AcceptFromHere(&GroupCount::TryAdd); }

  // Has `function` run. Waits for its turn if there is a limit and `waits`, until `context` is done; `kResourceExhausted` if it
  // may not wait. The group's own context is looked at first: it starts nothing once that is done. `kFailedPrecondition` once this is
  // draining, but for what a task of its own starts. Throws what an allocation or the start of a thread throws, and then nothing
  // happened.
  absl::Status Start(TaskFunction function, const Context& context, bool waits);

  // The same for a task that is no function. Once this has said OK the caller starts it, and then says so; if the answer is no, the
  // group is on its end, and the caller stops it. The member calls `EndMember`, once, when it has ended and nothing of it is left
  // but itself and `end`; whom that lets go on is on `wakes`.
  absl::Status Admit(GroupMember& member, const Context& context, bool waits);
  bool MayGoOn(GroupMember& started);
  void EndMember(GroupMember& member, std::unique_ptr<TaskEnd> end, WakeList& wakes);

  // For messages: which group, what happened, and what else is known.
  std::string Describe(absl::string_view event, absl::string_view what) const;

  // Blocks until it is idle: OK; or until `context` is done. `kFailedPrecondition` from a task of its own.
  absl::Status Wait(const Context& context);
  absl::Status WaitUntil(Instant deadline);

  // As `TaskGroup::Drain`.
  DrainReport Drain(const Context& context);

  // Of the task that failed first.
  absl::Status FirstError() const;
  void RethrowFirst() const;
  // Of all that failed, in the order in which they ended.
  std::vector<absl::Status> Errors() const;

  // The owner goes: cancels, and returns once no task runs and every thread has been joined.
  void End();

 private:
  class Task;

  ~GroupCore() override;

  // Takes a unit of the limit. OK at once if there is none.
  absl::Status AwaitTurn(const Context& context, bool waits);
  using Accept = bool (GroupCount::*)(By);
  // Counts one more in that way. False if this is draining, and the caller none of its tasks.
  bool AcceptFromHere(Accept accept);
  // Waits for a turn, and has the task counted.
  absl::Status AwaitPlace(const Context& context, bool waits, Accept accept);
  absl::Status RefuseDraining() const;
  // The end of a task that was counted, and of its unit.
  void EndTask(bool ran, WakeList& wakes);
  // Notes what a task came to. True if that is kept, for it has failed.
  bool Note(TaskEnd& end);
  // Who started the task, or its thread, lets go of it.
  void LetGo(Task& task);
  absl::Status RefuseOwnTask() const;
  // Joins the threads of tasks that have ended, but for the calling one: all; or those that have nothing more to do, which takes
  // no time. For whom such a thread woke may run in it, and wait for who calls this.
  enum class Threads { kAll, kLeft };
  void Reap(Threads which);
  Task* TakeEnded(Threads which);
  // Ends the tasks that are no functions.
  void StopMembers();
  // Whether the calling thread runs one of its tasks.
  bool RunsHere() const;

  const std::string& drained_name() const override { return settings_.name; }

  const absl::string_view kind_;
  const GroupSettings settings_;
  CancelHandle cancel_;
  std::optional<SemaphoreCore> limit_;

  bool ending_ ABSL_GUARDED_BY(mutex) = false;
  List<GroupMember> starting_ ABSL_GUARDED_BY(mutex);  // Not yet to be stopped by others.
  List<GroupMember> members_ ABSL_GUARDED_BY(mutex);
  List<Task> ended_ ABSL_GUARDED_BY(mutex);  // Their threads are to be joined.
  List<TaskEnd> failed_ ABSL_GUARDED_BY(mutex);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_GROUP_CORE_H_
