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
  // A subscriber that was present and did not take the value.
  struct Missed {
    uint64_t subscription;  // Its `Subscription::id()`.
    std::string name;       // Its `Subscription::name()`.
  };

  // How many subscribers took the value. One whose filter refused it is not counted anywhere.
  size_t delivered = 0;
  // How many did not take it because of their overflow policy.
  size_t dropped = 0;
  // How many subscriptions were found ended by themselves, or ended, during this send: a closed channel, a filter that
  // threw.
  size_t disconnected = 0;
  // OK: every subscriber took the value or ended. Otherwise see `FeedOf::Send`.
  absl::Status status;
  // Who did not take it, if the status is not OK.
  std::vector<Missed> missed;
};

}  // namespace eventbus

#endif  // EVENTBUS_SEND_RESULT_H_
