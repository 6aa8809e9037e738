// What is behind a `Spawned`: a chain of coroutines as one activity, and its result.

#ifndef EVENTBUS_INTERNAL_EXECUTION_SPAWNED_STATE_H_
#define EVENTBUS_INTERNAL_EXECUTION_SPAWNED_STATE_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/execution/task_promise.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/coroutine_activity.h"
#include "eventbus/internal/waiting/event.h"

namespace eventbus::internal {

template <typename T>
struct JoinResultOf {
  using type = absl::StatusOr<T>;
};
template <>
struct JoinResultOf<void> {
  using type = absl::Status;
};
template <>
struct JoinResultOf<absl::Status> {
  using type = absl::Status;
};
template <typename U>
struct JoinResultOf<absl::StatusOr<U>> {
  using type = absl::StatusOr<U>;
};
template <typename T>
using JoinResult = typename JoinResultOf<T>::type;

// Blocks until `end`, of `activity`, has happened: OK; or until `context` is done: its status.
absl::Status AwaitEnd(const Activity& activity, Event& end, const Context& context);

template <typename T>
class SpawnedState final : public CoroutineActivity {
 public:
  // Owns `frame`, the outermost of the chain.
  SpawnedState(Executor& executor, std::coroutine_handle<TaskPromise<T>> frame)
      : CoroutineActivity(executor, frame), frame_(frame) {
    frame.promise().set_activity(*this);
  }

  // Happens once it has ended.
  Event& end() { return end_; }

  // Once it has ended: the result, the first time; throws what the task threw.
  JoinResult<T> TakeResult() {
    if (taken_.exchange(true, std::memory_order_relaxed)) {
      return absl::FailedPreconditionError("Join: the result has been taken already");
    }
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    // Nothing of it stays here: the executor's thread may be the last to let go of this, at any time from now on.
    JoinResult<T> result = *std::move(result_);
    result_.reset();
    return result;
  }

  // Nobody will take the result any more. Ends its life, if the task has ended.
  void DropResult() {
    if (!end_.has_happened() || taken_.exchange(true, std::memory_order_relaxed)) return;
    thrown_ = nullptr;
    result_.reset();
  }

 private:
  void CleanUp(bool abandoned) override {
    if (!finished()) {
      result_.emplace(abandoned ? SafeStatus(absl::StatusCode::kUnavailable,
                                             [] { return "the executor of the task was shut down"; })
                                : SafeStatus(absl::StatusCode::kCancelled, [] { return "the task was stopped"; }));
    } else {
      try {
        if constexpr (std::is_void_v<T>) {
          frame_.promise().TakeResult();
          result_.emplace();
        } else {
          result_.emplace(frame_.promise().TakeResult());
        }
      } catch (...) {
        thrown_ = std::current_exception();
      }
    }
    frame_.destroy();
  }

  void Announce(WakeList& wakes) override { end_.Happen(wakes); }

  const std::coroutine_handle<TaskPromise<T>> frame_;
  EventCalled<"end of coroutine"> end_;
  // Written before the end is announced, and read after it.
  std::optional<JoinResult<T>> result_;
  std::exception_ptr thrown_;
  Atomic<bool> taken_{false};  // Relaxed: decides only who takes the result.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_EXECUTION_SPAWNED_STATE_H_
