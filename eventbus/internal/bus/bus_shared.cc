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

void BusShared::OneHasEnded(WakeList& wakes) {
  // Release and acquire: who finds the end finds what came before the end of each.
  if (not_ended_.fetch_sub(1, std::memory_order_acq_rel) == 1) end_.Happen(wakes);
}

absl::Status BusShared::TakeRoom(size_t room, absl::string_view what, absl::string_view its_name) {
  if (max_queued == kNoLimit || room == 0) return absl::OkStatus();
  if (room == kNoLimit) {
    return absl::InvalidArgumentError(Describe(absl::StrCat(
        what, " '", its_name, "': a queue without a limit, where no more than ", max_queued, " events may wait")));
  }
  size_t seen = room_.load(std::memory_order_relaxed);
  do {
    if (room > max_queued - seen) {
      return absl::ResourceExhaustedError(
          Describe(absl::StrCat(what, " '", its_name, "': no room for queues of ", room, ", where no more than ",
                                max_queued, " events may wait, and there are queues for ", seen)));
    }
  } while (!room_.compare_exchange_weak(seen, seen + room, std::memory_order_relaxed, std::memory_order_relaxed));
  return absl::OkStatus();
}

}  // namespace eventbus::internal
