// A subscription whose values go to a handler that has an executor: the executor takes them out of what the subscription reads,
// one after the other and in order, and calls the handler.
//
// One object, and one allocation: the subscription, its source of values and its consumer live and go together.
//
// Invariants:
//   H1. What is the consumer's, here and in the source, belongs to who holds the activity's `running`.
//   H2. Between runs either the source's waiter is linked, or it has been claimed and a notification is on its way, or the
//       activity is queued, or the subscription has been removed and the activity is about to be stopped.

#ifndef EVENTBUS_INTERNAL_FEED_CONSUMING_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_CONSUMING_SUBSCRIBER_H_

#include <deque>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "eventbus/executor.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/feed/handler_subscriber.h"
#include "eventbus/internal/feed/history.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

// `Source` is what values are taken from: a `BroadcastReader` or an `OverflowQueue`.
template <typename Source>
class ConsumingSubscriber : public HandlerSubscriber, public Source, private Activity, private SoleOperation {
 public:
  // It may receive from now on, and must be stopped.
  void Begin() { StartWaiting(); }

  Activity* consumer() final { return this; }
  bool ConsumerHasEnded() const final { return consumer_has_ended_; }

  bool Replay(Ref<KeptEvent> event, absl::Status&) final {
    if (replayed_ == nullptr) replayed_ = std::make_unique<std::deque<Ref<KeptEvent>>>();
    replayed_->push_back(std::move(event));
    return true;
  }
  void StartReceiving(WakeList& wakes) final {
    if (replayed_ != nullptr) Source::EndWait(wakes);
  }

 protected:
  template <typename... SourceArguments>
  ConsumingSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts, Executor& executor,
                      SourceArguments&&... arguments)
      : HandlerSubscriber(std::move(feed_core), std::move(parts), std::move(handler_parts)),
        Source(static_cast<SoleOperation&>(*this), std::forward<SourceArguments>(arguments)...),
        Activity(executor) {}
  ~ConsumingSubscriber() override = default;

 private:
  // How many values one run handles at most before others have their turn.
  static constexpr int kBatch = 32;

  Next DoSome() final {
    const ConsumerScope scope(feed.get());
    Source::HasBeenNotified();
    for (int handled = 0; handled < kBatch; ++handled) {
      absl::Status reason;
      bool goes_on;
      if (const Ref<KeptEvent> event = NextReplayed()) {
        goes_on = Handle(event->value(), event->info, reason);
      } else {
        const void* value;
        {
          WakeList wakes;
          value = Source::TakeOrWait(wakes);
        }
        if (value == nullptr) {
          if (Source::waits() || !finishing()) return Next::kWaits;
          end_signal.End(reason);
          return Next::kEnds;
        }
        goes_on = Handle(value, Source::info(), reason);
        Source::Pass();
      }
      if (!goes_on) {
        feed->EndByItself(*this, reason);
        return Next::kEnds;
      }
      if (stopping()) return Next::kAgain;  // There is no next time.
    }
    return Next::kAgain;
  }

  void CleanUp(bool abandoned) final {
    if (!Source::CancelWait()) AwaitNotified();
    if (abandoned) feed->EndAbandoned(*this);
    // Nothing more is sent. The rest of this may be kept for long by the executor.
    Source::PassRest();
    replayed_ = nullptr;
    DropHandler();
  }

  void Announce(WakeList& wakes) final { feed->ConsumerEnded(consumer_has_ended_, wakes); }

  void DescribeEnd(WaitedFor& thing) const final { DescribeHandler(thing); }

  Ref<KeptEvent> NextReplayed() {
    if (replayed_ == nullptr) return nullptr;
    if (replayed_->empty()) {
      replayed_ = nullptr;
      return nullptr;
    }
    Ref<KeptEvent> event = std::move(replayed_->front());
    replayed_->pop_front();
    return event;
  }

  void Keep() final { AddRef(); }
  void LetGo() final { DropRef(); }
  void Wake(Waiter&, ReadyWork& ready) final { Notify(ready); }

  bool consumer_has_ended_ = false;  // Guarded by the mutex of the feed's `UserCodeEnd`.
  std::unique_ptr<std::deque<Ref<KeptEvent>>>
      replayed_;  // What comes before the source's. Null: nothing. Set before others know of this (H1).
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_CONSUMING_SUBSCRIBER_H_
