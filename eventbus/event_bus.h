// Named, typed topics that the parts of a program find without knowing each other.
//
//   EventBus bus({.name = "exchange"});
//
//   // One part:
//   absl::StatusOr<TopicOf<Order>> orders = bus.Topic<Order>("orders.eu");
//   orders->Publish(order);
//
//   // Another, before or after:
//   SubscriptionScope scope;
//   absl::Status status = scope.Adopt(bus.Subscribe<Order>("orders.*", [](absl::string_view topic, const Order& order) {...}));
//
//   // Without names: one topic for each type.
//   scope.Adopt(bus.Subscribe<OrderPlaced>([](const OrderPlaced& event) {...}));
//   bus.Publish(OrderPlaced{7});
//
// Use a bus where who publishes and who subscribes should not have to know one another. Where one part owns the source and the
// others know it, a `FeedOf<T>` of its own says more and can be misspelt by nobody.
//
// A topic is made by the first that names it, publisher or subscriber, and lasts as long as the bus. The first use fixes its
// type. What it guarantees is what a feed guarantees (`feed.h`): one order for all subscribers, back-pressure, an end for every
// wait. Between topics there is no order.
//
// | | open | closed |
// |---|---|---|
// | `Topic`, `SetTopicOptions`, `Subscribe`, `Publish`, `Request` and their like | as below | `kFailedPrecondition` |
// | `Close` | true | false |
// | `Stats`, `Dump` | | what there was |
//
// Options of a topic, as a replay of the last event for who comes later, are set before it is made or by who makes it:
// `topic_options.h`.
//
// Names and patterns, as in NATS: tokens with dots between them, each one or more characters other than dots, spaces, control
// characters, '*' and '>'; 1,024 characters at most. In a pattern, "*" is for any one token and ">", as the last, for one or
// more. A name that is none is `kInvalidArgument`, and so is a pattern where one topic is meant.
//
// Wildcards: a subscription to a pattern receives from every topic that matches, those that are made later included: what is
// published after `Subscribe` has returned reaches it, and what is published to a topic reaches it once. Topics that match and
// carry another type are no error; `Stats` counts them. It has a part at each topic, and so
//   - its handler and its filter are called for one topic one at a time and in order, and for several topics at once, by as many
//     publishers or threads of its executor: they must be thread-safe. To handle one event at a time, subscribe a channel.
//   - `capacity` is for each topic, and so is `replay`, of as many events as the topic keeps. `limit` and `LatestBy` are refused.
//   - it ends by itself, at all topics, when one part does: by a closed channel, an executor that was shut down, a failure with
//     `ends_on_error`.
//   - `Unsubscribe` from inside its own handler does not wait for calls for other topics; otherwise as `Subscription` says.
//
// Thread-safe but for construction and destruction.
//
// Cost: publishing through a handle costs what the feed costs, whatever wildcards and topics there are elsewhere. By name, a lock
// and a look into a hash table more. Making a topic is O(tokens) and O(wildcards that match it); a wildcard subscription is
// O(topics that match it).
//
// Origin: the subjects and wildcards of NATS; topics by type, and the hook for events that nobody hears, as in Guava's EventBus.

#ifndef EVENTBUS_EVENT_BUS_H_
#define EVENTBUS_EVENT_BUS_H_

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "eventbus/any_event.h"
#include "eventbus/bus_stats.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/delivery.h"
#include "eventbus/drain_report.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/internal/bus/bus_core.h"
#include "eventbus/internal/bus/bus_shared.h"
#include "eventbus/internal/bus/subject.h"
#include "eventbus/internal/bus/topic_state.h"
#include "eventbus/internal/bus/typed_pattern.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/request_of.h"
#include "eventbus/send_channel.h"
#include "eventbus/send_result.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"
#include "eventbus/topic_of.h"
#include "eventbus/topic_options.h"

namespace eventbus {

struct EventBusOptions {
  static constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

