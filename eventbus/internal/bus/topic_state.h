// A topic of a bus, of whatever type: its feed, and what the bus knows of it.

#ifndef EVENTBUS_INTERNAL_BUS_TOPIC_STATE_H_
#define EVENTBUS_INTERNAL_BUS_TOPIC_STATE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "eventbus/feed.h"
#include "eventbus/internal/bus/bus_shared.h"
#include "eventbus/internal/bus/presence.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/send_result.h"

namespace eventbus::internal {

class TopicState : public RefCounted, public ListNode<TopicState> {
 public:
  const std::string& name() const { return core_->name(); }
  const Element& element() const { return element_; }
  // Whether it is the topic of a type, which has no name but that of the type.
  bool is_of_type() const { return is_of_type_; }

  FeedCore& core() const { return *core_; }
  Presence& presence() const { return *presence_; }

  // To be called with what became of a send of `*value`.
  void AfterSend(const SendResult& result, const void* value) {
    if (result.delivered == 0) [[unlikely]] {
      MaybeUnheard(result, value);
    }
  }

  uint64_t unheard() const { return unheard_.load(std::memory_order_relaxed); }

 protected:
  // `feed` goes together with this.
  TopicState(const Ref<BusShared>& shared, bool is_of_type, const Element& element, const FeedBase& feed);

 private:
  void MaybeUnheard(const SendResult& result, const void* value);

  const Element& element_;
  const bool is_of_type_;
  const Ref<BusShared> shared_;
  const Ref<FeedCore> core_;
  const Ref<Presence> presence_;
  Atomic<uint64_t> unheard_{0};  // Relaxed: a statistic.
};

// One whose type is known.
template <typename T>
class TypedTopic final : private FeedOf<T>, public TopicState {
 public:
  TypedTopic(const Ref<BusShared>& shared, bool is_of_type, std::string name)
      : FeedOf<T>({.name = std::move(name)}),
        TopicState(shared, is_of_type, kElementOf<T>, static_cast<FeedOf<T>&>(*this)) {}

  using TopicState::name;

  FeedOf<T>& feed() { return *this; }

  static Ref<TopicState> Make(const Ref<BusShared>& shared, bool is_of_type, std::string name) {
    return MakeRef<TypedTopic>(shared, is_of_type, std::move(name));
  }
};

using MakeTopic = Ref<TopicState> (*)(const Ref<BusShared>& shared, bool is_of_type, std::string name);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_TOPIC_STATE_H_
