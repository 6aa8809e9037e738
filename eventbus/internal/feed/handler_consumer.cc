#include "eventbus/internal/feed/handler_consumer.h"

#include <utility>

#include "absl/status/status.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/feed/subscriber.h"
#include "eventbus/internal/ground/safe_status.h"

namespace eventbus::internal {

HandlerConsumer::HandlerConsumer(Executor& executor, const Element& element, Ref<Subscriber> subscriber)
    : Activity(executor), element_(element), subscriber_(std::move(subscriber)), value_(AllocateElements(element, 1)) {
  waiter_.operation = this;
  waiter_.role = Role::kReceive;
  waiter_.value = value_;
}

HandlerConsumer::~HandlerConsumer() { FreeElements(element_, value_); }

void HandlerConsumer::Begin() {
  StartWaiting();
  ChannelCore& channel = *subscriber_->channel;
  MutexLock lock(&channel.mutex);
  waits_ = true;
  channel.Enlist(waiter_);
}

bool HandlerConsumer::ReceiveOrWait() {
  ChannelCore& channel = *subscriber_->channel;
  WakeList wakes;
  MutexLock lock(&channel.mutex);
  waiter_.outcome = Outcome::kNotReady;
  if (channel.TryReceiveLocked(value_, wakes) == Outcome::kDone) return true;
  waits_ = true;
  channel.Enlist(waiter_);
  return false;
}

bool HandlerConsumer::HandleOne() {
  absl::Status reason;
  const bool goes_on = subscriber_->Handle(value_, reason);
  element_.destroy(value_);
  if (!goes_on) subscriber_->feed->EndByItself(*subscriber_, reason);
  return goes_on;
}

Activity::Next HandlerConsumer::DoSome() {
  // The run follows a wait that was claimed, unless it follows a full batch.
  bool holds_value = std::exchange(waits_, false);
  for (int handled = 0; handled < kBatch; ++handled) {
    if (!holds_value && !ReceiveOrWait()) return Next::kWaits;
    holds_value = false;
    if (!HandleOne()) return Next::kEnds;
    if (stopping()) return Next::kAgain;  // There is no next time.
  }
  return Next::kAgain;
}

void HandlerConsumer::CleanUp(bool abandoned) {
  const Ref<Subscriber> subscriber = std::move(subscriber_);
  if (waits_) {
    bool claimed;
    {
      MutexLock lock(&subscriber->channel->mutex);
      claimed = !waiter_.linked();
      if (!claimed) waiter_.Unlink();
    }
    if (claimed) {
      AwaitNotified();
      element_.destroy(value_);
    }
  }
  if (abandoned) {
    subscriber->feed->EndByItself(*subscriber, SafeStatus(absl::StatusCode::kUnavailable,
                                                          [] { return "the executor of the handler was shut down"; }));
  }
  subscriber->DropHandler();
}

}  // namespace eventbus::internal
