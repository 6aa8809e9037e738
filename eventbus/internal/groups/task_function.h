// What may be given to a group to be run, as the group keeps it.

#ifndef EVENTBUS_INTERNAL_GROUPS_TASK_FUNCTION_H_
#define EVENTBUS_INTERNAL_GROUPS_TASK_FUNCTION_H_

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/internal/groups/group_core.h"

namespace eventbus::internal {

// Called with the group's context, or with nothing. Gives an `absl::Status`, or nothing: OK.
template <typename Function, typename... Args>
concept CallableAsTask = std::invocable<Function&, Args...> &&
    (std::is_void_v<std::invoke_result_t<Function&, Args...>> ||
     std::convertible_to<std::invoke_result_t<Function&, Args...>, absl::Status>);
template <typename Function>
concept TaskFunctionLike = CallableAsTask<Function> || CallableAsTask<Function, const Context&>;

template <TaskFunctionLike Function>
TaskFunction MakeTaskFunction(Function function) {
  return [function = std::move(function)](const Context& context) mutable -> absl::Status {
    const auto call = [&]() -> decltype(auto) {
      if constexpr (CallableAsTask<Function, const Context&>) {
        return std::invoke(function, context);
      } else {
        return std::invoke(function);
      }
    };
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      return absl::OkStatus();
    } else {
      return call();
    }
  };
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_TASK_FUNCTION_H_
