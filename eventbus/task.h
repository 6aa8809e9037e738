// Coroutines that wait without a thread.
//
//   Task<> Serve(ReceiveChannel<Order> orders, SendChannel<Receipt> receipts) {
//     while (true) {
//       absl::StatusOr<Order> order = co_await orders.AsyncReceive();
//       if (!order.ok()) co_return;                                  // closed and drained
//       absl::Status sent = co_await receipts.AsyncSend(Handle(*order));
//     }
//   }
//
//   ThreadPool pool(2);
//   Spawned<> server = Spawn(pool, Serve(orders, receipts));
//   ...
//   absl::Status status = server.Join();
//
// A task is lazy: it does nothing until it is awaited by another task or spawned on an executor. All tasks of one spawn
// run on that executor, one at a time; each may run in another of its threads after each `co_await`. A coroutine meets
// threads on the same channels and in the same queues. One whose awaits need no waiting lets others of its executor go
// first from time to time, and ends when it is stopped, all the same.
//
//   Task<> Wrong(const Config& config);           // a reference parameter must outlive the coroutine
//   Spawn(pool, [&]() -> Task<> { ... }());       // wrong: the lambda, and its captures, are gone; pass parameters
//   if ((co_await ch.AsyncSend(1)).ok()) ...      // wrong with g++ up to 12, which destroys what is in a condition twice:
//   absl::Status sent = co_await ch.AsyncSend(1); // right, and so is `while (std::optional<T> t = co_await ch.AsyncNext())`
//
// Errors: an exception of a task reaches who awaits it; that of the outermost, who joins it.
//
// Cost: one allocation for each frame and one for the spawn; waiting and being resumed allocate nothing, but for a wait
// for a timer and a select of more than eight cases.

#ifndef EVENTBUS_TASK_H_
#define EVENTBUS_TASK_H_

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/execution/spawned_state.h"
#include "eventbus/internal/execution/task_promise.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/event.h"

namespace eventbus {

namespace internal {
struct TaskAccess;
}

// Move-only. `co_await` it once, or spawn it. Destroyed before that, it never runs.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;
  using AwaitedInTask = void;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  // In a task: runs this one to its end, and is its result, or throws its exception.
  auto operator co_await() && { return internal::TaskAwaiter<T>(frame_); }

 private:
  friend internal::TaskPromise<T>;
  template <typename U>
  friend class Spawned;
  friend struct internal::TaskAccess;

  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

inline Task<void> internal::TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

// For the library itself: the frame of a task, which may be taken out of it.
struct internal::TaskAccess {
  template <typename T>
  static std::coroutine_handle<TaskPromise<T>>& frame(Task<T>& task) {
    return task.frame_;
  }
};

// What a join gives: of a `Task<void>` or `Task<absl::Status>`, an `absl::Status`; of a `Task<absl::StatusOr<U>>`, that;
// of any other, an `absl::StatusOr<T>`.
template <typename T>
using JoinResult = internal::JoinResult<T>;

// A spawned task. Move-only; destruction stops it. Thread-safe but for moving and destroying.
template <typename T = void>
class [[nodiscard]] Spawned {
 public:
  // One that has ended.
  Spawned() = default;
  Spawned(Spawned&&) = default;
  Spawned& operator=(Spawned&& other) {
    if (this != &other) {
      Drop();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~Spawned() { Drop(); }

  // Starts `task` on `executor`, which must outlive it.
  Spawned(Executor& executor, Task<T> task)
      : state_(internal::MakeRef<internal::SpawnedState<T>>(executor, task.frame_)) {
    task.frame_ = nullptr;
    state_->Start();
  }

  // Blocks until the task has ended, and is its result; throws what it threw. The result is given once; to later calls,
  // and of a default-constructed one, `kFailedPrecondition`. `kCancelled` if it was stopped; `kUnavailable` if its
  // executor had been shut down when it was to run. Not from the task itself.
  JoinResult<T> Join() { return Join(Context::Background()); }

  // As above, or ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, and the task goes on.
  JoinResult<T> Join(const Context& context) {
    if (!state_) return absl::FailedPreconditionError("Join: nothing was spawned");
    if (absl::Status status = internal::AwaitEnd(*state_, state_->end(), context); !status.ok()) return status;
    return state_->TakeResult();
  }

  // Ends the task where it waits, and destroys the objects in its frames, with whatever had been given to it and not yet
  // taken. If it runs in another thread, blocks until it next has to wait; called by itself, does not block.
  void Stop() {
    const auto state = state_;  // The task may own this, and goes with its end.
    if (state) state->Stop();
  }

  // A case that is ready once the task has ended; at once if there is none.
  Case OnEnd() const {
    internal::CaseParts parts;
    parts.target = state_ ? &state_->end() : &internal::Event::LongAgo();
    parts.kept_alive = state_;
    return Case(std::move(parts));
  }

  bool done() const { return !state_ || state_->end().has_happened(); }

 private:
  void Drop() {
    const auto state = std::move(state_);
    if (!state) return;
    state->Stop();
    state->DropResult();
  }

  internal::Ref<internal::SpawnedState<T>> state_;
};

// Starts `task` on `executor`. The handle joins or stops it.
template <typename T>
Spawned<T> Spawn(Executor& executor, Task<T> task) {
  return Spawned<T>(executor, std::move(task));
}

// `co_await Yield()`: lets other work of the executor go first.
inline internal::YieldAwaiter Yield() { return {}; }

}  // namespace eventbus

#endif  // EVENTBUS_TASK_H_
