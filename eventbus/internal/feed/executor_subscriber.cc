#include "eventbus/internal/feed/executor_subscriber.h"

#include <utility>

#include "absl/status/status.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

ExecutorSubscriber::ExecutorSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts,
                                       const Element& element, Executor& executor, size_t capacity)
    : HandlerSubscriber(std::move(feed_core), &queue_, std::move(parts), std::move(handler_parts)),
      Activity(executor),
      queue_(element, capacity),
      value_(element) {
  waiter_.operation = this;
  waiter_.role = Role::kReceive;
  waiter_.value = value_.get();
}

ExecutorSubscriber::~ExecutorSubscriber() { value_.Free(queue_.element()); }

void ExecutorSubscriber::Begin() {
  StartWaiting();
  MutexLock lock(&queue_.mutex);
  waits_ = true;
  queue_.Enlist(waiter_);
}

bool ExecutorSubscriber::ReceiveOrWait() {
  WakeList wakes;
  MutexLock lock(&queue_.mutex);
  // Relaxed: what is removed a moment later is as good as removed after this value.
  if (!member.load(std::memory_order_relaxed)) return false;
  waiter_.outcome = Outcome::kNotReady;
  if (queue_.TryReceiveLocked(value_.get(), wakes) == Outcome::kDone) return true;
  waits_ = true;
  queue_.Enlist(waiter_);
  return false;
}

bool ExecutorSubscriber::HandleOne() {
  absl::Status reason;
  const bool goes_on = Handle(value_.get(), reason);
  queue_.element().destroy(value_.get());
  if (!goes_on) feed->EndByItself(*this, reason);
  return goes_on;
}

Activity::Next ExecutorSubscriber::DoSome() {
  const ConsumerScope scope(feed.get());
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

void ExecutorSubscriber::CleanUp(bool abandoned) {
  const Element& element = queue_.element();
  if (waits_) {
    bool claimed;
    {
      MutexLock lock(&queue_.mutex);
      claimed = !waiter_.linked();
      if (!claimed) waiter_.Unlink();
    }
    if (claimed) {
      AwaitNotified();
      element.destroy(value_.get());
    }
  }
  if (abandoned) {
    feed->EndByItself(
        *this, SafeStatus(absl::StatusCode::kUnavailable, [] { return "the executor of the handler was shut down"; }));
  }
  // Nothing more is sent. The rest of this may be kept for long by the executor.
  while (queue_.TryReceiveMany(value_.get(), 1) == 1) element.destroy(value_.get());
  DropHandler();
}

}  // namespace eventbus::internal
