// The guide's example of select.

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Select) {
  const Channel<std::string> orders(1);
  const Channel<int> acknowledgements(1);
  ASSERT_TRUE(acknowledgements.Send(7).ok());
  int acknowledged = 0;
  bool waited_in_vain = false;
  // [guide]
  absl::StatusOr<std::string> order;
  absl::StatusOr<int> number;
  switch (Select({
      orders.OnReceive(&order),
      acknowledgements.OnReceive(&number),
      After(absl::Seconds(30)).OnReceive([&](absl::StatusOr<absl::Time>) { waited_in_vain = true; }),
  })) {
    case 0:  // `order` holds an order, or kOutOfRange: the channel is closed and drained
      break;
    case 1:
      acknowledged = *number;
      break;
  }
  // [/guide]
  EXPECT_EQ(acknowledged, 7);
  EXPECT_FALSE(waited_in_vain);
}

}  // namespace
}  // namespace eventbus
