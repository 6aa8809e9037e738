// The feed whose type is fixed by its first use.

#include <string>

#include "eventbus/feed.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"

namespace eventbus::testing {

struct Order {
  int quantity;
};

namespace {

TEST(ErasedFeed, IsFixedByTheFirstSubscription) {
  Feed feed({.name = "orders"});
  Channel<Order> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  EXPECT_EQ(feed.Send(Order{3}).delivered, 1u);
  EXPECT_EQ(channel.Receive()->quantity, 3);
}

// Row 9: the message names both types, and the feed stays usable.
TEST(ErasedFeed, RefusesAnotherTypeNamingBoth) {
  Feed feed({.name = "orders"});
  Channel<Order> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));

  const absl::Status send = feed.Send(5).status;
  EXPECT_EQ(send.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(send.message(), "feed 'orders': carries eventbus::testing::Order, not int");
  EXPECT_EQ(feed.TrySend(5).status.code(), absl::StatusCode::kInvalidArgument);

  Channel<int> numbers(1);
  const absl::Status subscribe = feed.Subscribe(numbers).status();
  EXPECT_EQ(subscribe.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(subscribe.message(), send.message());

  EXPECT_EQ(feed.Send(Order{1}).delivered, 1u);
  EXPECT_EQ(feed.subscribers(), 1u);
}

TEST(ErasedFeed, IsFixedByTheFirstSendToo) {
  Feed feed;
  EXPECT_TRUE(feed.Send(1).status.ok());
  Channel<Order> channel(1);
  EXPECT_EQ(feed.Subscribe(channel).status().code(), absl::StatusCode::kInvalidArgument);
  Channel<int> numbers(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(numbers));
  EXPECT_EQ(feed.Send(2).delivered, 1u);
}

TEST(ErasedFeed, ARefusedSubscriptionFixesNothing) {
  Feed feed;
  EXPECT_EQ(feed.Subscribe(SendChannel<int>()).status().code(), absl::StatusCode::kInvalidArgument);
  Channel<Order> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  EXPECT_EQ(feed.Send(Order{1}).delivered, 1u);
}

TEST(ErasedFeed, TakesFiltersContextsAndOneDirectionHandles) {
  Feed feed;
  Channel<Order> channel(1);
  const SendChannel<Order> sending = channel;
  Subscription subscription = MustSubscribe(
      feed.Subscribe(sending, {.name = "large", .filter = [](const Order& order) { return order.quantity > 10; }}));
  EXPECT_EQ(feed.Send(Order{1}).delivered, 0u);
  EXPECT_EQ(feed.Send(Order{11}).delivered, 1u);
  CancelHandle late = Context::Background().WithTimeout(absl::ZeroDuration());
  EXPECT_EQ(feed.Send(late.context(), Order{12}).status.code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace eventbus::testing
