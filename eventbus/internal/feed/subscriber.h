// One subscription of a feed: a channel, a handler with an executor and a channel of its own, or a handler that runs in the
// sending thread.

#ifndef EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/feed/delivery_arena.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/subscription/end_signal.h"
#include "eventbus/internal/subscription/subscription_state.h"

namespace eventbus::internal {

class FeedCore;

struct MembershipTag;  // A feed's inbox, or its list of those to be taken out.
struct LeavingTag;     // Those that one `Close` ends.

// Whether a subscriber wants `*value`. Empty: always.
using ErasedFilter = absl::AnyInvocable<bool(const void* value)>;
// Handles `*value`. An exception is as good as a status that is not OK.
using ErasedHandler = absl::AnyInvocable<absl::Status(const void* value)>;

class HandlerConsumer;

// What a subscription consists of.
struct SubscriberParts {
  Ref<ChannelCore> channel = {};  // Where values go; null: to `handler`, in the sending thread.
  std::string name = {};
  ErasedFilter filter = {};
  ErasedHandler handler = {};
  absl::AnyInvocable<void(const absl::Status& error)> on_error = {};
  bool ends_on_error = false;
};

class Subscriber final : public SubscriptionState, public ListNode<MembershipTag>, public ListNode<LeavingTag> {
 public:
  Subscriber(Ref<FeedCore> feed, SubscriberParts parts);

  void Unsubscribe() override;
  ReceiveChannel<absl::Status> Err() override { return end_signal.Err(); }
  bool ended() const override { return end_signal.ended(); }
  Selectable& end() override { return end_signal; }
  uint64_t id() const override { return id_; }
  const std::string& name() const override { return name_; }

  // Runs the handler: false if it failed and the subscription is to end with `reason`. Called by one thread at a time.
  bool Handle(const void* value, absl::Status& reason);

  // Ends the lives of what the user gave, in the thread that calls this.
  void DropHandler() { handler_ = nullptr; }

  // How often the handler has failed.
  uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }

  static constexpr size_t kNoSlot = std::numeric_limits<size_t>::max();

  const Ref<FeedCore> feed;
  const Ref<ChannelCore> channel;
  ErasedFilter filter;            // Called by the sender only.
  Ref<HandlerConsumer> consumer;  // Who receives from `channel`, if that is a handler with an executor. Set once.
  EndSignal end_signal;

  // Guarded by the feed's membership mutex.
  bool member = false;    // Whether the subscription lasts.
  size_t slot = kNoSlot;  // Its place among the feed's slots; none while it is in the inbox.

  // Whether values may still be sent to the channel: the same as `member`, for who holds the other lock.
  bool receiving ABSL_GUARDED_BY(channel->mutex) = false;
  // The delivery that waits for room, if `waits_in_send` is the number of the send in progress.
  Delivery* delivery ABSL_GUARDED_BY(channel->mutex) = nullptr;
  uint64_t waits_in_send ABSL_GUARDED_BY(channel->mutex) = 0;

 private:
  ~Subscriber() override;

  // Counts `error` and tells the hook.
  void Fail(const absl::Status& error);

  const uint64_t id_;
  const std::string name_;
  ErasedHandler handler_;
  absl::AnyInvocable<void(const absl::Status& error)> on_error_;
  const bool ends_on_error_;
  Atomic<uint64_t> errors_{0};  // Relaxed: a statistic.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_
