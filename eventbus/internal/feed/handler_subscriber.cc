#include "eventbus/internal/feed/handler_subscriber.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/status_of_call.h"

namespace eventbus::internal {

HandlerSubscriber::HandlerSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, HandlerParts handler_parts)
    : Subscriber(std::move(feed_core), std::move(parts)),
      on_error_(handler_parts.on_error ? std::make_unique<ErrorHook>(std::move(handler_parts.on_error)) : nullptr),
      on_left_(handler_parts.on_left ? std::make_unique<LeftHook>(std::move(handler_parts.on_left)) : nullptr),
      ends_on_error_(handler_parts.ends_on_error),
      handler_(std::move(handler_parts.handler)) {}

void HandlerSubscriber::CallLeftHook(const void* value) {
  StatusOfCall([&] { (*on_left_)(value); },
               [](absl::string_view) { return absl::OkStatus(); })  // It has nobody to tell, as a hook of losses.
      .IgnoreError();
}

absl::Status HandlerSubscriber::OfException() const {
  return StatusOfCall([] { throw; },
                      [this](absl::string_view what) { return feed->ThrewError("handler", *this, what); });
}

bool HandlerSubscriber::MayGoOn(absl::Status& error) {
  errors_.fetch_add(1, std::memory_order_relaxed);
  if (on_error_) {
    StatusOfCall([&] { (*on_error_)(error); },
                 [&](absl::string_view) {
                   errors_.fetch_add(1, std::memory_order_relaxed);  // A hook that fails has nobody else to tell.
                   return absl::OkStatus();
                 })
        .IgnoreError();
  }
  if (ends_on_error_) return false;
  error = absl::OkStatus();
  return true;
}

}  // namespace eventbus::internal
