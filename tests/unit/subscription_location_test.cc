// Where subscriptions of every kind say that they were made.

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "eventbus/any_event.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/event_bus.h"
#include "eventbus/feed.h"
#include "eventbus/join_subscriptions.h"
#include "eventbus/new_subscription.h"
#include "eventbus/resubscribe.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"
#include "eventbus/subscription_scope.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"

namespace eventbus::testing {
namespace {

// `before` is where the line above the one was that made the subscription.
void ExpectMadeAfter(SourceLocation before, const Subscription& subscription) {
  EXPECT_EQ(subscription.location().line(), before.line() + 1);
  EXPECT_TRUE(absl::EndsWith(subscription.location().file_name(), "subscription_location_test.cc"));
}

TEST(SubscriptionLocation, AlsoKnowsTheFunction) {
  const SourceLocation here = SourceLocation::current();
  EXPECT_TRUE(absl::StrContains(here.function_name(), "TestBody")) << here.function_name();
  EXPECT_GE(here.column(), 0u);
}

TEST(SubscriptionLocation, OfAFeed) {
  FeedOf<int> feed;
  SourceLocation before = SourceLocation::current();
  ExpectMadeAfter(before, MustSubscribe(feed.Subscribe([](int) {})));
  const Channel<int> channel(1);
  before = SourceLocation::current();
  ExpectMadeAfter(before, MustSubscribe(feed.Subscribe(channel)));
}

TEST(SubscriptionLocation, OfProducers) {
  SourceLocation before = SourceLocation::current();
  ExpectMadeAfter(before, NewSubscription([](const Context&) {}));
  const auto subscribe = [](const Context&) { return NewSubscription([](const Context&) {}); };
  before = SourceLocation::current();
  ExpectMadeAfter(before, Resubscribe(absl::Seconds(1), subscribe));
}

TEST(SubscriptionLocation, OfWhatConsistsOfOthers) {
  FeedOf<int> feed;
  SourceLocation before = SourceLocation::current();
  Subscription first = MustSubscribe(feed.Subscribe([](int) {}));
  ExpectMadeAfter(before, JoinSubscriptions(std::move(first), MustSubscribe(feed.Subscribe([](int) {}))));
  std::vector<Subscription> parts;
  parts.push_back(MustSubscribe(feed.Subscribe([](int) {})));
  before = SourceLocation::current();
  ExpectMadeAfter(before, JoinSubscriptions(std::move(parts)));
  SubscriptionScope scope;
  before = SourceLocation::current();
  first = MustSubscribe(feed.Subscribe([](int) {}));
  ExpectMadeAfter(before, scope.Track(std::move(first)));
}

TEST(SubscriptionLocation, OfABus) {
  EventBus bus;
  SourceLocation before = SourceLocation::current();
  ExpectMadeAfter(before, MustSubscribe(bus.Subscribe<int>("a.b", [](int) {})));
  before = SourceLocation::current();
  ExpectMadeAfter(before, MustSubscribe(bus.Subscribe<int>("a.*", [](int) {})));
  before = SourceLocation::current();
  ExpectMadeAfter(before, MustSubscribe(bus.SubscribeAny("a.>", [](const AnyEvent&) {})));
}

TEST(SubscriptionLocation, OfNothingIsNowhere) { EXPECT_EQ(Subscription().location().line(), 0u); }

}  // namespace
}  // namespace eventbus::testing