  // For people: in statuses and statistics.
  std::string name = {};
  // How many topics, and how many subscriptions, there may be at a time: one more is `kResourceExhausted`. A wildcard
  // subscription and a tap count as one. Names that come from outside could otherwise fill the memory.
  size_t max_topics = 100'000;
  size_t max_subscriptions = 1'000'000;
  // How many events may wait in the queues of all subscriptions together. Each takes up its room when it begins, however full
  // it gets: a channel its capacity, a handler with an executor its `capacity`; a wildcard subscription the one, or the other for
  // each topic. One for which there is too little left is `kResourceExhausted`, and so is a topic that is new, for the handlers
  // of wildcards that match it. An unbounded channel is then `kInvalidArgument`. To publish to a topic that there is, is never
  // refused for it, and costs what it does without a limit. What topics keep to be replayed does not count.
  size_t max_queued = kNoLimit;
  // Called with each event that was published and that nobody took, since there was no subscriber or all filters refused it: in
  // the publishing thread, after the send, with no lock held, by several threads at once. May call anything. What it throws is
  // ignored. It may run while the bus is being closed, for a publisher that is not done.
  absl::AnyInvocable<void(const AnyEvent& event) const> on_unheard = {};
};

struct AnySubscribeOptions {
  // For people: in statuses and statistics.
  std::string name = {};
  // As in `SubscribeOptions`.
  absl::AnyInvocable<void(const absl::Status& error)> on_error = {};
  bool ends_on_error = false;
};

// What can be subscribed to topics of every type.
template <typename Handler>
concept AnyEventHandler = std::invocable<Handler&, const AnyEvent&> &&
    (std::is_void_v<std::invoke_result_t<Handler&, const AnyEvent&>> ||
     std::convertible_to<std::invoke_result_t<Handler&, const AnyEvent&>, absl::Status>);

// What can answer requests: called with `const Request&`, gives a `Reply` or an `absl::StatusOr<Reply>`.
template <typename Handler, typename Request, typename Reply>
concept ServerOf = std::invocable<Handler&, const Request&> &&
    std::convertible_to<std::invoke_result_t<Handler&, const Request&>, absl::StatusOr<Reply>>;

// Not movable: destruction closes it with `kCancelled`.
class EventBus {
 public:
  explicit EventBus(EventBusOptions options = {});
  EventBus(const EventBus&) = delete;
  EventBus& operator=(const EventBus&) = delete;
  ~EventBus();

  // The topic of that name, which is made if there is none. `kInvalidArgument`: `name` is no name, or the topic carries another
  // type, and the message names both; `kResourceExhausted`: there are as many topics as there may be. Never blocks.
  template <typename T>
  absl::StatusOr<TopicOf<T>> Topic(absl::string_view name) {
    return HandleOf<T>(core_->Topic(name, internal::kElementOf<T>, &internal::TypedTopic<T>::Make, nullptr));
  }
  // The same with these options, whatever has been set for that name. `kAlreadyExists`: it has been made with other options;
  // `kInvalidArgument` also if the options are too large.
  template <typename T>
  absl::StatusOr<TopicOf<T>> Topic(absl::string_view name, const TopicOptions& options) {
    return HandleOf<T>(core_->Topic(name, internal::kElementOf<T>, &internal::TypedTopic<T>::Make, &options));
  }

  // The topic of the type, which has no name: no pattern matches it.
  template <typename T>
  absl::StatusOr<TopicOf<T>> Topic() {
    return HandleOf<T>(core_->TopicOfType(internal::kElementOf<T>, &internal::TypedTopic<T>::Make, nullptr));
  }
  template <typename T>
  absl::StatusOr<TopicOf<T>> Topic(const TopicOptions& options) {
    return HandleOf<T>(core_->TopicOfType(internal::kElementOf<T>, &internal::TypedTopic<T>::Make, &options));
  }

  // Has topics that are made later, and whose name is `pattern` or matches it, have these options; of several for one name, those
  // that were set last. `kAlreadyExists`, and nothing has been set, if there is such a topic already and has others;
  // `kInvalidArgument`: a bad pattern, or options that are too large; `kFailedPrecondition`: closed. O(topics that match).
  absl::Status SetTopicOptions(absl::string_view pattern, const TopicOptions& options) {
    return core_->SetOptions(pattern, options);
  }

