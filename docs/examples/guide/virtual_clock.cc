// The guide's example of a test with a virtual clock.

#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

// [guide]
TEST(Guide, AReplyThatNeverComesIsWaitedForAnHour) {
  VirtualClock clock;  // all time in the library stands still
  const Channel<int> replies;
  absl::Status status;
  std::thread client([&] {
    const CancelHandle limit = Context::Background().WithTimeout(absl::Hours(1));
    status = replies.Receive(limit.context()).status();
  });
  clock.AwaitWaiters(1);          // it waits
  clock.Advance(absl::Hours(1));  // takes no time
  client.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
}
// [/guide]

}  // namespace
}  // namespace eventbus
