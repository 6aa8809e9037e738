// One-to-many: everything sent to a feed goes to every subscriber, which is a channel or a handler.
//
//   FeedOf<Block> blocks;
//   Channel<Block> channel(16);
//   absl::StatusOr<Subscription> subscription = blocks.Subscribe(channel, {.name = "indexer"});
//   absl::StatusOr<Subscription> printing = blocks.Subscribe([](const Block& block) { Print(block); },
//                                                            {.name = "printer", .executor = &pool});
//   SendResult result = blocks.Send(block);               // returns when every subscriber has taken it
//   SendResult bounded = blocks.Send(context, block);     // ...or the context is done: `missed` says who did not
//
// Use a feed when every subscriber must see every value. For one value to one receiver, use a channel.
//
// A send first offers the value to every subscriber without blocking, then blocks once for all those that had no room.
//
// | | open | drains | closed |
// |---|---|---|---|
// | `Send` | delivers to all, waits for the slow | `kFailedPrecondition` | `kFailedPrecondition` |
// | `TrySend` | delivers to those with room | `kFailedPrecondition` | `kFailedPrecondition` |
// | `Subscribe` | from the next send on | `kFailedPrecondition` | `kFailedPrecondition` |
// | `Drain` | as below | shares the drain | OK, or `kAborted` if something was left |
// | `Close` | true | true: the hard stop | false |
//
// Guarantees:
//   - All subscribers see all values in one order, whoever sends. Senders take turns in the order in which they came.
//   - A subscription made during a send gets the next one. `Subscribe` and `Unsubscribe` never wait for a send.
//   - Unsubscribing, closing the subscribed channel, closing the feed, or ending the context frees a send that is
//     blocked.
//   - A closed channel ends its own subscription, noticed by the next send, and no other. A closed feed ends all.
//   - The same channel may be subscribed several times and gets as many copies. A channel may be subscribed to several
//     feeds.
//   - No lock is held while user code runs: copies and filters run in the sending thread. A filter may call anything, a copy
//     anything that ends no subscription and no task, except that a send to the same feed from inside them is refused with
//     `kFailedPrecondition`, for it would wait for itself.
//   - The value is copied once for each channel, and once for all handlers with an executor, which see the same copy, as
//     `const`, and may do so at the same time; the last one ends its life. A filter means one more copy. Nothing else of it is
//     kept when the send returns.
//   - A handler with an executor is called there, one call at a time and in order. Up to `capacity` values wait for it; where it
//     has no room for one more, a send waits; after 128 in succession the executor's other work has a turn. One without an
//     executor is called by the sender, in the send, without a copy.
//     Neither is called once `Unsubscribe` has returned, and what waited for it is dropped then. A call that is in progress is
//     over, but for the exceptions in `subscription.h`.
//   - A subscription with an overflow policy never holds up a sender for room (`overflow.h`). What it loses by that, or because a send
//     gave up, is counted, given to `on_lost`, and told with the next value to who asks (`event.h`).
//   - A subscription that begins with a `replay` of the last values gets what is sent meanwhile after them: no gap, no repetition.
//     One with a `limit` gets that many values, handles them, and ends.
//   - What a handler throws, or a status that it returns and that is not OK, is counted and told to `on_error`, and stops
//     neither the sender nor the others.
//   - A send from inside a handler of the same feed never waits. In the sender's own thread it is refused with
//     `kFailedPrecondition`; in an executor, or in a replay, it is as `TrySend`, for the handlers that it would wait for may wait for
//     it.
//
// A send that is cancelled was taken by some and not by others. Who needs all or none, or counts, sends without a context
// and closes the feed or unsubscribes the slow one to end the wait.
//
// A sender must not hold a lock that a subscriber needs in order to receive: the send would wait for the subscriber and
// the subscriber for the lock.
//
// Cost: O(n) for n subscribers, O(n + k) if k are slow, one sleep at most; a steady state allocates nothing. Handlers with an
// executor and without a filter read one queue: where they keep up, each costs a wake-up, and where they are busy, next to
// nothing. One that missed a value, since a send gave up on it, has a queue of its own from then on, and costs what a channel
// does. `Subscribe` is O(1) and allocates; `Unsubscribe` is O(1).
//
// Origin: the documented behaviour of `Feed` in go-ethereum's event package; contexts, filters, names, policies, replay and the
// linear slow path are additions.

