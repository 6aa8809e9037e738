// A wildcard subscription to topics of one type: to a channel, or to a handler.

#ifndef EVENTBUS_INTERNAL_BUS_TYPED_PATTERN_H_
#define EVENTBUS_INTERNAL_BUS_TYPED_PATTERN_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/internal/bus/bus_core.h"
#include "eventbus/internal/bus/pattern_state.h"
#include "eventbus/internal/bus/topic_state.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/feed/feed_observer.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/send_channel.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"

namespace eventbus {

// What can be subscribed to many topics as a handler of `T` that wants to know which: called with the topic's name and
// `const T&`, gives nothing or an `absl::Status`.
template <typename Handler, typename T>
concept TopicHandlerOf = std::invocable<Handler&, absl::string_view, const T&> &&
    (std::is_void_v<std::invoke_result_t<Handler&, absl::string_view, const T&>> ||
     std::convertible_to<std::invoke_result_t<Handler&, absl::string_view, const T&>, absl::Status>);

namespace internal {

// `Target` is a handler, or a channel of `T`, of `Event<T>` or of `Delivery<T>`.
template <typename T, typename Target>
class TypedPattern final : public PatternState {
 public:
  TypedPattern(Ref<BusCore> bus, std::string pattern, Target target, SubscribeOptions<T> options,
               SourceLocation location)
      : PatternState(std::move(bus), std::move(pattern), Label(location, options.name), &kElementOf<T>,
                     /*counts=*/true),
        target_(std::move(target)),
        options_(std::move(options)) {}

  // Whether a feed would take the target and the options, and so would several.
  absl::Status Check() {
    if (options_.limit != 0 || options_.overflow.by_key()) {
      return absl::InvalidArgumentError(
          absl::StrCat("pattern '", pattern(), "': limit and LatestBy are for subscriptions to one topic"));
    }
    FeedOf<T> feed({.name = pattern()});
    return SubscribeTo(feed, PartOptions()).status();
  }

  size_t Room() const override {
    if constexpr (EventChannelOf<Target, T>) return target_.capacity();
    return 0;
  }
  size_t RoomAt(const TopicState& topic) const override {
    if (options_.executor == nullptr || &topic.element() != element()) return 0;
    if (options_.capacity != 0) return options_.capacity;
    return topic.options().capacity != 0 ? topic.options().capacity : kDefaultCapacity;
  }

 private:
  ~TypedPattern() override = default;

  absl::StatusOr<Subscription> SubscribeAt(TopicState& topic) override {
    auto& typed = static_cast<TypedTopic<T>&>(topic);
    SubscribeOptions<T> part = PartOptions();
    part.replay = options_.replay;
    typed.Complete(target_, part);
    part.replay = std::min(*part.replay, topic.options().history);
    return SubscribeTo(typed.feed(), std::move(part));
  }

  absl::StatusOr<Subscription> SubscribeTo(FeedOf<T>& feed, SubscribeOptions<T> part) {
    Ref<SubscriberOwner> self(this);
    if constexpr (EventChannelOf<Target, T>) {
      return FeedAccess::SubscribeTo<T>(feed, target_, std::move(part), location(), std::move(self));
    } else {
      return FeedAccess::SubscribeHandler<T>(
          feed,
          [this, &core = FeedAccess::core(feed)](const T& event, const EventInfo& info) {
            return Call(core, event, info);
          },
          std::move(part), location(), std::move(self));
    }
  }

  // Those of a part at any topic: all but the replay. The user's functions are here, once; every part calls them.
  SubscribeOptions<T> PartOptions() {
    SubscribeOptions<T> part;
    part.name = options_.name;
    if (options_.filter) {
      part.filter = [this](const T& event) {
        const ConsumerScope inside(this);
        return options_.filter(event);
      };
    }
    part.executor = options_.executor;
    part.capacity = options_.capacity;
    if (options_.overflow.is_chosen()) part.overflow = options_.overflow.overflow();
    if (options_.on_lost) {
      part.on_lost = [this](const T& event) {
        const ConsumerScope inside(this);
        options_.on_lost(event);
      };
    }
    if (options_.on_left) {
      part.on_left = [this](const T& event) {
        const ConsumerScope inside(this);
        options_.on_left(event);
      };
    }
    if (options_.on_error) {
      part.on_error = [this](const absl::Status& error) {
        const ConsumerScope inside(this);
        options_.on_error(error);
      };
    }
    part.ends_on_error = options_.ends_on_error;
    return part;
  }

  auto Call(const FeedCore& topic, const T& event, const EventInfo& info) {
    const ConsumerScope inside(this);
    if constexpr (TopicHandlerOf<Target, T>) {
      return target_(absl::string_view(topic.name()), event);
    } else if constexpr (std::invocable<Target&, const T&>) {
      return target_(event);
    } else {
      return target_(event, info);
    }
  }

  Target target_;
  SubscribeOptions<T> options_;
};

template <typename T, typename Target>
absl::StatusOr<Subscription> SubscribePattern(const Ref<BusCore>& bus, absl::string_view pattern, Target target,
                                              SubscribeOptions<T> options, SourceLocation location) {
  auto state =
      MakeRef<TypedPattern<T, Target>>(bus, std::string(pattern), std::move(target), std::move(options), location);
  if (absl::Status refused = state->Check(); !refused.ok()) return refused;
  return bus->Add(std::move(state));
}

}  // namespace internal
}  // namespace eventbus

#endif  // EVENTBUS_INTERNAL_BUS_TYPED_PATTERN_H_
