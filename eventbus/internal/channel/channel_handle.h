// What all handles of a channel have in common, whatever their element type and direction.

#ifndef EVENTBUS_INTERNAL_CHANNEL_CHANNEL_HANDLE_H_
#define EVENTBUS_INTERNAL_CHANNEL_CHANNEL_HANDLE_H_

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/context.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus::internal {

class ChannelHandle {
 public:
  // Refuses sends from now on. Blocked senders return with `kFailedPrecondition` and keep their values; receivers get
  // what was accepted and then `kOutOfRange`. Legal at any time, from either side. True for the first call. O(waiters).
  bool Close() const { return Core("Close").Close(); }

  // Whether `Close` has been called. A receiver may still find values.
  bool closed() const { return Core("closed").closed(); }

  // How many values it holds with no receiver waiting; the largest `size_t` if unbounded.
  size_t capacity() const { return Core("capacity").capacity(); }

  // How many values it holds; other threads may change that before this returns.
  size_t ApproxSize() const { return Core("ApproxSize").ApproxSize(); }

  // Whether this handle has no channel.
  bool is_null() const { return !core_; }

 protected:
  friend struct ChannelAccess;

  ChannelHandle() = default;
  explicit ChannelHandle(Ref<ChannelCore> core) : core_(std::move(core)) {}

  bool SameAs(const ChannelHandle& other) const { return core_.get() == other.core_.get(); }

  ChannelCore& Core(absl::string_view call) const {
    if (!core_) Fail(call, "null channel");
    return *core_;
  }

  Ref<ChannelCore> core_;
};

// For the library itself and its tests: the core behind a handle, and a handle for a core.
struct ChannelAccess {
  static const Ref<ChannelCore>& core(const ChannelHandle& handle) { return handle.core_; }

  template <typename Handle>
  static Handle Make(Ref<ChannelCore> core) {
    return Handle(std::move(core));
  }
};

// A send or receive that ends with `context`. `to_status` names every other outcome.
template <typename ToStatus>
absl::Status WithContext(const Context& context, ChannelCore& channel, Role role, void* value, ToStatus to_status) {
  ContextState* const state = ContextAccess::state(context);
  if (state == nullptr) return to_status(channel.Complete(role, value, Instant::Never()));
  const Arm arms[] = {{.target = state}, {.target = &channel, .role = role, .value = value}};
  const Selected selected = SelectAmong(arms, Choice::kListed, Instant::Never());
  return selected.index == 0 ? context.status() : to_status(selected.outcome);
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_CHANNEL_HANDLE_H_
