// The guide's example of subscriptions and scopes.

#include <vector>

#include "absl/status/status.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Subscriptions) {
  std::vector<int> handled;
  // [guide]
  FeedOf<int> blocks;
  FeedOf<int> logs;
  const Channel<int> block(16);
  const Channel<int> log(16);
  SubscriptionScope scope;
  const absl::Status both[] = {scope.Adopt(blocks.Subscribe(block)), scope.Adopt(logs.Subscribe(log))};

  blocks.Send(1);
  scope.Close();  // both have ended: nothing more is sent to the channels
  block.Close();
  for (const int number : block) handled.push_back(number);  // what had arrived
  // [/guide]
  EXPECT_TRUE(both[0].ok() && both[1].ok());
  EXPECT_EQ(handled, (std::vector<int>{1}));
}

}  // namespace
}  // namespace eventbus
