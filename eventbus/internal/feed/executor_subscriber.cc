#include "eventbus/internal/feed/executor_subscriber.h"

#include <utility>

#include "eventbus/internal/feed/feed_core.h"

namespace eventbus::internal {

ExecutorSubscriber::ExecutorSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts,
                                       const Element& element, Executor& executor, size_t capacity)
    : ConsumingSubscriber(std::move(feed_core), std::move(parts), std::move(handler_parts), executor, capacity) {
  if (picky()) {
    JoinOwn(element);
  } else if (feed->CommonCapacity() < capacity) {
    ring_ = MakeRef<BroadcastRing>(element, capacity);
  }
}

QueueFill ExecutorSubscriber::Fill() const { return {.size = feed->CountWaiting(*this), .capacity = capacity()}; }

Progress ExecutorSubscriber::SourceProgress() const { return GetProgress(feed->CommonHead()); }

void ExecutorSubscriber::StopReceiving(uint64_t, WakeList& wakes) {
  if (own() != nullptr) {
    LeaveOwn(finishing(), wakes);
  } else {
    feed->LeaveCommon(*this, finishing(), wakes);
  }
  if (Waiter* const delivery = Claim()) {
    delivery->outcome = Outcome::kWithdrawn;
    wakes.Add(*delivery);
  }
}

}  // namespace eventbus::internal
