#include "eventbus/internal/bus/bus_shared.h"

#include "absl/strings/str_cat.h"

namespace eventbus::internal {

std::string BusShared::Describe(absl::string_view what) const {
  return name.empty() ? absl::StrCat("bus: ", what) : absl::StrCat("bus '", name, "': ", what);
}

absl::Status BusShared::CountIn() {
  size_t seen = subscriptions_.load(std::memory_order_relaxed);
  do {
    if (seen >= max_subscriptions) {
      return absl::ResourceExhaustedError(
          Describe(absl::StrCat("has ", seen, " subscriptions, and may have no more than ", max_subscriptions)));
    }
  } while (!subscriptions_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed, std::memory_order_relaxed));
  return absl::OkStatus();
}

}  // namespace eventbus::internal
