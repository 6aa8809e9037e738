#include "eventbus/internal/subscription/end_signal.h"

#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/internal/ground/element.h"

namespace eventbus::internal {

EndSignal& EndSignal::Ended() {
  static EndSignal& ended = *new EndSignal;  // Never destroyed: it may be waited on until the process ends.
  ended.End(absl::OkStatus());
  return ended;
}

bool EndSignal::End(const absl::Status& reason) {
  WakeList wakes;  // Wakes when the reason is there for those who wait for it.
  Ref<ChannelCore> channel;
  {
    MutexLock lock(&mutex);
    if (!HappenLocked(wakes)) return false;
    reason_ = reason;
    channel = channel_;
  }
  // Either the channel was there before the end, and this announces it, or it is made after it, and `Err` does.
  if (channel) Announce(channel, reason);
  return true;
}

ReceiveChannel<absl::Status> EndSignal::Err() { return ChannelAccess::Make<ReceiveChannel<absl::Status>>(ErrCore()); }

Ref<ChannelCore> EndSignal::ErrCore() {
  {
    MutexLock lock(&mutex);
    if (channel_) return channel_;
  }
  auto made = MakeRef<ChannelCore>(kElementOf<absl::Status>, 1);
  absl::Status reason;
  {
    MutexLock lock(&mutex);
    if (channel_) return channel_;
    channel_ = made;
    if (!HasHappenedLocked()) return made;
    reason = reason_;
  }
  Announce(made, reason);
  return made;
}

void EndSignal::Announce(const Ref<ChannelCore>& channel, const absl::Status& reason) {
  if (!reason.ok()) {
    absl::Status value = reason;
    channel->Complete(Role::kSend, &value, Instant::Past());  // There is room for one, unless the reader closed it.
  }
  channel->Close();
}

}  // namespace eventbus::internal
