// A value that went through a feed, with what the feed knows of it.
//
//   feed.Subscribe([](const Order& order, const EventInfo& info) {
//     if (info.lost > 0) Resynchronise();
//     ...
//   }, {.executor = &pool, .overflow = Overflow::kDropOldest});
//
//   Channel<Event<Order>> channel(64);
//   feed.Subscribe(channel, {.overflow = Overflow::kDropNewest});
//   channel.Receive()->info.sequence

#ifndef EVENTBUS_EVENT_H_
#define EVENTBUS_EVENT_H_

#include <cstdint>

namespace eventbus {

struct EventInfo {
  // Which send of the feed it was: 1 for the first, and one more for each after it. A subscriber sees them increase, with gaps
  // where a filter refused, a policy lost, or another subscriber alone was given a value.
  uint64_t sequence = 0;
  // How many values were lost to this subscription between the one that it got before and this one: by its overflow policy, or
  // because a send that gave up left it out. What a filter refused is not lost.
  uint64_t lost = 0;
};

// What a channel is subscribed with to have both.
template <typename T>
struct Event {
  EventInfo info;
  T value;
};

}  // namespace eventbus

#endif  // EVENTBUS_EVENT_H_
