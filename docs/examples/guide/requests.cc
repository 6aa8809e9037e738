// The guide's example of requests over a bus.

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Requests) {
  EventBus bus;
  // [guide]
  const absl::StatusOr<Subscription> server =
      bus.Serve<std::string, int>("lengths", [](const std::string& text) { return static_cast<int>(text.size()); });

  const CancelHandle soon = Context::Background().WithTimeout(absl::Seconds(2));
  const absl::StatusOr<int> length = bus.Request<int>("lengths", std::string("four"), soon.context());

  // From all who answer, until then.
  const RepliesOf<int> all = bus.RequestAll<int>("lengths", std::string("seven"), soon.context());
  // [/guide]
  EXPECT_EQ(*length, 4);
  EXPECT_TRUE(all.status.ok());
  EXPECT_EQ(all.asked, 1u);
  EXPECT_EQ(all.replies[0], 5);
}

}  // namespace
}  // namespace eventbus
