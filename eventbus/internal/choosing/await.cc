#include "eventbus/internal/choosing/await.h"

#include "absl/strings/string_view.h"

namespace eventbus::internal {

namespace {

Outcome TryNow(const Arm& arm) {
  WakeList wakes;
  Waiter waiter;
  waiter.role = arm.role;
  waiter.value = arm.value;
  MutexLock lock(&arm.target->mutex);
  return arm.target->TryComplete(waiter, wakes) ? waiter.outcome : Outcome::kNotReady;
}

}  // namespace

Outcome Await(const Arm& arm, Instant deadline) {
  const Outcome now = TryNow(arm);
  if (now != Outcome::kNotReady || deadline == Instant::Past()) return now;
  return SelectAmong({&arm, 1}, Choice::kListed, deadline).outcome;
}

Outcome Await(const Arm& arm, const Context& context) {
  ContextState* const state = ContextAccess::state(context);
  if (state == nullptr) return Await(arm, Instant::Never());
  if (state->IsDone()) return Outcome::kCancelled;
  const Outcome now = TryNow(arm);
  if (now != Outcome::kNotReady) return now;
  const Arm arms[] = {{.target = state}, arm};
  const Selected selected = SelectAmong(arms, Choice::kListed, Instant::Never());
  return selected.index == 0 ? Outcome::kCancelled : selected.outcome;
}

absl::Status WaitStatus(Outcome outcome, const Context& context) {
  switch (outcome) {
    case Outcome::kDone:
      return absl::OkStatus();
    case Outcome::kDeadline:
      return absl::Status(absl::StatusCode::kDeadlineExceeded, absl::string_view());
    case Outcome::kCancelled:
      return context.status();
    case Outcome::kNotReady:
    case Outcome::kClosed:
    case Outcome::kWithdrawn:
      break;
  }
  return absl::Status(absl::StatusCode::kUnavailable, absl::string_view());
}

}  // namespace eventbus::internal