#ifndef EVENTBUS_FEED_H_
#define EVENTBUS_FEED_H_

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/case.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/delivery.h"
#include "eventbus/drain_report.h"
#include "eventbus/event.h"
#include "eventbus/executor.h"
#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/overflow.h"
#include "eventbus/send_channel.h"
#include "eventbus/send_result.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"
#include "eventbus/subscription_stats.h"

namespace eventbus {

struct FeedOptions {
  // For people: in statuses.
  std::string name = {};
  // Sends wait until `Release`, so that nobody misses what is sent while everybody is still subscribing.
  bool held = false;
  // How many of the last values are kept, as copies, for those who subscribe later and want a `replay`.
  size_t history = 0;
};

// What is said of handlers is refused with `kInvalidArgument` for channels, and so is what would have no effect.
template <typename T>
struct SubscribeOptions {
  // For people: in statuses and in `SendResult::missed`.
  std::string name = {};
  // Whether this subscriber wants a value. Runs in the sending thread before the value is copied or queued, one call at
  // a time, and never after `Unsubscribe` has returned. Empty: it wants all. A filter that throws ends its subscription
  // with `kInternal`.
  absl::AnyInvocable<bool(const T&)> filter = {};
  // Where the handler runs; must outlive the subscription, which ends with `kUnavailable` if the executor is shut down.
  // Null: in the sending thread.
  Executor* executor = nullptr;
  // How many values wait for a handler that has an executor. 0 is 64.
  size_t capacity = 0;
  // What becomes of a value for which there is no room.
  OverflowPolicy<T> overflow = {};
  // Called with each value that is lost to this subscription, which its filter wanted: by the overflow policy, or because a send
  // that gave up left it out. In the sending thread, with no lock held, one call at a time, and never after `Unsubscribe` has
  // returned. It must not send to the same feed. What it throws is dropped.
  absl::AnyInvocable<void(const T& value)> on_lost = {};
  // The subscription ends, without a reason, once it has got this many values; a handler handles them all first. 0: no limit.
  uint64_t limit = 0;
  // With how many of the last values that were sent before it begins, oldest first; the feed's `history` may be shorter yet, and must
  // not be shorter by its options. What is sent later follows without a gap or a repetition. A channel should have room for
  // them: those that find none are lost. A handler without an executor gets them inside `Subscribe`, as does a filter. Not set:
  // none, or what the options of a topic say.
  std::optional<size_t> replay = {};
  // Called with each value that was accepted for a handler with an executor and will not be handled, since the subscription was
  // ended first: by `Unsubscribe`, by `Close`, for a drain that was late; by a failure; or with its executor. So each value that was
  // accepted is either handled or handed back, once. In the thread that ends the handler's life, after its last call, with no lock
  // held, oldest first. What it throws is dropped. For a channel of deliveries: with each value that is not acknowledged by then, in
  // the thread that ends the subscription.
  absl::AnyInvocable<void(const T& value)> on_left = {};
  // Called after each call of the handler that failed, in the same thread, with the status or, for an exception,
  // `kInternal`.
  absl::AnyInvocable<void(const absl::Status& error)> on_error = {};
  // Whether such a failure ends the subscription, with the same status as the reason.
  bool ends_on_error = false;
};

namespace internal {

// For a handler with an executor whose `capacity` is 0.
inline constexpr size_t kDefaultCapacity = 64;

template <typename Handler, typename... Arguments>
concept HandlesWith = std::invocable<Handler&, Arguments...> &&
    (std::is_void_v<std::invoke_result_t<Handler&, Arguments...>> ||
     std::convertible_to<std::invoke_result_t<Handler&, Arguments...>, absl::Status>);

}  // namespace internal

// What can be subscribed as a handler of `T`: called with `const T&`, or with that and `const EventInfo&`, gives nothing or an
// `absl::Status`.
template <typename Handler, typename T>
concept HandlerOf =
    !std::convertible_to<Handler, SendChannel<T>> &&
    (internal::HandlesWith<Handler, const T&> || internal::HandlesWith<Handler, const T&, const EventInfo&>);

namespace internal {

// What feeds of known and unknown type share. Destruction closes the feed with `kCancelled`.
class FeedBase {
 public:
  FeedBase(const FeedBase&) = delete;
  FeedBase& operator=(const FeedBase&) = delete;

  // Refuses sends and subscriptions from now on, ends every subscription with `reason` (none if OK), frees blocked
  // senders, those that wait for their turn included, and returns when no filter runs. What is in the channels stays there. Thread-safe; true for the first
  // call. O(n).
  //
  // It is the hard stop: what waits for a handler is dropped, and handed to `on_left`, also of a feed that drains.
  bool Close(const absl::Status& reason = absl::OkStatus()) { return core_->Close(reason); }

