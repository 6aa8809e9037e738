#include "eventbus/error_group.h"

#include "eventbus/internal/choosing/await.h"

namespace eventbus {

namespace {

internal::GroupSettings SettingsOf(ErrorGroupOptions options) {
  return {.name = std::move(options.name),
          .executor = options.executor,
          .limit = options.limit,
          .cancels_on_error = options.on_error == ErrorGroupOptions::OnError::kCancelRest};
}

}  // namespace

ErrorGroup::ErrorGroup(const Context& parent, ErrorGroupOptions options)
    : core_(internal::MakeRef<internal::GroupCore>("ErrorGroup", parent, SettingsOf(options))),
      rethrow_(options.rethrow) {}

absl::Status ErrorGroup::Wait(const Context& context) {
  const absl::Status waited = core_->Wait(context);
  return waited.ok() ? Result() : waited;
}

absl::Status ErrorGroup::WaitUntil(absl::Time deadline) {
  const absl::Status waited = core_->WaitUntil(internal::ToInstant(deadline));
  return waited.ok() ? Result() : waited;
}

absl::Status ErrorGroup::Result() const {
  if (rethrow_) core_->RethrowFirst();
  return core_->FirstError();
}

Case ErrorGroup::OnDone() const {
  return Case({.target = core_.get(), .role = internal::GroupCount::kIdle, .kept_alive = core_});
}

}  // namespace eventbus
