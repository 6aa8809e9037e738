// One stuck subscriber of each policy among many good ones, and many senders: the good ones get everything, in one order; what the
// stuck ones lost adds up; and the report of the stall names the one that holds up the senders.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/overflow.h"
#include "eventbus/stall_watch.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

constexpr int kGood = 99;
constexpr int kSenders = 8;
constexpr int kSendsEach = 500;
constexpr uint64_t kSends = kSenders * kSendsEach;

// Gets every event, in order.
struct Good {
  std::atomic<uint64_t> seen{0};
  bool in_order = true;
};

// Handles nothing until the end.
struct Stuck {
  ManualExecutor executor;
  uint64_t handled = 0;
  uint64_t told = 0;
  uint64_t last = 0;
  std::atomic<uint64_t> lost{0};
  Subscription subscription;
};

TEST(StuckSubscribers, HurtNobodyButThemselves) {
  std::atomic<int> reports{0};
  std::string named;
  Stuck blocking;
  SetStallThreshold(absl::Milliseconds(20));
  SetStallHook([&](const StallReport& report) {
    // Some of the good may be late too, on a busy machine; not for ever.
    if (report.not_taken_by.size() != 1 || report.not_taken_by[0].name != "audit" || reports.fetch_add(1) != 0) return;
    named = report.ToString();
    blocking.subscription.Unsubscribe();  // What an operator would do.
  });
  const absl::Cleanup back = [] {
    SetStallHook({});
    SetStallThreshold(absl::Seconds(5));
  };

  ThreadPool pool(2);
  FeedOf<int> feed({.name = "orders"});
  std::vector<Good> good(kGood);
  std::vector<Subscription> subscriptions;
  for (Good& one : good) {
    subscriptions.push_back(MustSubscribe(feed.Subscribe(
        [&one](int, const EventInfo& info) {
          const uint64_t seen = one.seen + 1;
          one.in_order = one.in_order && info.sequence == seen && info.lost == 0;
          one.seen = seen;
        },
        {.executor = &pool})));
  }
  const auto subscribe = [&](Stuck& stuck, std::string name, OverflowPolicy<int> overflow) {
    stuck.subscription = MustSubscribe(feed.Subscribe(
        [&stuck](int, const EventInfo& info) {
          ++stuck.handled;
          stuck.told += info.lost;
          stuck.last = info.sequence;
        },
        {.name = std::move(name),
         .executor = &stuck.executor,
         .capacity = 64,
         .overflow = std::move(overflow),
         .on_lost = [&stuck](int) { ++stuck.lost; }}));
  };
  subscribe(blocking, "audit", Overflow::kBlock);
  Stuck newest;
  Stuck oldest;
  Stuck latest;
  Stuck by_key;
  Stuck leaving;
  subscribe(newest, "drops newest", Overflow::kDropNewest);
  subscribe(oldest, "drops oldest", Overflow::kDropOldest);
  subscribe(latest, "latest", Overflow::kLatest);
  subscribe(by_key, "by key", LatestBy([](int value) { return value % 10; }));
  subscribe(leaving, "disconnects", Overflow::kDisconnect);

  std::atomic<uint64_t> dropped{0};
  std::atomic<uint64_t> disconnected{0};
  std::vector<std::thread> senders;
  for (int t = 0; t < kSenders; ++t) {
    senders.emplace_back([&] {
      for (int i = 0; i < kSendsEach; ++i) {
        const SendResult result = feed.Send(i);
        EXPECT_TRUE(result.status.ok()) << result.status;
        dropped += result.dropped;
        disconnected += result.disconnected;
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  AwaitTrue([&] { return std::all_of(good.begin(), good.end(), [](const Good& one) { return one.seen == kSends; }); });
  for (Stuck* stuck : {&blocking, &newest, &oldest, &latest, &by_key, &leaving}) stuck->executor.RunAll();

  for (const Good& one : good) EXPECT_TRUE(one.in_order);
  EXPECT_GE(reports.load(), 1);
  EXPECT_NE(named.find("feed orders: subscriber audit ("), std::string::npos) << named;
  EXPECT_NE(named.find("has not taken event 65 for"), std::string::npos) << named;
  EXPECT_NE(named.find("queue 64 of 64"), std::string::npos) << named;

  EXPECT_EQ(newest.handled, 64u);
  EXPECT_EQ(newest.lost, kSends - 64);
  EXPECT_EQ(newest.told, 0u) << "nothing came after the losses";
  EXPECT_EQ(dropped, newest.lost);
  EXPECT_EQ(oldest.handled, 64u);
  EXPECT_EQ(by_key.handled, 10u);
  for (const Stuck* stuck : {&oldest, &latest, &by_key}) {
    EXPECT_EQ(stuck->handled + stuck->lost, kSends);
    EXPECT_EQ(stuck->told, stuck->lost);
  }
  EXPECT_EQ(oldest.last, kSends);
  EXPECT_EQ(latest.last, kSends);
  EXPECT_EQ(disconnected, 1u);
  EXPECT_EQ(leaving.lost, 1u);
  EXPECT_EQ(leaving.handled, 0u);
  EXPECT_EQ(leaving.subscription.Err().Receive()->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(feed.subscribers(), static_cast<size_t>(kGood) + 4);
}

}  // namespace
}  // namespace eventbus::testing
