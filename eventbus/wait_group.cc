#include "eventbus/wait_group.h"

#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

void WaitGroup::Wait() {
  if (core_.IsZero()) return;
  internal::Await({.target = &core_}, internal::Instant::Never());
}

absl::Status WaitGroup::Wait(const Context& context) {
  return internal::WaitStatus(internal::Await({.target = &core_}, context), context);
}

absl::Status WaitGroup::WaitUntil(absl::Time deadline) {
  return internal::WaitStatus(internal::Await({.target = &core_}, internal::ToInstant(deadline)));
}

}  // namespace eventbus
