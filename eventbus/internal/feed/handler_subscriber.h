// A subscription whose values go to a handler: called by the sending thread; or, as `ExecutorSubscriber`, elsewhere.

#ifndef EVENTBUS_INTERNAL_FEED_HANDLER_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_HANDLER_SUBSCRIBER_H_

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/internal/feed/subscriber.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

// Handles `*value`: true; or false, and says why in `error`, which is OK. An exception is as good as that.
using ErasedHandler = absl::AnyInvocable<bool(const void* value, absl::Status& error)>;
using ErrorHook = absl::AnyInvocable<void(const absl::Status& error)>;

struct HandlerParts {
  ErasedHandler handler;
  ErrorHook on_error = {};
  bool ends_on_error = false;
};

class HandlerSubscriber : public Subscriber {
 public:
  HandlerSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts);

  Way way() const override { return Way::kCall; }
  void StopReceiving(uint64_t, WakeList&) override {}  // The sender asks `member` before each call (F5).

  // Runs the handler: false if it failed and the subscription is to end with `reason`, which is OK before and else. Called by
  // one thread at a time.
  bool Handle(const void* value, absl::Status& reason) {
    try {
      if (handler_(value, reason)) return true;
    } catch (...) {
      reason = OfException();
    }
    return MayGoOn(reason);
  }

  // How often the handler has failed.
  uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }

 protected:
  // Ends the lives of what the user gave to be called, in the thread that calls this.
  void DropHandler() {
    handler_ = nullptr;
    on_error_ = nullptr;
  }

 private:
  // The status for the exception that is being handled.
  absl::Status OfException() const;
  // Counts the error, tells the hook, and forgets it: true; or keeps it, if it ends the subscription.
  bool MayGoOn(absl::Status& error);

  const bool ends_on_error_;
  Atomic<uint64_t> errors_{0};           // Relaxed: a statistic.
  std::unique_ptr<ErrorHook> on_error_;  // Null if there is none.
  ErasedHandler handler_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_HANDLER_SUBSCRIBER_H_
