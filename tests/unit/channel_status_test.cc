#include "eventbus/internal/channel/channel_status.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/internal/waiting/waiter.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

TEST(SendStatus, NamesEachOutcome) {
  EXPECT_TRUE(SendStatus(Outcome::kDone).ok());
  EXPECT_EQ(SendStatus(Outcome::kNotReady).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(SendStatus(Outcome::kClosed).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(SendStatus(Outcome::kDeadline).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(SendStatus(Outcome::kCancelled).code(), absl::StatusCode::kCancelled);
}

TEST(ReceiveStatus, NamesEachOutcome) {
  EXPECT_TRUE(ReceiveStatus(Outcome::kDone).ok());
  EXPECT_EQ(ReceiveStatus(Outcome::kNotReady).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReceiveStatus(Outcome::kClosed).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReceiveStatus(Outcome::kDeadline).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReceiveStatus(Outcome::kCancelled).code(), absl::StatusCode::kCancelled);
}

TEST(ErrorOr, IsAnErrorForEveryTypeAlsoForStatus) {
  const absl::StatusOr<int> of_int = ErrorOr<int>(absl::OutOfRangeError("end"));
  EXPECT_EQ(of_int.status(), absl::OutOfRangeError("end"));
  const absl::StatusOr<absl::Status> of_status = ErrorOr<absl::Status>(absl::OutOfRangeError("end"));
  EXPECT_FALSE(of_status.ok());
  EXPECT_EQ(of_status.status(), absl::OutOfRangeError("end"));
}

}  // namespace
}  // namespace eventbus::internal
