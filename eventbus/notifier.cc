#include "eventbus/notifier.h"

#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

void Notifier::Wait() { internal::Await({.target = &core_}, internal::Instant::Never()); }

absl::Status Notifier::Wait(const Context& context) {
  return internal::WaitStatus(internal::Await({.target = &core_}, context), context);
}

absl::Status Notifier::WaitUntil(absl::Time deadline) {
  return internal::WaitStatus(internal::Await({.target = &core_}, internal::ToInstant(deadline)));
}

absl::Status Notifier::TryWait() {
  return internal::WaitStatus(internal::Await({.target = &core_}, internal::Instant::Past()));
}

}  // namespace eventbus
