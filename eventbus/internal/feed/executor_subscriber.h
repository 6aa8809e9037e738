// A subscription whose values go to a handler that has an executor: through a queue of the subscription's own, out of which
// the executor takes them and calls the handler, one at a time and in order.
//
// One object, and one allocation beside the queue's memory: the subscription, its channel and its consumer live and go
// together.
//
// Invariants:
//   H1. What is the consumer's, all here but the waiter, belongs to who holds the activity's `running`; the waiter is guarded
//       by the channel's mutex while it is enlisted.
//   H2. Between runs either the waiter is enlisted, or it has been claimed and a notification is on its way, or the
//       activity is queued, or the subscription has been removed and the activity is about to be stopped.

#ifndef EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_

#include <cstddef>

#include "eventbus/executor.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/feed/handler_subscriber.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class ExecutorSubscriber final : public HandlerSubscriber, private Activity, private SoleOperation {
 public:
  ExecutorSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts, const Element& element,
                     Executor& executor, size_t capacity);

  // Leaves the first wait, on a channel that is empty.
  void Begin();

  Activity* consumer() override { return this; }

 private:
  // How many values one run handles at most before others have their turn.
  static constexpr int kBatch = 32;

  // A channel that is a part of something.
  class OwnChannel final : public ChannelCore {
   public:
    using ChannelCore::ChannelCore;
    ~OwnChannel() override = default;
  };

  // Memory for one value: for a small one, here.
  class ValueSlot {
   public:
    explicit ValueSlot(const Element& element)
        : memory_(element.size <= sizeof(inside_) && element.alignment <= alignof(void*)
                      ? static_cast<void*>(inside_)
                      : AllocateElements(element, 1)) {}
    ValueSlot(const ValueSlot&) = delete;
    ValueSlot& operator=(const ValueSlot&) = delete;

    void* get() const { return memory_; }
    void Free(const Element& element) {
      if (memory_ != inside_) FreeElements(element, memory_);
    }

   private:
    void* const memory_;
    alignas(void*) std::byte inside_[8];
  };

  ~ExecutorSubscriber() override;

  Next DoSome() override;
  void CleanUp(bool abandoned) override;
  void Keep() override { AddRef(); }
  void LetGo() override { DropRef(); }
  void Wake(Waiter&, ReadyWork& ready) override { Notify(ready); }

  // Receives into `value_`; or leaves the waiter, unless the subscription has been removed: false.
  bool ReceiveOrWait();
  // Calls the handler with `value_` and ends its life. False if the subscription has ended by that.
  bool HandleOne();

  OwnChannel queue_;
  ValueSlot value_;
  Waiter waiter_;
  bool waits_ = false;  // The waiter was enlisted, and what came of that has not been looked at.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_EXECUTOR_SUBSCRIBER_H_
