// What has become of the values of a subscription, and of the sends of a feed. Counts, each read at a moment of its own.

#ifndef EVENTBUS_SUBSCRIPTION_STATS_H_
#define EVENTBUS_SUBSCRIPTION_STATS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "eventbus/waiter_info.h"

namespace eventbus {

// Values that were to be delivered, and were not, by who gave them up.
struct LostValues {
  // Its overflow policy: those that found no room, those that made room, and the one that disconnected it.
  uint64_t to_overflow = 0;
  // Sends that gave up: their context was done, they must not wait, or a copy threw.
  uint64_t to_sends = 0;
  // Those of its replay for which its channel had no room.
  uint64_t to_replay = 0;

  uint64_t total() const { return to_overflow + to_sends + to_replay; }

  LostValues& operator+=(const LostValues& other) {
    to_overflow += other.to_overflow;
    to_sends += other.to_sends;
    to_replay += other.to_replay;
    return *this;
  }
  friend bool operator==(const LostValues& a, const LostValues& b) = default;
};

struct SubscriptionStats {
  // Values that the channel has taken, or that the handler was called with.
  uint64_t delivered = 0;
  // Values that were lost to it. What waits for a handler when its subscription is ended is dropped, and counts nowhere.
  LostValues lost = {};
  // Values that the filter refused.
  uint64_t filtered = 0;
  // Of a channel of deliveries: values that it was given and that are not acknowledged, and how often one was sent back.
  uint64_t outstanding = 0;
  uint64_t returned = 0;
  // Calls of the handler that failed.
  uint64_t errors = 0;
  // What waits in the channel, or for the handler. A channel of yours may hold values from elsewhere too.
  QueueFill queue = {};
  // The most that has waited there at once, as far as it was seen: to within a sixteenth of the capacity of a channel; for a
  // handler, whenever it looked for more. The capacity, if a send ever found no room.
  size_t queue_high_water = 0;
  // Sends that found no room and waited.
  uint64_t waits = 0;
  // For how long sends slept because this subscription had no room, to within some milliseconds for each. Sends that waited
  // for it and for others at once count for each of them, until it took the value.
  absl::Duration blocked = {};

  // Those of several subscriptions together, but for their queues.
  SubscriptionStats& operator+=(const SubscriptionStats& other) {
    delivered += other.delivered;
    lost += other.lost;
    filtered += other.filtered;
    outstanding += other.outstanding;
    returned += other.returned;
    errors += other.errors;
    waits += other.waits;
    blocked += other.blocked;
    return *this;
  }
};

struct FeedStats {
  // Sends that have begun.
  uint64_t sends = 0;
  // Of those, the ones that had to sleep until a subscriber had room, and for how long in all, to within some milliseconds each.
  uint64_t slow_sends = 0;
  absl::Duration blocked = {};
  // Values that were lost to its subscriptions, those that have ended included.
  LostValues lost = {};
  // Sends that wait for their turn now.
  size_t senders_waiting = 0;
  // Subscriptions that last.
  size_t subscribers = 0;
};

}  // namespace eventbus

#endif  // EVENTBUS_SUBSCRIPTION_STATS_H_
