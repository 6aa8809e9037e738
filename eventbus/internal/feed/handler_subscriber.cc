#include "eventbus/internal/feed/handler_subscriber.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/status_of_call.h"

namespace eventbus::internal {

HandlerSubscriber::HandlerSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts)
    : Subscriber(std::move(feed_core), std::move(parts)),
      ends_on_error_(handler_parts.ends_on_error),
      on_error_(handler_parts.on_error ? std::make_unique<ErrorHook>(std::move(handler_parts.on_error)) : nullptr),
      handler_(std::move(handler_parts.handler)) {}

bool HandlerSubscriber::Handle(const void* value, absl::Status& reason) {
  absl::Status error = StatusOfCall([&] { return handler_(value); },
                                    [&](absl::string_view what) { return feed->ThrewError("handler", *this, what); });
  if (error.ok()) return true;
  Fail(error);
  if (!ends_on_error_) return true;
  reason = std::move(error);
  return false;
}

void HandlerSubscriber::Fail(const absl::Status& error) {
  errors_.fetch_add(1, std::memory_order_relaxed);
  if (!on_error_) return;
  StatusOfCall([&] { (*on_error_)(error); },
               [&](absl::string_view) {
                 errors_.fetch_add(1, std::memory_order_relaxed);  // A hook that fails has nobody else to tell.
                 return absl::OkStatus();
               })
      .IgnoreError();
}

}  // namespace eventbus::internal
