// How long to wait before another attempt: longer after each that failed, up to a maximum, and never as long as others do.

#ifndef EVENTBUS_INTERNAL_SUBSCRIPTION_BACKOFF_H_
#define EVENTBUS_INTERNAL_SUBSCRIPTION_BACKOFF_H_

#include <algorithm>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace eventbus::internal {

// Not thread-safe.
class Backoff {
 public:
  // Gives a number from 0 up to, and not including, 1.
  using Random = absl::AnyInvocable<double()>;

  // Both positive.
  Backoff(absl::Duration initial, absl::Duration max, Random random)
      : initial_(std::min(initial, max)), max_(max), next_(initial_), random_(std::move(random)) {}

  // The wait after an attempt that failed and had lasted `lasted` until then: between half of what it is due and the whole. What
  // is due doubles each time, and starts again after an attempt that lasted longer than the maximum.
  absl::Duration Next(absl::Duration lasted) {
    if (lasted > max_) next_ = initial_;
    const absl::Duration due = next_;
    next_ = due > max_ / 2 ? max_ : due * 2;
    return due * (0.5 + 0.5 * random_());
  }

 private:
  const absl::Duration initial_;
  const absl::Duration max_;
  absl::Duration next_;
  Random random_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_SUBSCRIPTION_BACKOFF_H_
