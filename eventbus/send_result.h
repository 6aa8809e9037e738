// What became of one send of a feed.

#ifndef EVENTBUS_SEND_RESULT_H_
#define EVENTBUS_SEND_RESULT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace eventbus {

// May be ignored. Allocates only if some subscribers did not take the value.
struct SendResult {
  // A subscriber that was present and did not get the value.
  struct Missed {
    uint64_t subscription;  // Its `Subscription::id()`.
    std::string name;       // Its `Subscription::name()`.
  };

  // Which send of the feed it was, as in `EventInfo::sequence`. 0: it was refused as a whole.
  uint64_t sequence = 0;
  // How many subscribers took the value. One whose filter refused it is not counted anywhere.
  size_t delivered = 0;
  // How many did not get it because of their overflow policy. One that gave up another value for it is among the delivered.
  size_t dropped = 0;
  // How many subscriptions were found ended by themselves, or ended, during this send: a closed channel, a filter that
  // threw, an overflow policy that disconnects.
  size_t disconnected = 0;
  // OK: every subscriber took the value or ended. Otherwise see `FeedOf::Send`.
  absl::Status status;
  // Who did not get it: the dropped, and, if the status is not OK, those that had no room.
  std::vector<Missed> missed;
};

}  // namespace eventbus

#endif  // EVENTBUS_SEND_RESULT_H_
