// Row 15: what a send costs, counted in allocations and copies, not in time. The growth in time is the benchmarks'.

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/task.h"
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

TEST(FeedCost, TheFirstSlowSendAllocatesOnceForManyDeliveries) {
  constexpr size_t kSlow = 4096;
  FeedOf<int> feed;
  Subscribed<int> subscribed(feed, kSlow, 0);
  int64_t allocations = 0;
  std::thread sender([&] {
    const int64_t before = AllocationCount();
    feed.Send(1);
    allocations = AllocationCount() - before;
  });
  AwaitSenders(subscribed.channels.back(), 1);
  for (const Channel<int>& channel : subscribed.channels) EXPECT_TRUE(channel.Receive().ok());
  sender.join();
  EXPECT_LE(allocations, static_cast<int64_t>(kSlow / 32 + 32)) << "a block for 32, and the list of blocks";
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

// What `count` of them take, each, without what grows with their number only: the feed's array of places.
constexpr int kCount = 1024;
constexpr int64_t kHeader = sizeof(void*);  // Of each allocation, in common allocators.

TEST(FeedCost, AnIdleHandlerSubscriptionTakes512BytesAtMostBesideItsBuffer) {
  ManualExecutor executor;
  FeedOf<int64_t> feed;
  std::vector<Subscription> subscriptions;
  subscriptions.reserve(kCount);
  int64_t sum = 0;
  const int64_t bytes = LiveBytes();
  const int64_t count = LiveAllocations();
  for (int i = 0; i < kCount; ++i) {
    subscriptions.push_back(MustSubscribe(
        feed.Subscribe([&sum](const int64_t& value) { sum += value; }, {.executor = &executor, .capacity = 100})));
  }
  const int64_t each = (LiveBytes() - bytes + kHeader * (LiveAllocations() - count)) / kCount;
  constexpr int64_t kBuffer = 100 * sizeof(int64_t);
  EXPECT_LE(each - kBuffer, 512);
  RecordProperty("bytes_beside_buffer", static_cast<int>(each - kBuffer));
  feed.Send(1);
  executor.RunAll();
  EXPECT_EQ(sum, kCount);
}

TEST(FeedCost, ASuspendedCoroutineConsumerTakes512BytesAtMostWithItsFrame) {
  ManualExecutor executor;
  std::vector<Channel<int64_t>> channels;
  std::vector<Spawned<>> consumers;
  for (int i = 0; i < kCount; ++i) channels.emplace_back(1);
  consumers.reserve(kCount);
  int64_t sum = 0;
  const auto consume = [](ReceiveChannel<int64_t> channel, int64_t* to) -> Task<> {
    while (std::optional<int64_t> value = co_await channel.AsyncNext()) *to += *value;
  };
  const int64_t bytes = LiveBytes();
  const int64_t count = LiveAllocations();
  for (const Channel<int64_t>& channel : channels) consumers.push_back(Spawn(executor, consume(channel, &sum)));
  executor.RunAll();
  const int64_t each = (LiveBytes() - bytes + kHeader * (LiveAllocations() - count)) / kCount;
  EXPECT_LE(each, 512);
  RecordProperty("bytes", static_cast<int>(each));
  for (const Channel<int64_t>& channel : channels) ASSERT_TRUE(channel.TrySend(1).ok());
  executor.RunAll();
  EXPECT_EQ(sum, kCount);
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
