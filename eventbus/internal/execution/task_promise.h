// The promise of a `Task`, and what awaits one.

#ifndef EVENTBUS_INTERNAL_EXECUTION_TASK_PROMISE_H_
#define EVENTBUS_INTERNAL_EXECUTION_TASK_PROMISE_H_

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "eventbus/internal/waiting/coroutine_activity.h"

namespace eventbus {

template <typename T>
class Task;

namespace internal {

// What a task may await: operations of this library, which resume it on its executor. Anything else would resume it
// wherever it likes, while its activity knows nothing of it.
template <typename Awaitable>
concept AwaitableInTask = requires {
  typename std::remove_cvref_t<Awaitable>::AwaitedInTask;
};

struct FinalAwaiter {
  bool await_ready() noexcept { return false; }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> here) noexcept {
    here.promise().GoOn();
  }
  void await_resume() noexcept {}
};

class TaskPromiseBase {
 public:
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() { thrown_ = std::current_exception(); }

  template <AwaitableInTask Awaitable>
  Awaitable&& await_transform(Awaitable&& awaitable) {
    return static_cast<Awaitable&&>(awaitable);
  }

  CoroutineActivity& activity() const { return *activity_; }
  void set_activity(CoroutineActivity& activity) { activity_ = &activity; }
  void set_awaiting(std::coroutine_handle<> awaiting) { awaiting_ = awaiting; }

  // At the end: on with who awaits this, if anyone.
  void GoOn() {
    if (awaiting_) {
      activity_->GoOnAt(awaiting_);
    } else {
      activity_->Finish();
    }
  }

 protected:
  void ThrowIfThrown() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

 private:
  CoroutineActivity* activity_ = nullptr;
  std::coroutine_handle<> awaiting_ = nullptr;
  std::exception_ptr thrown_;
};

template <typename T>
class TaskPromise final : public TaskPromiseBase {
 public:
  Task<T> get_return_object() { return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this)); }
  template <typename U>
  void return_value(U&& value) {
    result_.emplace(std::forward<U>(value));
  }
  // The result, once, after the end.
  T TakeResult() {
    ThrowIfThrown();
    return *std::move(result_);
  }

 private:
  std::optional<T> result_;
};

template <>
class TaskPromise<void> final : public TaskPromiseBase {
 public:
  Task<void> get_return_object();
  void return_void() {}
  void TakeResult() { ThrowIfThrown(); }
};

template <typename T>
class TaskAwaiter {
 public:
  explicit TaskAwaiter(std::coroutine_handle<TaskPromise<T>> frame) : frame_(frame) {}

  bool await_ready() { return false; }
  template <ActivePromise Promise>
  void await_suspend(std::coroutine_handle<Promise> here) {
    CoroutineActivity& activity = here.promise().activity();
    frame_.promise().set_activity(activity);
    frame_.promise().set_awaiting(here);
    activity.GoOnAt(frame_);
  }
  T await_resume() { return frame_.promise().TakeResult(); }

 private:
  const std::coroutine_handle<TaskPromise<T>> frame_;
};

struct YieldAwaiter {
  using AwaitedInTask = void;

  bool await_ready() { return false; }
  template <ActivePromise Promise>
  void await_suspend(std::coroutine_handle<Promise> here) {
    here.promise().activity().YieldAt(here);
  }
  void await_resume() {}
};

}  // namespace internal
}  // namespace eventbus

#endif  // EVENTBUS_INTERNAL_EXECUTION_TASK_PROMISE_H_
