#include "eventbus/timer.h"

#include <new>
#include <utility>

#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_handle.h"

namespace eventbus {

namespace {

using internal::Instant;

// A channel that stores nothing and makes its one value when it is asked for it and the time has come.
class OneShotTimer final : public internal::ChannelCore {
 public:
  explicit OneShotTimer(Instant due) : ChannelCore(internal::kElementOf<absl::Time>, 0), due_(due) {}

 private:
  bool TryProduce(void* to) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (due_.is_never() || internal::SteadyNow() < due_) return false;
    due_ = Instant::Never();
    ::new (to) absl::Time(internal::WallNow());
    return true;
  }

  Instant ProducesAt() const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return due_; }

  Instant due_ ABSL_GUARDED_BY(mutex);
};

ReceiveChannel<absl::Time> MakeTimer(Instant due) {
  return internal::ChannelAccess::Make<ReceiveChannel<absl::Time>>(internal::MakeRef<OneShotTimer>(due));
}

}  // namespace

ReceiveChannel<absl::Time> After(absl::Duration delay) { return MakeTimer(internal::SteadyNow() + delay); }

ReceiveChannel<absl::Time> At(absl::Time time) { return MakeTimer(internal::ToInstant(time)); }

}  // namespace eventbus
