// The two kinds of subscriptions whose handler has an executor: one that a sender waits for, and one with an overflow policy.

#ifndef EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_

#include <cstddef>
#include <memory>

#include "eventbus/internal/feed/broadcast_reader.h"
#include "eventbus/internal/feed/consuming_subscriber.h"
#include "eventbus/internal/feed/key_index.h"
#include "eventbus/internal/feed/overflow_queue.h"
#include "eventbus/internal/feed/progress.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/overflow.h"

namespace eventbus::internal {

// One that a sender waits for. If it takes every value it reads the broadcast of the feed, with all the others; else one of its
// own.
class ExecutorSubscriber final : public ConsumingSubscriber<BroadcastReader> {
 public:
  ExecutorSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts, const Element& element,
                     Executor& executor, size_t capacity);

  Way way() const override { return own() == nullptr ? Way::kCommon : Way::kOwn; }
  void StopReceiving(uint64_t send, WakeList& wakes) override;
  size_t Room() const override { return capacity(); }
  QueueFill Fill() const override;
  size_t HighWater() const override { return high_water(); }
  bool HasNotTaken(const Delivery&) const override { return IsWaitedFor(); }

  // For who joins it to the feed's broadcast: a ring for its capacity, if it may need one.
  Ref<BroadcastRing>& ring() { return ring_; }

 private:
  ~ExecutorSubscriber() override = default;

  Progress SourceProgress() const override;

  Ref<BroadcastRing> ring_;  // Until it joins.
};

// One with a policy: it has a queue of its own, in which a sender that finds no room makes some, or does without.
class QueueSubscriber final : public ConsumingSubscriber<OverflowQueue> {
 public:
  // `keys` may be null.
  QueueSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts, const Element& element,
                  Executor& executor, size_t capacity, Overflow overflow, std::unique_ptr<KeyIndex> keys)
      : ConsumingSubscriber(std::move(feed_core), std::move(parts), std::move(handler_parts), executor, element,
                            capacity, overflow, std::move(keys)) {}

  Way way() const override { return Way::kQueue; }
  void StopReceiving(uint64_t, WakeList& wakes) override { Leave(finishing(), wakes); }
  size_t Queued() const override { return size(); }
  size_t Room() const override { return capacity(); }
  QueueFill Fill() const override { return {.size = size(), .capacity = capacity()}; }
  size_t HighWater() const override { return high_water(); }
  bool HasNotTaken(const Delivery&) const override { return false; }

 private:
  ~QueueSubscriber() override = default;

  Progress SourceProgress() const override { return GetProgress(); }
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_
