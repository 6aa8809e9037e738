// Decides whether what a channel answered to concurrent calls is what a channel that does one thing at a time could have
// answered: whether the calls can be put in one order in which each answer is right, and in which a call that returned
// before another was made comes first.
//
// The search is that of Wing and Gong, with Lowe's memory of the states that led nowhere. A rendezvous has no order of
// its two sides, so there a send and a receive may take effect as one step (Scherer and Scott's dual operations).

#ifndef EVENTBUS_TESTS_LINEARIZABILITY_CHANNEL_CHECKER_H_
#define EVENTBUS_TESTS_LINEARIZABILITY_CHANNEL_CHECKER_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace eventbus::testing {

enum class Method : uint8_t { kSend, kTrySend, kReceive, kTryReceive, kClose };

// One call on the channel, with its answer.
struct ChannelCall {
  Method method;
  int thread = 0;
  absl::StatusCode code = absl::StatusCode::kOk;  // A close that was not the first: `kFailedPrecondition`.
  int value = 0;                                  // Sent, or received.
  uint64_t invoked = 0;                           // By one clock for all threads.
  uint64_t returned = 0;
};

using ChannelHistory = std::vector<ChannelCall>;

inline constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// Whether a channel of `capacity` (`kNoLimit`: unbounded) can have answered so. At most 64 calls.
bool IsLinearizable(int64_t capacity, const ChannelHistory& history);

// One line a call, for people.
std::string ToString(const ChannelHistory& history);

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_LINEARIZABILITY_CHANNEL_CHECKER_H_
