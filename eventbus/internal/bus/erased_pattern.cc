#include "eventbus/internal/bus/erased_pattern.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "eventbus/event.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

ErasedPattern::ErasedPattern(Ref<BusCore> bus, std::string pattern, std::string name, SourceLocation location,
                             Kind kind, Handler handler, ErrorHook on_error, bool ends_on_error)
    : PatternState(std::move(bus), std::move(pattern), Label(location, std::move(name)), nullptr,
                   kind == Kind::kSubscriber),
      kind_(kind),
      handler_(std::move(handler)),
      on_error_(std::move(on_error)),
      ends_on_error_(ends_on_error) {}

ErasedPattern::~ErasedPattern() = default;

absl::Status ErasedPattern::Call(FeedCore& core, const Element& element, uint64_t sequence, const void* value) {
  const ConsumerScope inside(this);
  return handler_(AnyEvent(core, element, sequence, value));
}

absl::StatusOr<Subscription> ErasedPattern::SubscribeAt(TopicState& topic) {
  // Of the topic, only what the feed itself keeps may be used in a send, which may outlast the topic.
  FeedCore& core = topic.core();
  const Element& element = topic.element();
  SubscriberParts parts;
  parts.label = Label(location(), name());
  parts.owner = Ref<SubscriberOwner>(this);
  HandlerParts handler_parts;
  if (kind_ == Kind::kTap) {
    // As a filter, which sees every event in the send itself; and no event is for one that it refuses.
    parts.filter = [this, &core, &element](const void* value) {
      StatusOfCall([&] { return Call(core, element, core.CountSends(), value); },
                   [](absl::string_view) { return absl::OkStatus(); })
          .IgnoreError();
      return false;
    };
    handler_parts.handler = [](const void*, const EventInfo&, absl::Status&) { return true; };
  } else {
    handler_parts.handler = [this, &core, &element](const void* value, const EventInfo& info, absl::Status& error) {
      error = Call(core, element, info.sequence, value);
      return error.ok();
    };
    if (on_error_) {
      handler_parts.on_error = [this](const absl::Status& error) {
        const ConsumerScope inside(this);
        on_error_(error);
      };
    }
    handler_parts.ends_on_error = ends_on_error_;
  }
  return core.Subscribe(element, std::move(parts), std::move(handler_parts), QueueParts());
}

}  // namespace eventbus::internal
