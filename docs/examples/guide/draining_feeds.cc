// The guide's example of drains of feeds.

#include <atomic>
#include <iostream>
#include <vector>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, DrainingFeeds) {
  ThreadPool pool(2);
  std::atomic<int> billed{0};
  std::vector<int> handed_back;
  FeedOf<int> orders({.name = "orders"});
  absl::StatusOr<Subscription> billing = orders.Subscribe(
      [&billed](int) { ++billed; },
      {.name = "billing", .executor = &pool, .on_left = [&](int order) { handed_back.push_back(order); }});
  for (int order = 0; order < 10; ++order) orders.Send(order);
  // [guide]
  const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(10));
  const absl::Status flushed = orders.Flush(budget.context());  // what was sent before is handled; nothing ends

  // Refuses sends; each subscription handles what it has, and ends.
  const DrainReport report = orders.Drain(budget.context());
  if (!report.ok()) {
    std::cerr << report << '\n';  // and for each, "orders/billing: 7 handled, 3 left, 1 running, 10s"
    orders.Close();               // the hard stop: what is left goes to `on_left`
  }
  // [/guide]
  EXPECT_TRUE(flushed.ok()) << flushed;
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(billed, 10);
  EXPECT_TRUE(handed_back.empty());
}

}  // namespace
}  // namespace eventbus
