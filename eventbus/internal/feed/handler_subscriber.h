// A subscription whose values go to a handler: called by the sending thread; or, as `ExecutorSubscriber`, elsewhere.

#ifndef EVENTBUS_INTERNAL_FEED_HANDLER_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_HANDLER_SUBSCRIBER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/event.h"
#include "eventbus/executor.h"
#include "eventbus/internal/feed/key_index.h"
#include "eventbus/internal/feed/subscriber.h"
#include "eventbus/internal/ground/cache_aligned.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/overflow.h"

namespace eventbus::internal {

// Handles `*value`: true; or false, and says why in `error`, which is OK. An exception is as good as that.
using ErasedHandler = absl::AnyInvocable<bool(const void* value, const EventInfo& info, absl::Status& error)>;
using ErrorHook = absl::AnyInvocable<void(const absl::Status& error)>;

struct HandlerParts {
  ErasedHandler handler;
  ErrorHook on_error = {};
  LeftHook on_left = {};
  bool ends_on_error = false;
};

// Where a handler runs, and what waits for it.
struct QueueParts {
  Executor* executor = nullptr;  // Null: in the sending thread, and nothing waits.
  size_t capacity = 0;
  Overflow overflow = Overflow::kBlock;
  MakeKeyIndex make_keys = {};  // Empty unless only the newest of each key is kept.
};

// What both have in common.
class HandlerSubscriber : public Subscriber {
 public:
  // Runs the handler: false if it failed and the subscription is to end with `reason`, which is OK before and else. Called by
  // one thread at a time.
  bool Handle(const void* value, const EventInfo& info, absl::Status& reason) {
    calls_.Add(1);
    try {
      if (handler_(value, info, reason)) [[likely]] {
        return true;
      }
    } catch (...) {
      reason = OfException();
    }
    return MayGoOn(reason);
  }

  SubscriptionStats stats() const override {
    SubscriptionStats stats = Subscriber::stats();
    stats.delivered = calls_.Get();
    stats.errors = errors_.load(std::memory_order_relaxed);
    return stats;
  }

 protected:
  HandlerSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts);

  // Hands back what was to be handled, and will not be.
  void HandBack(const void* value) {
    if (on_left_ != nullptr) CallLeftHook(value);
  }
  // Ends the lives of what the user gave to be called, in the thread that calls this.
  void DropHandler() {
    handler_ = nullptr;
    on_error_ = nullptr;
    on_left_ = nullptr;
  }

 private:
  // The status for the exception that is being handled.
  absl::Status OfException() const;
  // Counts the error, tells the hook, and forgets it: true; or keeps it, if it ends the subscription.
  bool MayGoOn(absl::Status& error);
  void CallLeftHook(const void* value);

  Atomic<uint64_t> errors_{0};           // Relaxed: a statistic.
  std::unique_ptr<ErrorHook> on_error_;  // Null if there is none.
  std::unique_ptr<LeftHook> on_left_;    // The same.
  const bool ends_on_error_;

 protected:
  // Of one that is called by the sender: the same as `member`, which is far from the rest of what a call needs.
  Atomic<bool> receiving_{false};

 private:
  Statistic calls_;
  ErasedHandler handler_;
};

// One that is called by the sending thread. It begins with a cache line, so that what a call needs, which is at the end of what it
// derives from, lies in one; else it would be two for every other.
class alignas(CacheAligned::kLine) CalledSubscriber final : public HandlerSubscriber, public CacheAligned {
 public:
  CalledSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts)
      : HandlerSubscriber(std::move(feed_core), std::move(parts), std::move(handler_parts)) {}

  Way way() const override { return picky() ? Way::kPickyCall : Way::kCall; }
  bool Replay(Ref<KeptEvent> event, absl::Status& reason) override {
    return Handle(event->value(), event->info, reason);
  }
  void StartReceiving(WakeList&) override { receiving_.store(true, std::memory_order_relaxed); }
  void StopReceiving(uint64_t, WakeList&) override { receiving_.store(false, std::memory_order_seq_cst); }  // F5

  // It has no queue, and nothing waits for it.
  size_t Room() const override { return 0; }
  QueueFill Fill() const override { return {}; }
  bool HasNotTaken(const Delivery&) const override { return false; }

  // Whether it may be called: it is a member. The sender asks before each call (F5).
  const Atomic<bool>& receiving() const { return receiving_; }

 private:
  ~CalledSubscriber() override = default;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_HANDLER_SUBSCRIBER_H_
