// What a function whose result is to be awaited returns.

#ifndef EVENTBUS_INTERNAL_WAITING_ASYNC_OPERATION_H_
#define EVENTBUS_INTERNAL_WAITING_ASYNC_OPERATION_H_

#include <coroutine>
#include <tuple>
#include <utility>

namespace eventbus::internal {

// Makes its awaiter, from `args`, where it is awaited, for an awaiter has its place in the wait queue and cannot
// move.
template <typename Awaiter, typename... Args>
class [[nodiscard]] AsyncOperation {
 public:
  using AwaitedInTask = void;

  explicit AsyncOperation(Args... args) : args_(std::forward<Args>(args)...) {}

  Awaiter operator co_await() && { return std::make_from_tuple<Awaiter>(std::move(args_)); }

 private:
  std::tuple<Args...> args_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_ASYNC_OPERATION_H_
