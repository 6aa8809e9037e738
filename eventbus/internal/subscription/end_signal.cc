#include "eventbus/internal/subscription/end_signal.h"

namespace eventbus::internal {

bool EndSignal::End(const absl::Status& reason) {
  std::optional<Channel<absl::Status>> channel;
  {
    MutexLock lock(&mutex_);
    if (ended_) return false;
    ended_ = true;
    reason_ = reason;
    channel = channel_;
  }
  // Either the channel was there before the end, and this announces it, or it is made after it, and `Err` does.
  if (channel) Announce(*channel, reason);
  return true;
}

bool EndSignal::ended() const {
  MutexLock lock(&mutex_);
  return ended_;
}

ReceiveChannel<absl::Status> EndSignal::Err() {
  {
    MutexLock lock(&mutex_);
    if (channel_) return *channel_;
  }
  Channel<absl::Status> made(1);
  absl::Status reason;
  {
    MutexLock lock(&mutex_);
    if (channel_) return *channel_;
    channel_ = made;
    if (!ended_) return made;
    reason = reason_;
  }
  Announce(made, reason);
  return made;
}

void EndSignal::Announce(const Channel<absl::Status>& channel, const absl::Status& reason) {
  if (!reason.ok()) channel.TrySend(reason).IgnoreError();  // There is room for one, unless the reader closed it.
  channel.Close();
}

}  // namespace eventbus::internal
