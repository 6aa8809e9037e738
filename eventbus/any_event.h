// An event of any type, with what its bus knows of it: for who subscribes to topics of many types, traces, or records.
//
//   bus.SubscribeAny("orders.>", [](const AnyEvent& event) {
//     if (const OrderPlaced* order = event.Get<OrderPlaced>()) Record(event.topic(), event.sequence(), *order);
//   });
//
// What a handler is called with refers to the publisher's event, and costs no copy of that. It must not be used after the
// handler has returned, but a copy of it may: that has a copy of the event, which further copies share.
//
//   const Channel<AnyEvent> recent(100);
//   bus.SubscribeAny(">", [&](const AnyEvent& event) { last = &event; });                          // wrong: refers to the past
//   bus.SubscribeAny(">", [&](const AnyEvent& event) { recent.TrySend(event).IgnoreError(); });    // right: a copy

#ifndef EVENTBUS_ANY_EVENT_H_
#define EVENTBUS_ANY_EVENT_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/ref_counted.h"

namespace eventbus {

// Thread-safe as a `const T` is. A moved-from one may only be destroyed or assigned to.
class AnyEvent {
 public:
  // Copies the event if `other` does not have a copy of it. May throw what that copy throws, and `std::bad_alloc`.
  AnyEvent(const AnyEvent& other);
  AnyEvent(AnyEvent&& other) noexcept;
  AnyEvent& operator=(AnyEvent other) noexcept;
  ~AnyEvent();

  // The name of its topic. Both texts live as long as this.
  absl::string_view topic() const { return topic_->name(); }
  // The type of the event as its author would write it, for people.
  absl::string_view type() const { return element_->name(); }

  // Which event of its topic it is, as in `EventInfo`: the first that was published is 1.
  uint64_t sequence() const { return sequence_; }

  // When it was published, by `Clock`.
  absl::Time time() const { return time_; }

  template <typename T>
  bool Is() const {
    return element_ == &internal::kElementOf<T>;
  }

  // The event if it is a `T`, else null. It lives as long as this.
  template <typename T>
  const T* Get() const {
    return Is<T>() ? static_cast<const T*>(value_) : nullptr;
  }

  // For the library: refers to `*value`.
  AnyEvent(internal::FeedCore& topic, const internal::Element& element, uint64_t sequence, const void* value);

 private:
  class Kept;

  internal::Ref<internal::FeedCore> topic_;
  const internal::Element* element_;
  uint64_t sequence_;
  absl::Time time_;
  internal::Ref<Kept> kept_;  // Null if it refers to an event of somebody else's.
  const void* value_;
};

}  // namespace eventbus

#endif  // EVENTBUS_ANY_EVENT_H_
