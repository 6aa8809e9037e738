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
  WakeList wakes;
  return End(reason, wakes);
}

bool EndSignal::End(const absl::Status& reason, WakeList& wakes) {
  // Those who wait for the end are woken when the reason is there, together with those who wait for the reason: what is woken
  // may run user code in this thread, which may wait for a waker that has not been there yet.
  Ref<ChannelCore> channel;
  {
    MutexLock lock(&mutex);
    if (!HappenLocked(wakes)) return false;
    reason_ = reason;
    channel = channel_;
  }
  // Either the channel was there before the end, and this announces it, or it is made after it, and `Err` does.
  if (channel) Announce(*channel, reason, wakes);
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
  WakeList wakes;
  Announce(*made, reason, wakes);
  return made;
}

void EndSignal::Announce(ChannelCore& channel, const absl::Status& reason, WakeList& wakes) {
  if (!reason.ok()) {
    absl::Status value = reason;
    MutexLock lock(&channel.mutex);
    channel.TrySendLocked(&value, wakes);  // There is room for one, unless the reader closed it.
  }
  channel.Close(wakes);
}

}  // namespace eventbus::internal
