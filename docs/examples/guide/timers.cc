// The guide's example of timers.

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Timers) {
  const Channel<int> requests(1);
  ASSERT_TRUE(requests.Send(1).ok());
  int handled = 0;
  int ticks = 0;
  // [guide]
  const ReceiveChannel<absl::Time> tick = Tick(absl::Milliseconds(2));
  const Timer idle(absl::Milliseconds(20));
  for (bool connected = true; connected;) {
    absl::StatusOr<int> request;
    absl::StatusOr<absl::Time> now;
    switch (Select({requests.OnReceive(&request), tick.OnReceive(&now), idle.OnReceive(&now)})) {
      case 0:
        ++handled;
        idle.Reset(absl::Milliseconds(20));  // a tick of the earlier setting cannot be received any more
        break;
      case 1:
        ++ticks;  // a slow receiver skips some
        break;
      case 2:
        connected = false;  // nothing for 20 milliseconds
        break;
    }
  }
  // [/guide]
  EXPECT_EQ(handled, 1);
  EXPECT_GT(ticks, 0);
}

}  // namespace
}  // namespace eventbus