  // Refuses sends and subscriptions from now on, as `Close` does, and frees blocked senders, whose values then are only with those
  // that had taken them; but has every subscription handle what it has accepted, and then end. Blocks until all have ended and
  // nothing of the feed runs, or `context` is done, which must have a deadline; `drain_report.h` says what each outcome is, and
  // `Subscription::Drain` what it means for each kind of subscription. A feed that is held lets its senders go, refused.
  //
  // Any number of times, from any thread: all share one drain. Refused with `kFailedPrecondition` from inside a handler or a filter
  // of this feed. One entry for each subscription, in the order of their ids. What a drain that was late has left goes on being
  // handled; `Close` ends that. May throw `std::bad_alloc`, and then did nothing. O(n).
  DrainReport Drain(const Context& context) { return core_->Drain(context); }
  // Begins that and does not wait: for handlers of the feed, and for who waits with `OnEnd`.
  void RequestDrain() { core_->RequestDrain(); }

  // A case that is ready once the feed has been closed or drained: every subscription has ended, and nothing of it runs.
  Case OnEnd() const {
    CaseParts parts;
    parts.target = &core_->end();
    parts.kept_alive = core_;
    return Case(std::move(parts));
  }

  // Blocks until everything that was sent before has been handled by all, or taken out of their channels, as
  // `Subscription::Flush` says for each: OK. Ends nothing. `kDeadlineExceeded` or `kCancelled` once `context` is done, which is
  // checked first: the message says who has how much left. `kFailedPrecondition` inside a handler or filter of this feed. O(n).
  absl::Status Flush(const Context& context) { return core_->Flush(context); }

  // Whether it refuses sends: it was closed, or drains.
  bool closed() const { return core_->closed(); }

  // Lets sends go on that wait because the feed was made `held`: true. False if they have been let go before, or never waited.
  bool Release() { return core_->Release(); }

  // How many subscriptions last. Ask before building a costly event that nobody may want. Lock-free; other threads may
  // change it at any time.
  size_t subscribers() const { return core_->subscribers(); }

  const std::string& name() const { return core_->name(); }

  // What its sends came to. Takes locks for a moment. O(n).
  FeedStats stats() const { return core_->stats(); }

 protected:
  friend struct FeedAccess;

  FeedBase(FeedOptions options, SourceLocation location, const Element* element)
      : core_(MakeRef<FeedCore>(Label(location, std::move(options.name)), element, options.held, options.history)) {}
  ~FeedBase();

  // `Sent` is `T`, `Event<T>` or `Delivery<T>`.
  template <typename T, typename Sent>
  absl::StatusOr<Subscription> SubscribeTo(const SendChannel<Sent>& channel, SubscribeOptions<T> options,
                                           SourceLocation location, Ref<SubscriberOwner> owner = {}) {
    constexpr bool kAcknowledged = std::is_same_v<Sent, eventbus::Delivery<T>>;
    if (options.executor != nullptr || options.capacity != 0 || options.on_error || options.ends_on_error) {
      return core_->Refuse("Subscribe: executor, capacity, on_error and ends_on_error are for handlers");
    }
    if (!kAcknowledged && options.on_left) {
      return core_->Refuse("Subscribe: on_left is for handlers and for channels of deliveries");
    }
    const Overflow overflow = options.overflow.overflow();
    if (kAcknowledged && overflow != Overflow::kBlock && overflow != Overflow::kDisconnect) {
      return core_->Refuse("Subscribe: a channel of deliveries loses nothing: overflow must be kBlock or kDisconnect");
    }
    if (options.overflow.by_key()) return core_->Refuse("Subscribe: LatestBy is for handlers with an executor");
    ChannelParts parts;
    parts.channel = ChannelAccess::core(channel);
    if constexpr (kAcknowledged) {
      parts.event = &kDeliveryElementOf<T>;
      if (parts.channel) parts.acknowledgements = MakeRef<Acknowledgements>(parts.channel);
      parts.on_left = ErasedHook<T>(std::move(options.on_left));
    } else if constexpr (!std::is_same_v<Sent, T>) {
      parts.event = &kEventElementOf<T>;
    }
    parts.overflow = overflow;
    return core_->Subscribe(kElementOf<T>, PartsOf(options, location, std::move(owner)), std::move(parts));
  }

