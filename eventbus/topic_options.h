// What a topic of an `EventBus` is like, and what its subscriptions are like that say nothing else.
//
//   bus.SetTopicOptions("prices.>", {.replay = 1, .overflow = Overflow::kLatest});   // for topics that are made later
//   bus.Topic<Order>("orders.eu", {.held = true});                                   // for one, which this makes
//
// A topic is made by the first that names it, whoever that is. So set options before the parts of a program begin that use it.

#ifndef EVENTBUS_TOPIC_OPTIONS_H_
#define EVENTBUS_TOPIC_OPTIONS_H_

#include <cstddef>

#include "eventbus/overflow.h"

namespace eventbus {

struct TopicOptions {
  // Publishers wait until `TopicOf::Release`, so that nobody misses what is published while everybody is still subscribing.
  bool held = false;
  // How many of the last events are kept, as copies, for those who subscribe later; `replay` if that is more. Not for requests: one
  // that is kept never ends without an answer.
  size_t history = 0;
  // With how many of the last events a subscription begins whose `SubscribeOptions::replay` is not set. 1 makes the topic a
  // state, which whoever comes learns at once. Not for `SubscribeAny` and `Tap`, which get what is published from then on.
  size_t replay = 0;
  // What becomes of events for which a subscription has no room whose `SubscribeOptions::overflow` is not set. Where it has room for
  // all, as an unbounded channel and a handler without an executor do, there is nothing to decide; and a channel without a
  // buffer holds nothing older, so there `kDropOldest` and `kLatest` are `kDropNewest`. A channel of deliveries loses nothing: of
  // these it takes `kDisconnect` alone, and else publishers wait for it.
  Overflow overflow = Overflow::kBlock;
  // How many events wait for a handler with an executor whose `SubscribeOptions::capacity` is 0. 0 is 64.
  size_t capacity = 0;

  bool operator==(const TopicOptions&) const = default;
};

}  // namespace eventbus

#endif  // EVENTBUS_TOPIC_OPTIONS_H_
