// The receiving end of a handler that has an executor: takes values out of the subscription's own channel and calls the
// handler with them, one at a time and in order.
//
// Invariants:
//   H1. Everything here but the waiter belongs to who holds the activity's `running`; the waiter is guarded by the
//       channel's mutex while it is enlisted.
//   H2. Between runs either the waiter is enlisted, or it has been claimed and a notification is on its way, or the
//       activity is queued.

#ifndef EVENTBUS_INTERNAL_FEED_HANDLER_CONSUMER_H_
#define EVENTBUS_INTERNAL_FEED_HANDLER_CONSUMER_H_

#include "eventbus/executor.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class Subscriber;

class HandlerConsumer final : public Activity, private SoleOperation {
 public:
  HandlerConsumer(Executor& executor, const Element& element, Ref<Subscriber> subscriber);

  // Leaves the first wait, on a channel that is empty.
  void Begin();

 private:
  // How many values one run handles at most before others have their turn.
  static constexpr int kBatch = 32;

  ~HandlerConsumer() override;

  Next DoSome() override;
  void CleanUp(bool abandoned) override;
  void Wake(Waiter&, ReadyWork& ready) override { Notify(ready); }

  // Receives into `value_`, or leaves the waiter: false.
  bool ReceiveOrWait();
  // Calls the handler with `value_` and ends its life. False if the subscription has ended by that.
  bool HandleOne();

  const Element& element_;
  Ref<Subscriber> subscriber_;  // Null once it has ended, so that the two do not own one another for ever.
  void* const value_;           // Memory for one value.
  bool waits_ = false;          // The waiter was enlisted, and what came of that has not been looked at.
  Waiter waiter_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_HANDLER_CONSUMER_H_