  template <typename T, typename Handler>
  absl::StatusOr<Subscription> SubscribeHandler(Handler handler, SubscribeOptions<T> options, SourceLocation location,
                                                Ref<SubscriberOwner> owner = {}) {
    if (options.executor == nullptr && options.capacity != 0) {
      return core_->Refuse("Subscribe: capacity is for handlers with an executor");
    }
    if (options.executor == nullptr &&
        (options.overflow.overflow() != Overflow::kBlock || options.on_lost || options.on_left)) {
      return core_->Refuse(
          "Subscribe: overflow, on_lost and on_left are for handlers with an executor; others take every value");
    }
    if (options.capacity > static_cast<size_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
      return core_->Refuse("Subscribe: capacity is too large");
    }
    static_assert(std::is_copy_constructible_v<T>);
    HandlerParts parts;
    parts.handler = Erased<T>(std::move(handler));
    parts.on_error = std::move(options.on_error);
    parts.on_left = ErasedHook<T>(std::move(options.on_left));
    parts.ends_on_error = options.ends_on_error;
    QueueParts queue;
    queue.executor = options.executor;
    queue.capacity = options.capacity == 0 ? kDefaultCapacity : options.capacity;
    queue.overflow = options.overflow.overflow();
    queue.make_keys = std::move(OverflowAccess::make_index(options.overflow));
    return core_->Subscribe(kElementOf<T>, PartsOf(options, location, std::move(owner)), std::move(parts),
                            std::move(queue));
  }

  template <typename T>
  SendResult SendTo(const Context& context, const T& value, FeedCore::Waiting waiting) {
    static_assert(std::is_copy_constructible_v<T>,
                  "eventbus: a feed copies each value for each subscriber; send a std::shared_ptr<const T> instead");
    return core_->Send(context, kElementOf<T>, &value, waiting);
  }

 private:
  template <typename T, typename Handler>
  static ErasedHandler Erased(Handler handler) {
    return [handler = std::move(handler)](const void* value, const EventInfo& info, absl::Status& error) mutable {
      const auto call = [&] {
        if constexpr (std::invocable<Handler&, const T&>) {
          static_cast<void>(info);
          return handler(*static_cast<const T*>(value));
        } else {
          return handler(*static_cast<const T*>(value), info);
        }
      };
      if constexpr (std::is_void_v<decltype(call())>) {
        call();
        return true;
      } else {
        error = call();
        return error.ok();
      }
    };
  }

  // Empty if `hook` is.
  template <typename T>
  static absl::AnyInvocable<void(const void* value)> ErasedHook(absl::AnyInvocable<void(const T& value)> hook) {
    if (!hook) return {};
    return [hook = std::move(hook)](const void* value) mutable { hook(*static_cast<const T*>(value)); };
  }

  template <typename T>
  static SubscriberParts PartsOf(SubscribeOptions<T>& options, SourceLocation location, Ref<SubscriberOwner> owner) {
    SubscriberParts parts;
    parts.owner = std::move(owner);
    parts.label = Label(location, std::move(options.name));
    parts.limit = options.limit;
    parts.replay = options.replay.value_or(0);
    parts.on_lost = ErasedHook<T>(std::move(options.on_lost));
    if (options.filter) {
      parts.filter = [wanted = std::move(options.filter)](const void* value) mutable {
        return wanted(*static_cast<const T*>(value));
      };
    }
    return parts;
  }

  const Ref<FeedCore> core_;
};

// For the library itself: the core behind a feed, and subscriptions that are parts of something.
struct FeedAccess {
  static FeedCore& core(const FeedBase& feed) { return *feed.core_; }

  template <typename T, typename Sent>
  static absl::StatusOr<Subscription> SubscribeTo(FeedBase& feed, const SendChannel<Sent>& channel,
                                                  SubscribeOptions<T> options, SourceLocation location,
                                                  Ref<SubscriberOwner> owner) {
    return feed.SubscribeTo<T>(channel, std::move(options), location, std::move(owner));
  }
  template <typename T, typename Handler>
  static absl::StatusOr<Subscription> SubscribeHandler(FeedBase& feed, Handler handler, SubscribeOptions<T> options,
                                                       SourceLocation location, Ref<SubscriberOwner> owner) {
    return feed.SubscribeHandler<T>(std::move(handler), std::move(options), location, std::move(owner));
  }
};

}  // namespace internal

// A feed of values of type `T`, which must be copyable. Thread-safe but for destruction. Not movable: subscribers and
// senders refer to it.
template <typename T>
class FeedOf : public internal::FeedBase {
 public:
  // `location`, here and below, is where people are told that it was made.
  explicit FeedOf(FeedOptions options = {}, SourceLocation location = SourceLocation::current())
      : FeedBase(std::move(options), location, &internal::kElementOf<T>) {}

