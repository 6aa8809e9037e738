// What the contract's tests share beside the setups.

#ifndef EVENTBUS_TESTS_CONTRACT_SUPPORT_H_
#define EVENTBUS_TESTS_CONTRACT_SUPPORT_H_

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "tests/support/waiting.h"

// Rounds of the tests that look for races. A sanitizer makes a round some ten times as slow, and sees more in it.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define EVENTBUS_CONTRACT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define EVENTBUS_CONTRACT_SANITIZED 1
#endif
#endif

namespace eventbus::testing {

#ifdef EVENTBUS_CONTRACT_SANITIZED
inline constexpr int kRaceRounds = 10'000;
#else
inline constexpr int kRaceRounds = 100'000;
#endif

inline constexpr absl::StatusCode kOk = absl::StatusCode::kOk;
inline constexpr absl::StatusCode kClosed = absl::StatusCode::kFailedPrecondition;
inline constexpr absl::StatusCode kEnd = absl::StatusCode::kOutOfRange;
inline constexpr absl::StatusCode kNoRoom = absl::StatusCode::kResourceExhausted;
inline constexpr absl::StatusCode kNothingYet = absl::StatusCode::kUnavailable;
inline constexpr absl::StatusCode kLate = absl::StatusCode::kDeadlineExceeded;
inline constexpr absl::StatusCode kCancelled = absl::StatusCode::kCancelled;

template <typename T>
absl::StatusCode CodeOf(const absl::StatusOr<T>& result) {
  return result.status().code();
}
inline absl::StatusCode CodeOf(const absl::Status& status) { return status.code(); }

// Sends 0, 1, 2, ... until a bounded channel has no room. Returns how many that took.
inline int Fill(const Channel<int>& channel) {
  int count = 0;
  while (channel.TrySend(count).ok()) ++count;
  return count;
}

// What is there for the taking, and what blocked senders hold, oldest first.
template <typename T>
std::vector<T> TakeAll(const Channel<T>& channel) {
  std::vector<T> values;
  for (absl::StatusOr<T> value = channel.TryReceive(); value.ok(); value = channel.TryReceive()) {
    values.push_back(*std::move(value));
  }
  return values;
}

// 0, 1, ..., `count` - 1.
inline std::vector<int> UpTo(int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_CONTRACT_SUPPORT_H_
