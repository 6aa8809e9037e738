#include "eventbus/context.h"

namespace eventbus {

CancelHandle Context::WithCancel() const { return MakeChild(internal::Instant::Never(), absl::InfiniteFuture()); }

CancelHandle Context::WithDeadline(absl::Time deadline) const {
  return MakeChild(internal::ToInstant(deadline), deadline);
}

CancelHandle Context::WithTimeout(absl::Duration timeout) const {
  return MakeChild(internal::SteadyNow() + timeout, internal::WallNow() + timeout);
}

CancelHandle Context::MakeChild(internal::Instant deadline, absl::Time wall_deadline) const {
  return CancelHandle(Context(internal::MakeRef<internal::ContextState>(state_, deadline, wall_deadline)));
}

}  // namespace eventbus
