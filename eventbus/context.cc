#include "eventbus/context.h"

#include <utility>

namespace eventbus {

CancelHandle Context::WithCancel() const { return MakeChild(internal::Instant::Never(), absl::InfiniteFuture()); }

CancelHandle Context::WithDeadline(absl::Time deadline) const {
  return MakeChild(internal::ToInstant(deadline), deadline);
}

CancelHandle Context::WithTimeout(absl::Duration timeout) const {
  return MakeChild(internal::SteadyNow() + timeout, internal::WallNow() + timeout);
}

CancelCallback Context::OnCancel(absl::AnyInvocable<void()> callback) const {
  if (!state_) return CancelCallback();
  auto registered = internal::MakeRef<internal::CancelCallbackState>(state_, std::move(callback));
  registered->Register();
  return CancelCallback(std::move(registered));
}

CancelHandle Context::MakeChild(internal::Instant deadline, absl::Time wall_deadline) const {
  return CancelHandle(Context(internal::MakeRef<internal::ContextState>(state_, deadline, wall_deadline)));
}

}  // namespace eventbus
