#include "eventbus/internal/feed/channel_emptying.h"

#include <utility>

namespace eventbus::internal {

bool ChannelEmptying::StartLocked() {
  queued_ = left_ = channel_->AddWatchLocked(*this);
  if (left_ == 0) {
    channel_->RemoveWatchLocked(*this);
  } else {
    waits_ = true;
  }
  return waits_;
}

bool ChannelEmptying::Stop() {
  MutexLock lock(&channel_->mutex);
  if (!std::exchange(waits_, false)) return false;
  channel_->RemoveWatchLocked(*this);
  return true;
}

void ChannelEmptying::Received(WakeList& wakes) {
  if (!waits_ || --left_ > 0) return;
  waits_ = false;
  wakes.Add(waiter_);
}

void ChannelEmptying::Wake(Waiter&, ReadyWork& ready) {
  {
    MutexLock lock(&channel_->mutex);
    channel_->RemoveWatchLocked(*this);
  }
  Emptied(ready);
}

uint64_t ChannelEmptying::left() const {
  MutexLock lock(&channel_->mutex);
  return left_;
}

uint64_t ChannelEmptying::queued() const {
  MutexLock lock(&channel_->mutex);
  return queued_;
}

}  // namespace eventbus::internal
