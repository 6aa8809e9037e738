#include "eventbus/internal/execution/spawned_state.h"

#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus::internal {

absl::Status AwaitEnd(const Activity& activity, Event& end, const Context& context) {
  if (activity.RunsHere()) Fail("Join", "a task cannot join itself");
  if (context.done()) return context.status();
  const Arm arms[] = {{.target = &end}, {.target = ContextAccess::state(context)}};
  return SelectAmong(arms, Choice::kListed, Instant::Never()).index == 0 ? absl::OkStatus() : context.status();
}

}  // namespace eventbus::internal
