// One channel that is subscribed to a feed.

#ifndef EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
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

class Subscriber final : public SubscriptionState, public ListNode<MembershipTag>, public ListNode<LeavingTag> {
 public:
  Subscriber(Ref<FeedCore> feed, Ref<ChannelCore> channel, std::string name, ErasedFilter filter);

  void Unsubscribe() override;
  ReceiveChannel<absl::Status> Err() override { return end_signal.Err(); }
  bool ended() const override { return end_signal.ended(); }
  Selectable& end() override { return end_signal; }
  uint64_t id() const override { return id_; }
  const std::string& name() const override { return name_; }

  static constexpr size_t kNoSlot = std::numeric_limits<size_t>::max();

  const Ref<FeedCore> feed;
  const Ref<ChannelCore> channel;
  ErasedFilter filter;  // Called by the sender only.
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
  const uint64_t id_;
  const std::string name_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_
