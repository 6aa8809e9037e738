// How far a subscription is with what it has accepted.

#ifndef EVENTBUS_INTERNAL_FEED_PROGRESS_H_
#define EVENTBUS_INTERNAL_FEED_PROGRESS_H_

#include <cstdint>

namespace eventbus::internal {

// Positions are counted in what it accepts, and never go back; what is lost by a policy has one too.
struct Progress {
  uint64_t handled = 0;  // Values that have been handled.
  uint64_t done = 0;     // Everything below this position has been handled, or was lost.
  uint64_t end = 0;      // Everything below this one has been accepted.
  uint64_t left = 0;  // Values that wait; after its end, that were dropped then. Exact once nothing more is accepted.
  bool running = false;  // The value at `done` is being handled.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_PROGRESS_H_
