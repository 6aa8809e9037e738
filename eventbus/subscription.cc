#include "eventbus/subscription.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventbus/channel.h"
#include "eventbus/internal/draining/drain_rules.h"
#include "eventbus/internal/subscription/end_signal.h"

namespace eventbus {

ReceiveChannel<absl::Status> Subscription::Err() const {
  if (state_) return state_->Err();
  Channel<absl::Status> ended;
  ended.Close();
  return ended;
}

DrainReport Subscription::Drain(const Context& context) {
  const internal::Ref<internal::SubscriptionState> state = state_;
  const std::string self = absl::StrCat("subscription '", name(), "'");
  if (state && state->RunsHere()) return {.status = internal::RefuseDrainFromInside(self)};
  if (absl::Status refused = internal::RefuseDrain(self, context); !refused.ok()) return {.status = std::move(refused)};
  DrainReport report;
  if (!state) return report;
  state->RequestDrain();
  const bool ended = internal::AwaitEnd({.target = &state->end()}, context);
  state->AddDrained(report.entries);
  internal::Conclude(self, ended, context, report);
  return report;
}

internal::Selectable& SubscriptionAccess::end(const Subscription& subscription) {
  return subscription.state_ ? subscription.state_->end() : internal::EndSignal::Ended();
}

Case Subscription::EndCase(absl::AnyInvocable<void(void*, internal::Outcome)> finish) const {
  internal::CaseParts parts;
  parts.target = &SubscriptionAccess::end(*this);
  parts.kept_alive = state_;
  parts.finish = std::move(finish);
  return Case(std::move(parts));
}

}  // namespace eventbus
