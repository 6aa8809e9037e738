// The result of a call that somebody else makes, with room for a status in its place.

#ifndef EVENTBUS_INTERNAL_GROUND_CALL_RESULT_H_
#define EVENTBUS_INTERNAL_GROUND_CALL_RESULT_H_

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace eventbus::internal {

template <typename R>
struct CallResultOf {
  using type = absl::StatusOr<R>;
};
template <>
struct CallResultOf<void> {
  using type = absl::Status;
};
template <>
struct CallResultOf<absl::Status> {
  using type = absl::Status;
};
template <typename U>
struct CallResultOf<absl::StatusOr<U>> {
  using type = absl::StatusOr<U>;
};

// Of a function that returns nothing or an `absl::Status`, an `absl::Status`; of one that returns an `absl::StatusOr<U>`,
// that; of any other, an `absl::StatusOr<R>`.
template <typename R>
using CallResult = typename CallResultOf<R>::type;

// Calls `call(argument)` and keeps what it returns in `result`; for an exception, `describe(what)`, a status, where `what` is
// the exception's own text or empty.
template <typename R, typename Call, typename Argument, typename Describe>
void KeepResultOfCall(std::optional<CallResult<R>>& result, Call& call, Argument& argument, Describe describe) {
  try {
    if constexpr (std::is_void_v<R>) {
      std::invoke(call, argument);
      result.emplace();
    } else {
      result.emplace(std::invoke(call, argument));
    }
  } catch (const std::exception& e) {
    result.emplace(describe(absl::string_view(e.what())));
  } catch (...) {
    result.emplace(describe(absl::string_view()));
  }
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_CALL_RESULT_H_
