// The guide's example of stall reports and dumps.

#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Stalls) {
  // [guide]
  const Channel<StallReport> stalls(kUnbounded);
  SetStallHook([stalls](const StallReport& report) { stalls.Send(report).IgnoreError(); });  // default: standard error
  SetStallThreshold(absl::Milliseconds(10));                                                 // default: 5 s

  FeedOf<int> orders({.name = "orders"});
  const Channel<int> audit(1);
  const absl::StatusOr<Subscription> subscription = orders.Subscribe(audit, {.name = "audit"});
  std::thread sender([&orders] {
    for (int order = 1; order <= 2; ++order) orders.Send(order);  // the second waits
  });
  const absl::StatusOr<StallReport> stall = stalls.Receive();
  const std::string who = stall->not_taken_by[0].name;    // "audit"
  const WaiterDump dump = DumpWaiters();                  // all that waits, feeds or not
  const SubscriptionStats stats = subscription->stats();  // one waits, one was taken
  // [/guide]
  audit.Receive().IgnoreError();
  sender.join();
  SetStallHook({});
  SetStallThreshold(absl::Seconds(5));
  EXPECT_EQ(who, "audit");
  EXPECT_LE(dump.waiters.size(), 1u);
  EXPECT_EQ(stats.delivered, 1u);
  EXPECT_EQ(stats.waits, 1u);
}

}  // namespace
}  // namespace eventbus
