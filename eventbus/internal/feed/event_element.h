// How a feed puts more than the plain value into a channel.

#ifndef EVENTBUS_INTERNAL_FEED_EVENT_ELEMENT_H_
#define EVENTBUS_INTERNAL_FEED_EVENT_ELEMENT_H_

#include <new>

#include "eventbus/event.h"
#include "eventbus/internal/feed/acknowledgements.h"
#include "eventbus/internal/ground/ref_counted.h"

namespace eventbus::internal {

// How what knows `T` only by its `Element` makes an `Event<T>` or a `Delivery<T>`.
struct EventElement {
  // `acknowledgements` are those of the subscription; null for an `Event<T>`.
  void (*make)(void* to, const EventInfo& info, const void* value, const Ref<Acknowledgements>& acknowledgements);
  EventInfo& (*info)(void* event);
  const void* (*value)(const void* event);
  // What answers for the value; null if nobody does.
  DeliveryHandle* (*handle)(void* event);
};

template <typename T>
inline constexpr EventElement kEventElementOf = {
    .make =
        [](void* to, const EventInfo& info, const void* value, const Ref<Acknowledgements>&) {
          ::new (to) eventbus::Event<T>{info, *static_cast<const T*>(value)};
        },
    .info = [](void* event) -> EventInfo& { return static_cast<eventbus::Event<T>*>(event)->info; },
    .value = [](const void* event) -> const void* { return &static_cast<const eventbus::Event<T>*>(event)->value; },
    .handle = [](void*) -> DeliveryHandle* { return nullptr; },
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_EVENT_ELEMENT_H_
