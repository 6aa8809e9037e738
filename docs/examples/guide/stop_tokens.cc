// The guide's example of the bridges to the standard library's stop tokens.

#include <stop_token>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, StopTokens) {
  absl::StatusCode ended_with = absl::StatusCode::kOk;
  // [guide]
  const Channel<int> orders;
  std::jthread worker([&](std::stop_token stop) {
    const ContextFromStopToken stopped(std::move(stop));
    while (true) {
      const absl::StatusOr<int> order = orders.Receive(stopped.context());
      if (order.ok()) continue;
      ended_with = order.status().code();  // closed, or the thread is to stop
      return;
    }
  });
  worker.request_stop();
  worker.join();
  // [/guide]
  EXPECT_EQ(ended_with, absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace eventbus
