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
#include "eventbus/internal/feed/progress.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
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
    if (replay_ == nullptr) replay_ = std::make_unique<EventsFirst>();
    replay_->events.push_back(std::move(event));
    ++replay_->count;
    return true;
  }
  void StartReceiving(WakeList& wakes) final {
    if (replay_ != nullptr) Source::EndWait(wakes);
  }

  Progress progress() const final {
    Progress progress = SourceProgress();
    if (replay_ == nullptr) return progress;
    // In this order, as in a reader's own.
    const uint64_t handled = replay_->handled.load(std::memory_order_acquire);
    const bool running = replay_->begun.load(std::memory_order_acquire) != handled;
    progress.handled += handled;
    progress.done += handled;
    progress.end += replay_->count;
    progress.left += replay_->count - handled - (running ? 1 : 0);
    progress.running |= running;
    return progress;
  }

  uint64_t done() const final {
    return Source::done() + (replay_ == nullptr ? 0 : replay_->handled.load(std::memory_order_acquire));
  }

  Atomic<uint32_t>* flushers() final { return &flushers_; }

 protected:
  template <typename... SourceArguments>
  ConsumingSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts, Executor& executor,
                      SourceArguments&&... arguments)
      : HandlerSubscriber(std::move(feed_core), std::move(parts), std::move(handler_parts)),
        Source(static_cast<SoleOperation&>(*this), std::forward<SourceArguments>(arguments)...),
        Activity(executor) {}
  ~ConsumingSubscriber() override = default;

 private:
  // How many values one run handles at most before others have their turn. The next may be in a thread that has none of this in its
  // caches: with 32, a delivery to one of a thousand handlers that keep up takes a third more, with two processors that are far from
  // each other twice as much. As many as tasks in tokio do between turns.
  static constexpr int kBatch = 128;

  Next DoSome() final {
    const ConsumerScope scope(feed.get());
    Source::HasBeenNotified();
    absl::Status reason;  // OK for as long as it goes on.
    WakeList wakes;
    for (int handled = 0; handled < kBatch; ++handled) {
      bool goes_on;
      bool awaited;
      if (Ref<KeptEvent> event = NextReplayed()) {
        goes_on = Handle(event->value(), event->info, reason);
        event = nullptr;
        const uint64_t begun = replay_->begun.load(std::memory_order_relaxed);  // Its own.
        awaited = AsymmetricFence::StoreThenLoad(replay_->handled, begun, flushers_) != 0;
      } else {
        const void* const value = Source::TakeOrWait(wakes, gate().executor());
        wakes.WakeAll();
        if (value == nullptr) {
          if (Source::waits() || !finishing()) return Next::kWaits;
          finished_ = true;
          return Next::kEnds;
        }
        goes_on = Handle(value, Source::info(), reason);
        awaited = Source::Pass(flushers_);
      }
      if (awaited) feed->HasHandled();
      if (!goes_on) {
        if (!feed->EndByItself(*this, reason) && finishing()) {
          finished_ = true;
          reason_ = std::move(reason);
        }
        return Next::kEnds;
      }
      if (stopping()) return Next::kAgain;  // There is no next time.
    }
    return Next::kAgain;
  }

  void CleanUp(bool abandoned) final {
    const ConsumerScope scope(feed.get());  // It runs code of the user's, which others wait for.
    if (!Source::CancelWait()) AwaitNotified();
    if (abandoned) finished_ = feed->EndAbandoned(*this, reason_);
    // Nothing more is sent. The rest of this may be kept for long by the executor.
    if (replay_ != nullptr) {
      for (const Ref<KeptEvent>& event : replay_->events) HandBack(event->value());
      replay_->events.clear();
    }
    Source::PassRest([this](const void* value) { HandBack(value); });
    DropHandler();
  }

  void Announce(WakeList& wakes) final {
    feed->ConsumerEnded(*this, consumer_has_ended_, finished_ ? &reason_ : nullptr, wakes);
  }

  void DescribeEnd(WaitedFor& thing) const final { DescribeHandler(thing); }

  Ref<KeptEvent> NextReplayed() {
    if (replay_ == nullptr || replay_->events.empty()) return nullptr;
    Ref<KeptEvent> event = std::move(replay_->events.front());
    replay_->events.pop_front();
    // Relaxed: only this thread writes it. Release, for who takes it together with `handled`.
    replay_->begun.store(replay_->begun.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    return event;
  }

  // How far it is with what its source has.
  virtual Progress SourceProgress() const = 0;

  void Keep() final { AddRef(); }
  void LetGo() final { DropRef(); }
  void Wake(Waiter&, ReadyWork& ready) final { Notify(ready); }

  // What comes before the source's. Set before others know of this; then `events` is the consumer's (H1).
  struct EventsFirst {
    std::deque<Ref<KeptEvent>> events;
    uint64_t count = 0;           // Of all that there were.
    Atomic<uint64_t> begun{0};    // How many have been taken,
    Atomic<uint64_t> handled{0};  // and handled. Release, for who waits for that.
  };

  bool consumer_has_ended_ = false;      // Guarded by the mutex of the feed's `UserCodeEnd`.
  bool finished_ = false;                // There is nothing left to handle, or it failed: with `reason_` (H1).
  Atomic<uint32_t> flushers_{0};         // Those who wait for a value to be handled, or are about to.
  std::unique_ptr<EventsFirst> replay_;  // Null: nothing.
  absl::Status reason_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_CONSUMING_SUBSCRIBER_H_
