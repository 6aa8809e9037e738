// The guide's example of a readiness descriptor.

#include <poll.h>

#include <vector>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, ReadinessFd) {
  std::vector<int> handled;
  // [guide]
  const Channel<int> orders(16);
  const ReadinessFd ready(orders);
  if (!orders.Send(1).ok()) return;

  pollfd waited = {.fd = ready.fd(), .events = POLLIN, .revents = 0};
  if (poll(&waited, 1, /*timeout=*/-1) == 1) {  // or epoll, Asio, Qt: whatever waits for descriptors
    while (true) {
      const absl::StatusOr<int> order = orders.TryReceive();
      if (!order.ok()) break;  // kUnavailable: nothing more for now
      handled.push_back(*order);
    }
  }
  // [/guide]
  EXPECT_EQ(handled, (std::vector<int>{1}));
}

}  // namespace
}  // namespace eventbus
