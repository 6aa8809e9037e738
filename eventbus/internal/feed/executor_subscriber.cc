#include "eventbus/internal/feed/executor_subscriber.h"

#include <utility>

#include "absl/status/status.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

ExecutorSubscriber::ExecutorSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts,
                                       const Element& element, Executor& executor, size_t capacity)
    : HandlerSubscriber(std::move(feed_core), std::move(parts), std::move(handler_parts)),
      BroadcastReader(capacity, *this),
      Activity(executor) {
  if (filter != nullptr) {
    JoinOwn(element);
  } else if (feed->CommonCapacity() < capacity) {
    ring_ = MakeRef<BroadcastRing>(element, capacity);
  }
}

void ExecutorSubscriber::StopReceiving(uint64_t, WakeList& wakes) {
  if (own() != nullptr) {
    LeaveOwn();
  } else {
    feed->LeaveCommon(*this);
  }
  if (Waiter* const delivery = Claim()) {
    delivery->outcome = Outcome::kWithdrawn;
    wakes.Add(*delivery);
  }
}

Activity::Next ExecutorSubscriber::DoSome() {
  const ConsumerScope scope(feed.get());
  HasBeenNotified();
  for (int handled = 0; handled < kBatch; ++handled) {
    const void* value;
    {
      WakeList wakes;
      value = TakeOrWait(wakes);
    }
    if (value == nullptr) return Next::kWaits;
    absl::Status reason;
    const bool goes_on = Handle(value, reason);
    Pass();
    if (!goes_on) {
      feed->EndByItself(*this, reason);
      return Next::kEnds;
    }
    if (stopping()) return Next::kAgain;  // There is no next time.
  }
  return Next::kAgain;
}

void ExecutorSubscriber::CleanUp(bool abandoned) {
  if (!CancelWait()) AwaitNotified();
  if (abandoned) {
    feed->EndByItself(
        *this, SafeStatus(absl::StatusCode::kUnavailable, [] { return "the executor of the handler was shut down"; }));
  }
  // Nothing more is sent. The rest of this may be kept for long by the executor.
  PassRest();
  DropHandler();
}

}  // namespace eventbus::internal
