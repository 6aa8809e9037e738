// Tasks of which one at a time has a key, whatever the type of the key.
//
// Invariants:
//   K1. A task is in `tasks_` from `Add` until its body has ended and its function is gone; it takes itself out, under the mutex
//       under which others look for it. So whoever finds a task finds one that has not ended, and no entry is left behind.
//   K2. At most one task in `tasks_` has a key.
//   K3. A task in `tasks_` is alive: it keeps itself so until it has ended, which is after it has been taken out.
//   K4. The thread of a task that was taken out is among the `ended_`, with a reference, until it has been joined. So who finds
//       `tasks_` empty can join all threads there were.
//
// Who wakes whom: the last task to go wakes those that wait for all.

#ifndef EVENTBUS_INTERNAL_OWNERS_KEYED_CORE_H_
#define EVENTBUS_INTERNAL_OWNERS_KEYED_CORE_H_

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/own_thread.h"
#include "eventbus/internal/owners/stoppable_task.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class KeyedCore;

class KeyedTask : public RefCounted, public StoppableTask {
 public:
  size_t hash() const { return hash_; }
  virtual bool HasKey(const void* key) const = 0;

 protected:
  KeyedTask(Ref<KeyedCore> core, size_t hash, Executor* executor, const Context& parent);

  // Runs the function.
  virtual absl::Status Call(const Context& context) = 0;
  // It is not to be called any more: ends its life, after `error` has been reported if it is one. Must not throw.
  virtual void Finish(const absl::Status& error) = 0;

 private:
  void Body(const Context& context) final;
  void Concluded(Ran ran) final;
  void Keep() final { AddRef(); }
  void LetGo() final { DropRef(); }

  friend KeyedCore;

  const Ref<KeyedCore> core_;
  const size_t hash_;
  KeyedTask* next_to_stop_ = nullptr;  // For the one call of `Close` that stops it.
  absl::Status result_;                // For who holds `running`.
};

// Selectable: complete when there is no task.
class KeyedCore final : public Selectable, public RefCounted {
 public:
  explicit KeyedCore(std::string name) : name_(std::move(name)) {}

  // Adds `task`, which has `key`, and starts it; or refuses.
  absl::Status Start(const Ref<KeyedTask>& task, const void* key);
  // Takes it out (K1).
  void Remove(KeyedTask& task);

  // Asks the task of `key` to stop and waits for its end, or until `context` is done. From inside a task of this it does not
  // wait: `kFailedPrecondition`.
  absl::Status Stop(const Context& context, size_t hash, const void* key);
  absl::Status StopAll(const Context& context);
  // The same, and waits for all without asking; refuses from inside.
  absl::Status AwaitNone(const Context& context);
  void Close();

  bool Has(size_t hash, const void* key) const;
  size_t Count() const;

  absl::Status Threw(absl::string_view what) const;
  absl::Status Abandoned() const;

  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { waiting_.PushBack(arm); }
  void DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const override;

 private:
  using Tasks = std::unordered_multimap<size_t, KeyedTask*>;

  absl::Status Say(absl::StatusCode code, absl::string_view what) const;
  ~KeyedCore() override;

  // Joins threads of tasks that have ended, but for the calling one: all; or those that have nothing more to do, which takes
  // no time.
  enum class Threads { kAll, kLeft };
  void JoinEnded(Threads which);
  Ref<OwnThread> FirstEnded(Threads which) const;
  KeyedTask* FindLocked(size_t hash, const void* key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Asks each to stop, then waits for its end, or until `context` is done.
  absl::Status StopThese(const Context& context, const std::vector<Ref<KeyedTask>>& tasks);

  const std::string name_;
  // The comparison of keys is the one piece of user code under `mutex`.
  bool closed_ ABSL_GUARDED_BY(mutex) = false;
  Tasks tasks_ ABSL_GUARDED_BY(mutex);
  List<OwnThread> ended_ ABSL_GUARDED_BY(mutex);
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_KEYED_CORE_H_
