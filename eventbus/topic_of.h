// A handle to a topic of an `EventBus`: what publishers keep.
//
//   absl::StatusOr<TopicOf<OrderPlaced>> orders = bus.Topic<OrderPlaced>("orders.eu");
//   orders->Publish(order);
//
// Publishing through it is a send of the topic's feed (`feed.h`), with the same guarantees and at the same cost: it looks nothing
// up, and takes no lock of the bus. Wildcard subscriptions that match are subscribers of that feed, and those that do not match
// are not asked.
//
// | | open | the bus is closed |
// |---|---|---|
// | `Publish`, `TryPublish` | as `FeedOf::Send`, `TrySend` | `kFailedPrecondition` |
// | `Subscribe` | from the next event on | `kFailedPrecondition` |

#ifndef EVENTBUS_TOPIC_OF_H_
#define EVENTBUS_TOPIC_OF_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "eventbus/context.h"
#include "eventbus/delivery.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/internal/bus/presence.h"
#include "eventbus/internal/bus/topic_state.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/send_channel.h"
#include "eventbus/send_result.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"

namespace eventbus {

// Either may be empty. What they throw is ignored.
struct TopicHooks {
  // The topic had no subscriber and has one.
  absl::AnyInvocable<void()> on_first_subscriber = {};
  // It had one, and has none.
  absl::AnyInvocable<void()> on_last_subscriber = {};
};

// Copyable, cheap to copy, never null. May outlive its bus. Thread-safe but for assignment and destruction.
template <typename T>
class TopicOf {
 public:
  TopicOf(const TopicOf&) = default;  // And no move: it would leave a handle to nothing.
  TopicOf& operator=(const TopicOf&) = default;

  // As `FeedOf<T>::Send` and `TrySend`: see there for what blocks, until when, and what each status means.
  SendResult Publish(const T& event) const { return Publish(Context::Background(), event); }
  SendResult Publish(const Context& context, const T& event) const {
    SendResult result = feed().Send(context, event);
    topic_->AfterSend(result, &event);
    return result;
  }
  SendResult TryPublish(const T& event) const {
    SendResult result = feed().TrySend(event);
    topic_->AfterSend(result, &event);
    return result;
  }

  // Lets publishers go on that wait because the topic was made `held`: true. False if they have been let go before, or never waited.
  bool Release() const { return feed().Release(); }

  // As `FeedOf<T>::Subscribe`; what the options do not say, those of the topic do. Also `kResourceExhausted` if the bus has as many
  // subscriptions as it may have.
  absl::StatusOr<Subscription> Subscribe(const SendChannel<T>& channel, SubscribeOptions<T> options = {},
                                         SourceLocation location = SourceLocation::current()) const {
    return SubscribeTarget(channel, std::move(options), location);
  }
  absl::StatusOr<Subscription> Subscribe(const SendChannel<Event<T>>& channel, SubscribeOptions<T> options = {},
                                         SourceLocation location = SourceLocation::current()) const {
    return SubscribeTarget(channel, std::move(options), location);
  }
  absl::StatusOr<Subscription> Subscribe(const SendChannel<Delivery<T>>& channel, SubscribeOptions<T> options = {},
                                         SourceLocation location = SourceLocation::current()) const {
    return SubscribeTarget(channel, std::move(options), location);
  }
  template <HandlerOf<T> Handler>
  absl::StatusOr<Subscription> Subscribe(Handler handler, SubscribeOptions<T> options = {},
                                         SourceLocation location = SourceLocation::current()) const {
    return SubscribeTarget(std::move(handler), std::move(options), location);
  }

  // Has `hooks` called from now on, on_first_subscriber at once if there is a subscriber already. `kAlreadyExists` if the topic
  // has hooks, of whichever handle.
  //
  // They are called in turn, once for each time that the first subscriber comes and the last one goes, one at a time and in that
  // order, with no lock held: by the thread that subscribed, unsubscribed or found a subscription ended, before that call
  // returns; or, if another thread is in a hook of this topic, by that one, afterwards. So when a hook runs things may have
  // changed again, and its next call is due. They may call anything, but one that is called in a send, where a subscription was
  // found ended, must not wait for another event of the topic. None runs once `EventBus::Close` has returned, or the bus is
  // destroyed, unless that was called by a hook.
  absl::Status SetHooks(TopicHooks hooks) const {
    if (topic_->presence().SetHooks(
            {.on_first = std::move(hooks.on_first_subscriber), .on_last = std::move(hooks.on_last_subscriber)})) {
      return absl::OkStatus();
    }
    return absl::AlreadyExistsError(absl::StrCat("topic '", name(), "' has hooks already"));
  }

  // How many subscriptions last, one for each wildcard subscription that matches. Taps are not among them. Other threads may
  // change it at any time. Ask before building a costly event that nobody may want.
  size_t subscribers() const { return topic_->presence().subscribers(); }

  // For the topic of a type: the name of the type.
  const std::string& name() const { return topic_->name(); }

 private:
  friend class EventBus;

  explicit TopicOf(internal::Ref<internal::TopicState> topic)
      : topic_(internal::Ref<internal::TypedTopic<T>>::Adopt(static_cast<internal::TypedTopic<T>*>(topic.Release()))) {}

  FeedOf<T>& feed() const { return topic_->feed(); }

  template <typename Target>
  absl::StatusOr<Subscription> SubscribeTarget(Target target, SubscribeOptions<T> options,
                                               SourceLocation location) const {
    topic_->Complete(target, options);
    return feed().Subscribe(std::move(target), std::move(options), location);
  }

  internal::Ref<internal::TypedTopic<T>> topic_;
};

}  // namespace eventbus

#endif  // EVENTBUS_TOPIC_OF_H_