  // Sends every later value to `channel` until the returned subscription ends. `kInvalidArgument` if the channel is
  // null, `kFailedPrecondition` if the feed is closed. Never blocks.
  absl::StatusOr<Subscription> Subscribe(const SendChannel<T>& channel, SubscribeOptions<T> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo(channel, std::move(options), location);
  }

  // The same to a channel that gets each value with its sequence number, and how many were lost before it.
  absl::StatusOr<Subscription> Subscribe(const SendChannel<Event<T>>& channel, SubscribeOptions<T> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo(channel, std::move(options), location);
  }

  // The same to a channel whose receivers acknowledge each value; `delivery.h` says what becomes of those that are not.
  absl::StatusOr<Subscription> Subscribe(const SendChannel<Delivery<T>>& channel, SubscribeOptions<T> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo(channel, std::move(options), location);
  }

  // The same with a handler, which is called with every later value: in `options.executor`, or in the sending thread.
  template <HandlerOf<T> Handler>
  absl::StatusOr<Subscription> Subscribe(Handler handler, SubscribeOptions<T> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return this->template SubscribeHandler<T>(std::move(handler), std::move(options), location);
  }

  // Delivers `value` to every subscription that was there when it began; blocks until each has taken it or ended.
  // Status:
  //   OK                    each took it, or ended
  //   kFailedPrecondition   the feed was closed, before or while this waited; or called from inside a filter or copy
  // May throw what the copy constructor of `T` throws: then some subscribers have the value, and none waits for it.
  SendResult Send(const T& value) { return Send(Context::Background(), value); }

  // As above, but ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which is checked first;
  // `missed` says who did not take the value. The feed is usable at once.
  SendResult Send(const Context& context, const T& value) {
    return SendTo(context, value, internal::FeedCore::Waiting::kAllowed);
  }

  // Never blocks: delivers to those that have room. `kResourceExhausted` if some had none, and `missed` says who;
  // `kUnavailable` if another send is in progress, or the feed is held, and nobody got the value.
  SendResult TrySend(const T& value) {
    return SendTo(Context::Background(), value, internal::FeedCore::Waiting::kRefused);
  }
};

// A feed whose element type is fixed by the first `Subscribe` or send that names one. Another type is
// `kInvalidArgument`, and the message names both; the feed stays usable. Otherwise as `FeedOf`.
class Feed : public internal::FeedBase {
 public:
  explicit Feed(FeedOptions options = {}, SourceLocation location = SourceLocation::current())
      : FeedBase(std::move(options), location, nullptr) {}

  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const SendChannel<T>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(channel, std::move(options), location);
  }
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const Channel<T>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(SendChannel<T>(channel), std::move(options), location);
  }
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const SendChannel<Event<T>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(channel, std::move(options), location);
  }
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const Channel<Event<T>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(SendChannel<Event<T>>(channel), std::move(options), location);
  }
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const SendChannel<Delivery<T>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(channel, std::move(options), location);
  }
  template <typename T>
  absl::StatusOr<Subscription> Subscribe(const Channel<Delivery<T>>& channel,
                                         SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeTo<T>(SendChannel<Delivery<T>>(channel), std::move(options), location);
  }
  // With a handler, the element type is said: `feed.Subscribe<Order>(handler)`.
  template <typename T, HandlerOf<T> Handler>
  absl::StatusOr<Subscription> Subscribe(Handler handler, SubscribeOptions<std::type_identity_t<T>> options = {},
                                         SourceLocation location = SourceLocation::current()) {
    return SubscribeHandler<T>(std::move(handler), std::move(options), location);
  }

  template <typename T>
  SendResult Send(const T& value) {
    return Send(Context::Background(), value);
  }
  template <typename T>
  SendResult Send(const Context& context, const T& value) {
    return SendTo(context, value, internal::FeedCore::Waiting::kAllowed);
  }
  template <typename T>
  SendResult TrySend(const T& value) {
    return SendTo(Context::Background(), value, internal::FeedCore::Waiting::kRefused);
  }
};

}  // namespace eventbus

#endif  // EVENTBUS_FEED_H_
