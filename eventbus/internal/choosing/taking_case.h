// A case that takes something which is no value and which others want: units of a semaphore, a wake-up. If a coroutine that
// selects is stopped in the instant in which the case took effect, nobody will hear of it, and it is given back.

#ifndef EVENTBUS_INTERNAL_CHOOSING_TAKING_CASE_H_
#define EVENTBUS_INTERNAL_CHOOSING_TAKING_CASE_H_

#include <utility>

#include "eventbus/case.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/element_box.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

// Says what was asked for, is where the waiter's `value` points to, and can undo what the case did: `GiveBack()`.
template <typename Request>
concept TakingRequest = requires(Request& request) {
  request.GiveBack();
};

// As an element that needs no room of its own and is "destroyed" where a received value would be dropped.
template <TakingRequest Request>
inline constexpr Element kGivenBack = {
    .size = 0,
    .alignment = 1,
    .trivial = false,
    .move = nullptr,
    .destroy = [](void* request) { static_cast<Request*>(request)->GiveBack(); },
    .copy = nullptr,
    .name = &TypeName<Request>,
};

// `finish(request, outcome)` runs once the case has taken effect.
template <TakingRequest Request, typename Finish>
Case TakingCase(Selectable& target, Request request, Finish finish) {
  CaseParts parts;
  parts.target = &target;
  parts.owned_value = ElementBox(std::move(request));
  parts.received = &kGivenBack<Request>;
  parts.finish = [finish = std::move(finish)](void* value, Outcome outcome) mutable {
    finish(*static_cast<Request*>(value), outcome);
  };
  return Case(std::move(parts));
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHOOSING_TAKING_CASE_H_
