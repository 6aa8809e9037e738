// A topic of a bus, of whatever type: its feed, and what the bus knows of it.

#ifndef EVENTBUS_INTERNAL_BUS_TOPIC_STATE_H_
#define EVENTBUS_INTERNAL_BUS_TOPIC_STATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "eventbus/delivery.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/internal/bus/bus_shared.h"
#include "eventbus/internal/bus/presence.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/overflow.h"
#include "eventbus/send_channel.h"
#include "eventbus/send_result.h"
#include "eventbus/source_location.h"
#include "eventbus/topic_options.h"

namespace eventbus::internal {

class TopicState : public RefCounted, public ListNode<TopicState> {
 public:
  const std::string& name() const { return core_->name(); }
  const Element& element() const { return element_; }
  // Whether it is the topic of a type, which has no name but that of the type.
  bool is_of_type() const { return is_of_type_; }

  FeedCore& core() const { return *core_; }
  Presence& presence() const { return *presence_; }

  const TopicOptions& options() const { return options_ ? *options_ : kPlainTopic; }

  // To be called with what became of a send of `*value`.
  void AfterSend(const SendResult& result, const void* value) {
    if (result.delivered == 0) [[unlikely]] {
      MaybeUnheard(result, value);
    }
  }

  uint64_t unheard() const { return unheard_.load(std::memory_order_relaxed); }

 protected:
  // `feed` goes together with this, and is as `options` say.
  TopicState(const Ref<BusShared>& shared, bool is_of_type, const TopicOptions& options, const Element& element,
             const FeedBase& feed);

 private:
  static constexpr TopicOptions kPlainTopic = {};

  void MaybeUnheard(const SendResult& result, const void* value);

  const Element& element_;
  const bool is_of_type_;
  const std::unique_ptr<const TopicOptions> options_;  // Null for a plain topic, as most are.
  const Ref<BusShared> shared_;
  const Ref<FeedCore> core_;
  const Ref<Presence> presence_;
  Atomic<uint64_t> unheard_{0};  // Relaxed: a statistic.
};

// What events go to, if not a handler.
template <typename Target, typename T>
concept EventChannelOf =
    std::is_same_v<Target, SendChannel<T>> || std::is_same_v<Target, SendChannel<eventbus::Event<T>>> ||
    std::is_same_v<Target, SendChannel<eventbus::Delivery<T>>>;

// One whose type is known.
template <typename T>
class TypedTopic final : private FeedOf<T>, public TopicState {
 public:
  // It is told by its name: any of those that use it may have been the first.
  static constexpr SourceLocation kNowhere = {};

  TypedTopic(const Ref<BusShared>& shared, bool is_of_type, std::string name, const TopicOptions& options)
      : FeedOf<T>({.name = std::move(name), .held = options.held, .history = options.history}, kNowhere),
        TopicState(shared, is_of_type, options, kElementOf<T>, static_cast<FeedOf<T>&>(*this)) {}

  using TopicState::name;

  FeedOf<T>& feed() { return *this; }

  // Has the options of a subscription of `target` say what the topic says, where they say nothing.
  template <typename Target>
  void Complete(const Target& target, SubscribeOptions<T>& subscription) const {
    const TopicOptions& topic = options();
    if (!subscription.replay) subscription.replay = topic.replay;
    if constexpr (EventChannelOf<Target, T>) {
      if (subscription.overflow.is_chosen() || target.is_null() || target.capacity() == kUnboundedCapacity) return;
      constexpr bool kLosesNothing = std::is_same_v<Target, SendChannel<eventbus::Delivery<T>>>;
      if (kLosesNothing && topic.overflow != Overflow::kDisconnect) return;
      const bool evicts = topic.overflow == Overflow::kDropOldest || topic.overflow == Overflow::kLatest;
      subscription.overflow = evicts && target.capacity() == 0 ? Overflow::kDropNewest : topic.overflow;
    } else if (subscription.executor != nullptr) {
      if (!subscription.overflow.is_chosen()) subscription.overflow = topic.overflow;
      if (subscription.capacity == 0) subscription.capacity = topic.capacity;
    }
  }

  static Ref<TopicState> Make(const Ref<BusShared>& shared, bool is_of_type, std::string name,
                              const TopicOptions& options) {
    return MakeRef<TypedTopic>(shared, is_of_type, std::move(name), options);
  }
};

using MakeTopic = Ref<TopicState> (*)(const Ref<BusShared>& shared, bool is_of_type, std::string name,
                                      const TopicOptions& options);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_TOPIC_STATE_H_
