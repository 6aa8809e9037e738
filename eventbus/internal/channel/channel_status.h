// What the outcomes of channel operations are called in public.

#ifndef EVENTBUS_INTERNAL_CHANNEL_CHANNEL_STATUS_H_
#define EVENTBUS_INTERNAL_CHANNEL_CHANNEL_STATUS_H_

#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

// Without a message, so that it allocates nothing.
inline absl::Status BareStatus(absl::StatusCode code) { return absl::Status(code, absl::string_view()); }

inline absl::Status SendStatus(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone:
      return absl::OkStatus();
    case Outcome::kNotReady:
      return BareStatus(absl::StatusCode::kResourceExhausted);
    case Outcome::kDeadline:
      return BareStatus(absl::StatusCode::kDeadlineExceeded);
    case Outcome::kCancelled:
      return BareStatus(absl::StatusCode::kCancelled);
    case Outcome::kClosed:
    case Outcome::kWithdrawn:
      break;
  }
  return BareStatus(absl::StatusCode::kFailedPrecondition);
}

inline absl::Status ReceiveStatus(Outcome outcome) {
  if (outcome == Outcome::kClosed) return BareStatus(absl::StatusCode::kOutOfRange);
  if (outcome == Outcome::kNotReady) return BareStatus(absl::StatusCode::kUnavailable);
  return SendStatus(outcome);
}

// `absl::StatusOr<absl::Status>(status)` holds a value, so an error has to come in by another door: the conversion from
// a `StatusOr` of something that could be a status.
struct AlmostStatus {
  operator absl::Status() const { return absl::OkStatus(); }  // Never called.
};

template <typename T>
absl::StatusOr<T> ErrorOr(absl::Status error) {
  if constexpr (std::is_same_v<T, absl::Status>) {
    return absl::StatusOr<AlmostStatus>(std::move(error));
  } else {
    return error;
  }
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_CHANNEL_STATUS_H_
