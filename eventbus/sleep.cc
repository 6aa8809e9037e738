#include "eventbus/sleep.h"

#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

namespace {

absl::Status SleepUntilInstant(const Context& context, internal::Instant until) {
  const internal::Arm arms[] = {{.target = ContextAccess::state(context)}};
  const internal::Selected selected = internal::SelectAmong(arms, internal::Choice::kListed, until);
  return selected.index == 0 ? context.status() : absl::OkStatus();
}

}  // namespace

absl::Status SleepFor(const Context& context, absl::Duration duration) {
  return SleepUntilInstant(context, internal::SteadyNow() + duration);
}

absl::Status SleepUntil(const Context& context, absl::Time time) {
  return SleepUntilInstant(context, internal::ToInstant(time));
}

}  // namespace eventbus