  // Finds the topic, and publishes as `TopicOf::Publish` says. What refuses the topic is the status.
  template <typename T>
  SendResult Publish(absl::string_view topic, const T& event) {
    return Publish(Context::Background(), topic, event);
  }
  template <typename T>
  SendResult Publish(const Context& context, absl::string_view topic, const T& event) {
    return PublishTo(Topic<T>(topic), context, event);
  }
  // The same to the topic of the event's type.
  template <typename T>
  SendResult Publish(const T& event) {
    return Publish(Context::Background(), event);
  }
  template <typename T>
  SendResult Publish(const Context& context, const T& event) {
    return PublishTo(Topic<T>(), context, event);
  }

  // Subscribes to the topic of that name, which is made if there is none; or to every topic, now and later, that a pattern
  // matches. As `FeedOf<T>::Subscribe`, and what refuses a topic; a wildcard subscription is not refused for the type of a topic.
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(absl::string_view subject, const SendChannel<std::type_identity_t<T>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(subject, channel, std::move(options), location);
  }
  // To a channel that gets each event with its number in its topic, and how many of that topic were lost before it.
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(absl::string_view subject,
                                         const SendChannel<Event<std::type_identity_t<T>>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(subject, channel, std::move(options), location);
  }
  // To a channel whose receivers acknowledge each event: `delivery.h`.
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(absl::string_view subject,
                                         const SendChannel<Delivery<std::type_identity_t<T>>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(subject, channel, std::move(options), location);
  }
  // To a handler that is called with the event, or with the name of its topic and the event.
  template <typename T, typename Handler>
  requires HandlerOf<Handler, T> || TopicHandlerOf<Handler, T> absl::StatusOr<Subscription> Subscribe(
      absl::string_view subject, Handler handler, SubscribeOptions<std::type_identity_t<T>> options = {},
      SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(subject, std::move(handler), std::move(options), location);
  }

