// The guide's example of watchdogs.

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Watchdogs) {
  const Channel<int> heartbeats(1);
  ASSERT_TRUE(heartbeats.Send(1).ok());
  // [guide]
  Watchdog peer(absl::Milliseconds(10), {.name = "peer"});
  while (true) {
    const absl::StatusOr<int> heartbeat = heartbeats.Receive(peer.context());
    if (!heartbeat.ok()) break;
    peer.Kick();
  }
  const absl::Status why = peer.context().cause();  // "watchdog 'peer': not kicked for 10ms"
  // [/guide]
  EXPECT_EQ(why, absl::DeadlineExceededError("watchdog 'peer': not kicked for 10ms"));
}

}  // namespace
}  // namespace eventbus
