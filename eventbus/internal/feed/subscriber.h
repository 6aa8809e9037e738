// One subscription of a feed: what all kinds have in common, and the kind that is a channel.

#ifndef EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/feed/delivery_arena.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/prefetch.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/subscription/end_signal.h"
#include "eventbus/internal/subscription/subscription_state.h"

namespace eventbus::internal {

class Activity;
class FeedCore;

struct MembershipTag;  // A feed's inbox, or its list of those to be taken out.

// Whether a subscriber wants `*value`. Empty: always.
using ErasedFilter = absl::AnyInvocable<bool(const void* value)>;

// What every subscription consists of.
struct SubscriberParts {
  std::string name = {};
  ErasedFilter filter = {};
};

// Small, for there may be a million: what most subscriptions do without is elsewhere.
class Subscriber : public SubscriptionState, public ListNode<MembershipTag> {
 public:
  void Unsubscribe() final;
  ReceiveChannel<absl::Status> Err() final { return end_signal.Err(); }
  bool ended() const final { return end_signal.ended(); }
  Selectable& end() final { return end_signal; }
  uint64_t id() const final { return id_; }
  const std::string& name() const final;

  // How values reach it.
  enum class Way : uint8_t {
    kChannel,  // A `ChannelSubscriber`.
    kCall,     // A `HandlerSubscriber`, called in the sending thread.
    kCommon,   // An `ExecutorSubscriber` that reads the feed's broadcast.
    kOwn,      // An `ExecutorSubscriber` that reads one of its own.
  };
  virtual Way way() const = 0;

  // Whether a send runs code of this subscription in its own thread: a filter or a handler.
  bool runs_in_send() const { return filter != nullptr || way() == Way::kCall; }

  // Has what a send reads here fetched: it lies around `member`.
  void Prefetch() const {
    constexpr size_t kLine = 64;
    internal::Prefetch(&member);
    internal::Prefetch(reinterpret_cast<const std::byte*>(&member) + kLine);
  }

  // Of the feed's lists.
  void UnlinkIfLinked() {
    if (ListNode<MembershipTag>::linked()) ListNode<MembershipTag>::Unlink();
  }

  // Values may be sent to it from now on.
  virtual void StartReceiving() {}
  // Nothing is sent to it once this has returned. `send` is the number of the send in progress, 0 if there is none; the delivery
  // that it has enlisted here, and that nobody has claimed, goes on `wakes` as withdrawn.
  virtual void StopReceiving(uint64_t send, WakeList& wakes) = 0;

  // Who receives from the channel, if that is a handler with an executor; else null.
  virtual Activity* consumer() { return nullptr; }

  static constexpr size_t kNoSlot = std::numeric_limits<size_t>::max();

  const Ref<FeedCore> feed;
  const std::unique_ptr<ErasedFilter> filter;  // Null if it has none. Called by the sender only.
  EndSignal end_signal;

  // The next of those that one `Close` ends, each with a reference.
  Subscriber* next_leaving = nullptr;

  // Its place among the feed's slots, if it has one. Guarded by the feed's membership mutex.
  size_t slot = kNoSlot;

 protected:
  Subscriber(Ref<FeedCore> feed_core, SubscriberParts parts);
  ~Subscriber() override;

 private:
  const uint64_t id_;
  const std::unique_ptr<const std::string> name_;  // Null if it has none.

 public:
  // Whether the subscription lasts. Written under the feed's membership mutex.
  Atomic<bool> member{false};
};

// One whose values go to a channel of the user's.
class ChannelSubscriber final : public Subscriber {
 public:
  ChannelSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, Ref<ChannelCore> its_channel);

  Way way() const override { return Way::kChannel; }
  void StartReceiving() override;
  void StopReceiving(uint64_t send, WakeList& wakes) override;

  void PrefetchChannel() const { internal::Prefetch(&channel->mutex); }

  const Ref<ChannelCore> channel;

  // The delivery that waits for room, if `waits_in_send` is the number of the send in progress.
  Delivery* delivery ABSL_GUARDED_BY(channel->mutex) = nullptr;
  uint64_t waits_in_send ABSL_GUARDED_BY(channel->mutex) = 0;
  // Whether values may be sent to the channel: the same as `member`, for who holds the other lock.
  bool receiving ABSL_GUARDED_BY(channel->mutex) = false;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_
