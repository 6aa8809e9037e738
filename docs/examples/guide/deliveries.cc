// The guide's example of deliveries.

#include <atomic>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Deliveries) {
  ThreadPool pool(2);
  std::atomic<int> booked{0};
  // [guide]
  FeedOf<int> orders({.name = "orders"});
  const Channel<Delivery<int>> channel(16);
  const absl::StatusOr<Subscription> ledger = orders.Subscribe(channel, {.name = "ledger"});
  Spawned<absl::Status> booking = channel.OnEach(pool, [&](Delivery<int> order) -> absl::Status {
    if (order.attempt() == 1 && *order == 2) return absl::UnavailableError("locked");  // dropped: it comes again
    booked += *order;
    order.Ack();
    return absl::OkStatus();
  });
  for (int order = 1; order <= 3; ++order) orders.Send(order);
  const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(10));
  const DrainReport report = orders.Drain(budget.context());  // waits until all are acknowledged
  // [/guide]
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(booked, 6);
  EXPECT_EQ(ledger->stats().returned, 1u);
}

}  // namespace
}  // namespace eventbus
