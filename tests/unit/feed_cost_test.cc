// Row 15: what a send costs, counted in allocations and copies, not in time. The growth in time is the benchmarks'.

#include <string>
#include <thread>

#include "eventbus/feed.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// Sends `rounds` values to `subscribed`, received by one thread from one channel after the other. Returns the
// allocations of the whole program after the first send.
template <typename T>
int64_t AllocationsOfSlowSends(FeedOf<T>& feed, Subscribed<T>& subscribed, const T& value, int rounds) {
  // The first send finds all of them slow; no later one can find more.
  std::thread first([&] { feed.Send(value); });
  AwaitSenders(subscribed.channels.back(), 1);
  std::thread receiver([&] {
    for (int round = 0; round <= rounds; ++round) {
      for (const Channel<T>& channel : subscribed.channels) EXPECT_TRUE(channel.Receive().ok());
    }
  });
  first.join();
  const int64_t before = AllocationCount();
  for (int round = 0; round < rounds; ++round) {
    if (feed.Send(value).delivered != subscribed.channels.size()) ADD_FAILURE();
  }
  const int64_t allocations = AllocationCount() - before;
  receiver.join();
  return allocations;
}

TEST(FeedCost, SlowSendsAllocateNothingAfterTheFirst) {
  for (const size_t slow : {10, 1000}) {
    FeedOf<int> feed;
    Subscribed<int> subscribed(feed, slow, 0);
    EXPECT_EQ(AllocationsOfSlowSends(feed, subscribed, 1, 5), 0) << slow;
  }
}

TEST(FeedCost, SlowSendsOfValuesWithCopiesAllocateNothingOfTheirOwn) {
  Counted::Counts counts;
  FeedOf<Counted> feed;
  Subscribed<Counted> subscribed(feed, 500, 0);
  EXPECT_EQ(AllocationsOfSlowSends(feed, subscribed, Counted(counts, 1), 5), 0);
  EXPECT_EQ(counts.copies, 500 * 6) << "one for each delivery";
  EXPECT_EQ(counts.alive, 0);
}

TEST(FeedCost, SendsWithRoomAllocateNothing) {
  FeedOf<int> feed;
  Subscribed<int> subscribed(feed, 1000, 8);
  feed.Send(0);
  const int64_t before = AllocationCount();
  for (int i = 1; i < 8; ++i) feed.Send(i);
  EXPECT_EQ(AllocationCount() - before, 0);
}

TEST(FeedCost, SubscribingAndLeavingLeavesNothingBehind) {
  FeedOf<int> feed;
  Channel<int> channel(1);
  for (int round = 0; round < 3; ++round) {
    std::vector<Subscription> subscriptions;
    for (int i = 0; i < 100; ++i) subscriptions.push_back(MustSubscribe(feed.Subscribe(channel)));
    EXPECT_EQ(feed.subscribers(), 100u);
    subscriptions.clear();
    EXPECT_EQ(feed.subscribers(), 0u);
  }
  EXPECT_EQ(feed.Send(1).delivered, 0u);
}

}  // namespace
}  // namespace eventbus::testing