  // Subscribes to the topic of the type.
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const SendChannel<std::type_identity_t<T>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeIn(Topic<T>(), channel, std::move(options), location);
  }
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const SendChannel<Event<std::type_identity_t<T>>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeIn(Topic<T>(), channel, std::move(options), location);
  }
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const SendChannel<Delivery<std::type_identity_t<T>>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeIn(Topic<T>(), channel, std::move(options), location);
  }
  template <typename T, HandlerOf<T> Handler>
  absl::StatusOr<Subscription> Subscribe(Handler handler, SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeIn(Topic<T>(), std::move(handler), std::move(options), location);
  }

  // Subscribes to every topic, of whatever type, now and later, that `pattern` matches. The handler is called by the publisher,
  // in the send: see above for wildcards. To handle the events elsewhere, let it send copies to a channel.
  template <AnyEventHandler Handler>
  absl::StatusOr<Subscription> SubscribeAny(absl::string_view pattern, Handler handler,
                                            AnySubscribeOptions options = {},
                                            SourceLocation location = SourceLocation::current()) {
    return AddErased(pattern, Erase(std::move(handler)), std::move(options), /*is_tap=*/false, location);
  }

  // Looks on, for tracing: `handler` is called in the send, with every event that is published to a topic that `pattern`, or a
  // name, matches. To everyone else a tap is not there: it is no subscriber, an event that it alone
  // saw is unheard, and what it throws is ignored. Its subscription ends as others do.
  template <std::invocable<const AnyEvent&> Handler>
  absl::StatusOr<Subscription> Tap(absl::string_view pattern, Handler handler, std::string name = {},
                                   SourceLocation location = SourceLocation::current()) {
    return AddErased(pattern, Erase([handler = std::move(handler)](const AnyEvent& event) mutable { handler(event); }),
                     {.name = std::move(name)}, /*is_tap=*/true, location);
  }

  // Answers the requests of a topic, or of all that a pattern matches, with what `handler` returns, an error included. If it
  // throws, the answer is `kInternal`, and the exception goes on to the feed.
  template <typename Request, typename Reply, ServerOf<Request, Reply> Handler>
  absl::StatusOr<Subscription> Serve(absl::string_view subject, Handler handler,
                                     SubscribeOptions<RequestOf<Request, Reply>> options = {},
                                     SourceLocation location = SourceLocation::current()) {
    return Subscribe<RequestOf<Request, Reply>>(
        subject,
        [handler = std::move(handler)](const RequestOf<Request, Reply>& request) mutable {
          absl::Cleanup threw = [&] { request.Respond(absl::InternalError("who was asked threw an exception")); };
          absl::StatusOr<Reply> reply = handler(request.value());
          std::move(threw).Cancel();
          request.Respond(std::move(reply));
        },
        std::move(options), location);
  }

  // Publishes `request`, and blocks for the first answer, which may be an error; or until `context` is done, which is checked
  // first: its status. `kUnavailable`, without waiting, if nobody was there to be asked, or if all who were asked have ended
  // without an answer. Else what `Publish` says. Allocates.
  template <typename Reply, typename Query>
  absl::StatusOr<Reply> Request(absl::string_view topic, Query request, const Context& context) {
    std::optional<RequestOf<Query, Reply>> event = RequestOf<Query, Reply>(std::move(request));
    const Channel<absl::StatusOr<Reply>> replies = event->replies();
    const absl::Cleanup close = [&] { replies.Close(); };
    const SendResult sent = Publish(context, topic, *event);
    event.reset();  // With the copies of those who were asked, the answers end.
    if (!sent.status.ok()) return sent.status;
    if (sent.delivered == 0) return NobodyToAsk(topic);
    absl::StatusOr<absl::StatusOr<Reply>> reply = replies.Receive(context);
    if (reply.ok()) return *std::move(reply);
    if (reply.status().code() != absl::StatusCode::kOutOfRange) return reply.status();
    return absl::UnavailableError(absl::StrCat("who was asked on topic '", topic, "' gave no answer"));
  }

  // Publishes `request`, and gathers answers until as many have come as were asked, or no more can come, or `context` is done.
  template <typename Reply, typename Query>
  RepliesOf<Reply> RequestAll(absl::string_view topic, Query request, const Context& context) {
    RepliesOf<Reply> gathered;
    std::optional<RequestOf<Query, Reply>> event = RequestOf<Query, Reply>(std::move(request));
    const Channel<absl::StatusOr<Reply>> replies = event->replies();
    const absl::Cleanup close = [&] { replies.Close(); };
    SendResult sent = Publish(context, topic, *event);
    event.reset();
    gathered.asked = sent.delivered;
    gathered.status = std::move(sent.status);
    if (gathered.status.ok() && gathered.asked == 0) gathered.status = NobodyToAsk(topic);
    while (gathered.replies.size() + gathered.errors.size() < gathered.asked) {
      // Those that came before the context was done count.
      absl::StatusOr<absl::StatusOr<Reply>> reply = replies.TryReceive();
      if (reply.status().code() == absl::StatusCode::kUnavailable) reply = replies.Receive(context);
      if (!reply.ok()) {
        if (reply.status().code() != absl::StatusCode::kOutOfRange) gathered.status = reply.status();
        break;
      }
      if (reply->ok()) {
        gathered.replies.push_back(**std::move(reply));
      } else {
        gathered.errors.push_back(reply->status());
      }
    }
    return gathered;
  }

  // Refuses everything new, frees blocked publishers at every topic, also those that publish from inside handlers, then ends every
  // subscription with `reason` (none if OK), and returns when no filter and no hook of a topic runs; but does not wait for the
  // filter, handler or hook that it is called from. What is in channels stays there. True for the first call.
  bool Close(const absl::Status& reason = absl::OkStatus()) { return core_->Close(reason); }

  // Refuses everything new, as `Close` does, and frees blocked publishers; but has every subscription handle what it has accepted,
  // and then end: `FeedOf<T>::Drain` of every topic at once, under one budget. Blocks until nothing of the bus runs but hooks of
  // topics, or `context` is done, which must have a deadline; `drain_report.h` says what each outcome is. Any number of times, from
  // any thread; refused with `kFailedPrecondition` from inside a handler or filter of a topic. One entry for each subscription of
  // each topic; a wildcard subscription has one at each topic that it is for. May throw `std::bad_alloc`; then call it again.
  DrainReport Drain(const Context& context) { return core_->Drain(context); }
  // Begins that and does not wait: for handlers, and for who waits with `OnEnd`.
  void RequestDrain() { core_->RequestDrain(); }

  // A case that is ready once the bus has been closed or drained: every subscription has ended, and nothing of it runs but hooks of
  // topics. May outlive the bus.
  Case OnEnd() const {
    internal::CaseParts parts;
    parts.target = &core_->shared().end();
    parts.kept_alive = internal::Ref<internal::BusShared>(&core_->shared());
    return Case(std::move(parts));
  }

  // Blocks until everything that was published before has been handled by all, as `FeedOf<T>::Flush` says. Ends nothing. The
  // message of a status says who, of which topic, has how much left. O(topics and subscriptions).
  absl::Status Flush(const Context& context) const { return core_->Flush(context); }

  // Whether it refuses what is new: it was closed, or drains.
  bool closed() const { return core_->closed(); }

  const std::string& name() const { return core_->shared().name; }

  // How many topics there are. Other threads may change it at any time.
  size_t topics() const { return core_->CountTopics(); }

  // What there is and what has been counted. O(topics and their subscriptions); holds no lock for longer than it takes to list
  // those of one topic. A handler whose subscription ends meanwhile may end its life here.
  BusStats Stats() const;

  // The same for people, with the wildcard subscriptions and taps, who may be somebody that an event went to unexpectedly.
  std::string Dump() const;

 private:
  template <typename T>
  static absl::StatusOr<TopicOf<T>> HandleOf(absl::StatusOr<internal::Ref<internal::TopicState>> topic) {
    if (!topic.ok()) return topic.status();
    return TopicOf<T>(*std::move(topic));
  }

  template <typename T>
  static SendResult PublishTo(const absl::StatusOr<TopicOf<T>>& topic, const Context& context, const T& event) {
    if (topic.ok()) return topic->Publish(context, event);
    SendResult refused;
    refused.status = topic.status();
    return refused;
  }

  template <typename T, typename Target>
  static absl::StatusOr<Subscription> SubscribeIn(const absl::StatusOr<TopicOf<T>>& topic, Target target,
                                                  SubscribeOptions<T> options, SourceLocation location) {
    if (!topic.ok()) return topic.status();
    if constexpr (TopicHandlerOf<Target, T>) {
      return topic->Subscribe([name = topic->name(), target = std::move(target)](
                                  const T& event) mutable { return target(absl::string_view(name), event); },
                              std::move(options), location);
    } else {
      return topic->Subscribe(std::move(target), std::move(options), location);
    }
  }

  template <typename T, typename Target>
  absl::StatusOr<Subscription> SubscribeTo(absl::string_view subject, Target target, SubscribeOptions<T> options,
                                           SourceLocation location) {
    if (!internal::HasWildcard(subject)) {
      return SubscribeIn(Topic<T>(subject), std::move(target), std::move(options), location);
    }
    if (absl::Status invalid = internal::CheckPattern(subject); !invalid.ok()) return invalid;
    return internal::SubscribePattern<T>(core_, subject, std::move(target), std::move(options), location);
  }

  using ErasedHandler = absl::AnyInvocable<absl::Status(const AnyEvent& event)>;

  template <typename Handler>
  static ErasedHandler Erase(Handler handler) {
    return [handler = std::move(handler)](const AnyEvent& event) mutable -> absl::Status {
      if constexpr (std::is_void_v<std::invoke_result_t<Handler&, const AnyEvent&>>) {
        handler(event);
        return absl::OkStatus();
      } else {
        return handler(event);
      }
    };
  }

  absl::StatusOr<Subscription> AddErased(absl::string_view pattern, ErasedHandler handler, AnySubscribeOptions options,
                                         bool is_tap, SourceLocation location);

  absl::Status NobodyToAsk(absl::string_view topic) const;

  const internal::Ref<internal::BusCore> core_;
};

}  // namespace eventbus

#endif  // EVENTBUS_EVENT_BUS_H_
