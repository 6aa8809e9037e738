#include "eventbus/internal/execution/readiness.h"

#include <utility>

namespace eventbus::internal {

Readiness::Readiness(Ref<ChannelCore> channel) : channel_(std::move(channel)), fd_(descriptor_.fd()) {
  channel_->AddWatch(*this);
}

Readiness::~Readiness() {
  channel_->RemoveWatch(*this);
  bool timed;
  {
    MutexLock lock(&channel_->mutex);
    timed = timed_;
  }
  if (timed) AlarmClock::Get().Cancel(*this);  // Nobody sets it any more.
}

void Readiness::Update(bool readable, Instant due) {
  if (!readable && !due.is_never()) {
    if (alarm_set_) AlarmClock::Get().SetEarlier(*this, due);  // R2
    try {
      if (!alarm_set_) AlarmClock::Get().Set(*this, due);
      alarm_set_ = timed_ = true;
    } catch (...) {
      readable = true;  // No thread, or no memory for one, to wait for the moment: the loop has to look.
    }
  }
  if (readable == raised_) return;
  raised_ = readable;
  readable ? descriptor_.Raise() : descriptor_.Lower();
}

void Readiness::Ring(WakeList&, ReadyWork&) {
  MutexLock lock(&channel_->mutex);
  alarm_set_ = false;
  channel_->TellWatches();
}

}  // namespace eventbus::internal
