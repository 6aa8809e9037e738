// A subscription whose values go to a handler that has an executor: the executor takes them out of a broadcast, one after the
// other and in order, and calls the handler. Without a filter it reads the broadcast of the feed, with all the others; with
// one, a broadcast of its own.
//
// One object, and one allocation: the subscription, its place in the broadcast and its consumer live and go together.
//
// Invariants:
//   H1. What is the consumer's, here and in the reader, belongs to who holds the activity's `running`.
//   H2. Between runs either the reader's waiter is linked, or it has been claimed and a notification is on its way, or the
//       activity is queued, or the subscription has been removed and the activity is about to be stopped.

#ifndef EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_

#include <cstddef>

#include "eventbus/executor.h"
#include "eventbus/internal/feed/broadcast_reader.h"
#include "eventbus/internal/feed/handler_subscriber.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class ExecutorSubscriber final : public HandlerSubscriber,
                                 public BroadcastReader,
                                 private Activity,
                                 private SoleOperation {
 public:
  ExecutorSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts, const Element& element,
                     Executor& executor, size_t capacity);

  // It may join a broadcast from now on, and must be stopped.
  void Begin() { StartWaiting(); }

  Way way() const override { return own() == nullptr ? Way::kCommon : Way::kOwn; }
  void StopReceiving(uint64_t send, WakeList& wakes) override;
  Activity* consumer() override { return this; }

  // For who joins it to the feed's broadcast: a ring for its capacity, if it may need one.
  Ref<BroadcastRing>& ring() { return ring_; }

 private:
  // How many values one run handles at most before others have their turn.
  static constexpr int kBatch = 32;

  ~ExecutorSubscriber() override = default;

  Next DoSome() override;
  void CleanUp(bool abandoned) override;
  void Keep() override { AddRef(); }
  void LetGo() override { DropRef(); }
  void Wake(Waiter&, ReadyWork& ready) override { Notify(ready); }

  Ref<BroadcastRing> ring_;  // Until it joins.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_
