// A status with a message, where nothing may be thrown: without the message if there is no memory for it.

#ifndef EVENTBUS_INTERNAL_GROUND_SAFE_STATUS_H_
#define EVENTBUS_INTERNAL_GROUND_SAFE_STATUS_H_

#include <new>

#include "absl/status/status.h"

namespace eventbus::internal {

// `make_message` gives something that converts to `absl::string_view`.
template <typename MakeMessage>
absl::Status SafeStatus(absl::StatusCode code, MakeMessage make_message) {
  try {
    return absl::Status(code, make_message());
  } catch (const std::bad_alloc&) {
    return absl::Status(code, "");
  }
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_SAFE_STATUS_H_
