#include "eventbus/internal/draining/drain_rules.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace eventbus::internal {

absl::Status RefuseDrain(absl::string_view object, const Context& context) {
  if (context.done()) {
    return absl::InvalidArgumentError(
        absl::StrCat(object,
                     ": Drain with a context that is done already has no time for anything; give it a budget of its "
                     "own: context.WithoutCancel().WithTimeout(...)"));
  }
  if (context.deadline() == absl::InfiniteFuture()) {
    return absl::InvalidArgumentError(
        absl::StrCat(object, ": Drain with a context that has no deadline may never return; use WithTimeout"));
  }
  return absl::OkStatus();
}

absl::Status RefuseDrainFromInside(absl::string_view object) {
  return absl::FailedPreconditionError(
      absl::StrCat(object, ": Drain from its own work would wait for itself; RequestDrain does not wait"));
}

bool AwaitEnd(const Arm& end, const Context& context) {
  const Arm arms[] = {end, {.target = ContextAccess::state(context)}};
  return SelectAmong(arms, Choice::kListed, Instant::Never()).index == 0;
}

void Conclude(absl::string_view object, bool ended, const Context& context, DrainReport& report) {
  if (ended) return ConcludeHardStop(object, report);
  const absl::StatusCode code = context.status().code();
  report.status =
      absl::Status(code, absl::StrCat(object, ": ", report.running(), " running and ", report.left(), " left ",
                                      code == absl::StatusCode::kCancelled ? "when the drain was cancelled"
                                                                           : "after the time for the drain"));
}

void ConcludeHardStop(absl::string_view object, DrainReport& report) {
  if (report.left() == 0 && report.running() == 0) return;
  report.status = absl::AbortedError(absl::StrCat(object, ": stopped with ", report.left(),
                                                  " left that never began and ", report.running(), " running"));
}

}  // namespace eventbus::internal
