// Decides whether what the subscribers of a feed received is what the feed promises: one order for all, which agrees with
// the order of sends that did not overlap; no gap and no repetition between `Subscribe` and `Unsubscribe`.
//
// One subscriber, the witness, is there before the first send and until after the last. What it received is the order.

#ifndef EVENTBUS_TESTS_LINEARIZABILITY_FEED_CHECKER_H_
#define EVENTBUS_TESTS_LINEARIZABILITY_FEED_CHECKER_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace eventbus::testing {

// When a call was made and when it returned, by one clock for all threads.
struct Span {
  uint64_t invoked = 0;
  uint64_t returned = 0;

  bool Before(const Span& other) const { return returned < other.invoked; }
};

struct FeedSend {
  int value;  // No two sends have the same.
  Span span;
};

struct FeedMembership {
  Span subscribe;
  Span unsubscribe = {std::numeric_limits<uint64_t>::max(), std::numeric_limits<uint64_t>::max()};
  std::vector<int> received = {};  // All that ever came, in its order.
};

struct FeedHistory {
  std::vector<FeedSend> sends;  // All returned OK.
  std::vector<int> witness;
  std::vector<FeedMembership> memberships;
};

// What is wrong with it; empty if nothing is. O(n²).
std::string FindFault(const FeedHistory& history);

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_LINEARIZABILITY_FEED_CHECKER_H_
