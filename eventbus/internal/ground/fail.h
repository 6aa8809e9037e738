// How a programming error that timing cannot cause ends: at once, naming the call.

#ifndef EVENTBUS_INTERNAL_GROUND_FAIL_H_
#define EVENTBUS_INTERNAL_GROUND_FAIL_H_

#include "absl/strings/string_view.h"

namespace eventbus::internal {

// Writes "eventbus: <call>: <what is wrong>" to standard error and aborts.
[[noreturn]] void Fail(absl::string_view call, absl::string_view what_is_wrong);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_FAIL_H_
