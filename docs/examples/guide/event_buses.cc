// The guide's example of topics on a bus.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

struct Order {
  int quantity = 0;
};
struct MarketClosed {};

TEST(Guide, EventBuses) {
  std::vector<std::string> log;
  // [guide]
  EventBus bus({.name = "exchange"});

  // One part: keeps a handle, and publishes at the cost of a feed.
  const absl::StatusOr<TopicOf<Order>> orders = bus.Topic<Order>("orders.eu");

  // Another, which knows the names and not the first: "*" is any one token, ">" is the rest.
  const Channel<Order> inbox(16);
  const absl::StatusOr<Subscription> europe = bus.Subscribe<Order>("orders.eu", inbox);
  const absl::StatusOr<Subscription> all = bus.Subscribe<Order>(
      "orders.*",
      [&](absl::string_view topic, const Order& order) { log.push_back(absl::StrCat(topic, ": ", order.quantity)); });
  orders->Publish({.quantity = 10});
  bus.Publish("orders.us", Order{.quantity = 20});  // a topic that is new: `all` hears of it

  // Without a name: each type is a topic.
  const absl::StatusOr<Subscription> closing =
      bus.Subscribe<MarketClosed>([&](const MarketClosed&) { log.push_back("closed"); });
  bus.Publish(MarketClosed());
  // [/guide]
  EXPECT_EQ(log, (std::vector<std::string>{"orders.eu: 10", "orders.us: 20", "closed"}));
  EXPECT_EQ(inbox.TryReceive()->quantity, 10);
  EXPECT_FALSE(inbox.TryReceive().ok());
}

}  // namespace
}  // namespace eventbus
