// Coroutines as tasks of a group.
//
//   TaskGroup server(context);
//   absl::Status started = SpawnIn(server, pool, Serve(server.context(), orders));
//   ...
//   server.Cancel();
//   absl::Status waited = server.Wait(shutdown_context);
//
// As `Go` of an `ErrorGroup` or a `TaskGroup` in everything but this: the task suspends where a function would block; it runs on
// the executor that is given here; it learns that the group was cancelled from the context that it was given as a parameter; and
// when the group is destroyed, it is stopped where it waits, as by `Spawned::Stop`.
//
// A coroutine may hold a `TaskToken` as well, for a group that is to wait for it and otherwise leave it alone.

#ifndef EVENTBUS_SPAWN_IN_H_
#define EVENTBUS_SPAWN_IN_H_

#include <concepts>
#include <utility>

#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/error_group.h"
#include "eventbus/executor.h"
#include "eventbus/internal/execution/group_coroutine.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/groups/core_access.h"
#include "eventbus/task.h"
#include "eventbus/task_group.h"

namespace eventbus {

// An `ErrorGroup` or a `TaskGroup`.
template <typename Group>
concept GroupOfTasks = std::same_as<Group, ErrorGroup> || std::same_as<Group, TaskGroup>;

// Starts `task` on `executor`, which outlives it, as a task of `group`: OK. What it gives counts if it is an `absl::Status` or a
// `StatusOr`; other values are dropped. Blocks while the group is at its limit, until `context` is done, which is looked at first;
// do not call it from a coroutine then. Otherwise the task has been destroyed, and the status says why: `context`'s, or the
// group's own. Two allocations. The task must not destroy the group.
template <GroupOfTasks Group, typename T>
absl::Status SpawnIn(Group& group, Executor& executor, const Context& context, Task<T> task) {
  internal::GroupCore& core = *internal::CoreAccess::core(group);
  std::coroutine_handle<internal::TaskPromise<T>>& frame = internal::TaskAccess::frame(task);
  const auto coroutine = internal::MakeRef<internal::GroupCoroutine<T>>(core, executor, frame);
  if (absl::Status status = core.Admit(*coroutine, context, /*waits=*/true); !status.ok()) return status;
  frame = nullptr;
  coroutine->Start();
  if (!core.MayGoOn(*coroutine)) coroutine->Stop();
  return absl::OkStatus();
}
template <GroupOfTasks Group, typename T>
absl::Status SpawnIn(Group& group, Executor& executor, Task<T> task) {
  return SpawnIn(group, executor, Context::Background(), std::move(task));
}

}  // namespace eventbus

#endif  // EVENTBUS_SPAWN_IN_H_
