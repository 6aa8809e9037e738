// At most one running task for each key: a watcher for each shard, a session for each user, a poller for each device.
//
//   KeyedTasks<std::string> watchers({.name = "watchers"});
//   absl::Status started = watchers.Start("shard-7", [](const Context& context) { return Watch("shard-7", context); });
//   ...
//   watchers.Stop("shard-7").IgnoreError();   // it has ended
//   watchers.Close();                         // all have
//
// Use it where tasks come and go by name, and starting one twice must not be. For tasks without names that end together, use
// a task group.
//
// | | no task has the key | one has, even if it has been asked to stop | closed |
// |---|---|---|---|
// | `Start` | starts it | `kAlreadyExists` | `kFailedPrecondition` |
// | `Stop` | OK | asks it to stop, waits for its end | the same |
//
// Guarantees:
//   - A task is asked to stop through its context, and ends when its function returns. One that is stopped before it has begun
//     never runs.
//   - A task takes out its own entry when its function has ended and been destroyed, under the lock under which others look for
//     it: who finds it finds one that has not ended, and after its end its key is free. Nothing is left behind.
//   - When `Stop`, `Wait` or `Close` has returned OK, no function of those tasks runs, and all are destroyed; their threads have
//     ended too, with all that is local to a thread. What they did is visible.
//   - From inside one of its tasks, `Stop` and its like ask and do not wait, for two that stop one another would wait for ever.
//     A thread from inside which this was destroyed, so that nobody is left to join it, ends by itself.
//   - No lock is held while a function runs or is destroyed. A key is compared under the lock: hashing and comparing must not
//     throw or call back.
//
// Cost: O(1) and a few allocations for each task and, without an executor, a thread.

#ifndef EVENTBUS_KEYED_TASKS_H_
#define EVENTBUS_KEYED_TASKS_H_

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/owners/keyed_core.h"

namespace eventbus {

template <typename Key>
struct KeyedTasksOptions {
  // For people: in statuses.
  std::string name = {};
  // Where the tasks run, which take one of its threads each until they end; must outlive them, or be shut down before. Null: a
  // thread for each task.
  Executor* executor = nullptr;
  // Above the contexts of all tasks.
  Context context = Context::Background();
  // Called in the task's thread when it ended with an error: what its function returned, `kInternal` if it threw, `kUnavailable`
  // if the executor was shut down. Several threads may call it at once. What it throws is ignored.
  absl::AnyInvocable<void(const Key& key, const absl::Status& error) const> on_error = {};
};

// What a task can be: called with its context, gives nothing or an `absl::Status`.
template <typename Function>
concept TaskFunction = std::invocable<Function&, const Context&> &&
    (std::is_void_v<std::invoke_result_t<Function&, const Context&>> ||
     std::convertible_to<std::invoke_result_t<Function&, const Context&>, absl::Status>);

// `Key` is copyable, hashable by `Hash` and comparable by `==`. Not movable. Thread-safe but for destruction, which closes it;
// from inside one of its tasks it does not wait for them.
template <typename Key, typename Hash = std::hash<Key>>
class KeyedTasks {
 public:
  explicit KeyedTasks(KeyedTasksOptions<Key> options = {})
      : core_(internal::MakeRef<internal::KeyedCore>(options.name)),
        options_(std::make_shared<const KeyedTasksOptions<Key>>(std::move(options))) {}
  KeyedTasks(const KeyedTasks&) = delete;
  KeyedTasks& operator=(const KeyedTasks&) = delete;
  ~KeyedTasks() { Close(); }

  // Starts `function` unless a task with this key has not ended: `kAlreadyExists`. `kFailedPrecondition` if closed. Does not
  // wait for it to begin. If the system refuses a thread, the task ends with `kUnavailable`, of which `on_error` is told.
  template <TaskFunction Function>
  absl::Status Start(Key key, Function function) {
    const size_t hash = Hash()(key);
    const auto task = internal::MakeRef<Entry<Function>>(core_, hash, options_, std::move(key), std::move(function));
    return core_->Start(task, &task->key());
  }

  // Asks the task with this key to stop, and blocks until it has ended: OK, also if there is none. `kFailedPrecondition` from
  // inside a task: asked, and not waited for.
  absl::Status Stop(const Key& key) { return Stop(Context::Background(), key); }

  // As above, but ends with `kCancelled` or `kDeadlineExceeded` once `context` is done; the task has been asked all the same.
  absl::Status Stop(const Context& context, const Key& key) { return core_->Stop(context, Hash()(key), &key); }

  // The same for all tasks that there are now. Others may be started meanwhile and later.
  absl::Status StopAll() { return StopAll(Context::Background()); }
  absl::Status StopAll(const Context& context) { return core_->StopAll(context); }

  // Blocks until there is no task, without asking any to stop; or until `context` is done, which is checked first.
  // `kFailedPrecondition` from inside a task.
  absl::Status Wait(const Context& context) { return core_->AwaitNone(context); }

  // A case that is ready when there is no task.
  Case OnNone() const {
    internal::CaseParts parts;
    parts.target = core_.get();
    parts.kept_alive = core_;
    return Case(std::move(parts));
  }

  // Refuses new tasks, stops all, and returns when all have ended; from inside one, at once. Any number of times.
  void Close() { core_->Close(); }

  // Whether there is a task with this key, and how many there are. Other threads may change it at any time.
  bool Has(const Key& key) const { return core_->Has(Hash()(key), &key); }
  size_t ApproxSize() const { return core_->Count(); }

 private:
  using Options = std::shared_ptr<const KeyedTasksOptions<Key>>;

  template <typename Function>
  class Entry final : public internal::KeyedTask {
   public:
    Entry(internal::Ref<internal::KeyedCore> core, size_t hash, Options options, Key key, Function function)
        : KeyedTask(std::move(core), hash, options->executor, options->context),
          options_(std::move(options)),
          key_(std::move(key)),
          function_(std::move(function)) {}

    const Key& key() const { return key_; }

   private:
    bool HasKey(const void* key) const override { return key_ == *static_cast<const Key*>(key); }
    absl::Status Call(const Context& context) override {
      if constexpr (std::is_void_v<std::invoke_result_t<Function&, const Context&>>) {
        (*function_)(context);
        return absl::OkStatus();
      } else {
        return (*function_)(context);
      }
    }
    void Finish(const absl::Status& error) override {
      if (!error.ok() && options_->on_error) {
        internal::StatusOfCall([&] { options_->on_error(key_, error); },
                               [](absl::string_view) { return absl::OkStatus(); })
            .IgnoreError();
      }
      function_.reset();
    }

    const Options options_;
    const Key key_;
    std::optional<Function> function_;
  };

  const internal::Ref<internal::KeyedCore> core_;
  const Options options_;  // Shared with the tasks.
};

}  // namespace eventbus

#endif  // EVENTBUS_KEYED_TASKS_H_
