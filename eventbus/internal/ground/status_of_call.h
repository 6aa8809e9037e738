// User code whose failure is a status: what it throws becomes one.

#ifndef EVENTBUS_INTERNAL_GROUND_STATUS_OF_CALL_H_
#define EVENTBUS_INTERNAL_GROUND_STATUS_OF_CALL_H_

#include <exception>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace eventbus::internal {

// Calls `call`: OK if it returns nothing, else the status that it returns, and for an exception `describe(what)`, where `what`
// is the exception's own text or empty. Throws nothing unless `describe` does.
template <typename Call, typename Describe>
absl::Status StatusOfCall(Call&& call, Describe&& describe) {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Call&>>) {
      call();
      return absl::OkStatus();
    } else {
      return call();
    }
  } catch (const std::exception& e) {
    return describe(absl::string_view(e.what()));
  } catch (...) {
    return describe(absl::string_view());
  }
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_STATUS_OF_CALL_H_
