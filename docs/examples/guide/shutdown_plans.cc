// The guide's example of shutdown plans.

#include <string>
#include <vector>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, ShutdownPlans) {
  std::vector<std::string> closed;
  const auto close_listener = [&closed] { closed.push_back("listener"); };
  const auto flush_database = [&closed](const Context& context) -> absl::Status {
    closed.push_back("database");
    return context.status();
  };
  ThreadPool pool(1);
  Actor<int> ledger;
  // [guide]
  ShutdownPlan plan(absl::Seconds(20), {.name = "bank"});
  plan.AddStage("intake").Add("listener", close_listener);
  plan.AddStage("workers", {.cap = absl::Seconds(10)}).Drain("pool", pool).Drain("ledger", ledger);  // side by side
  plan.AddStage("resources").Add("database", flush_database);

  const ShutdownReport report = plan.Run();  // with `stop.signals()`, a second signal skips to the hard stop
  const int status = FinishMain(report);     // 0; or prints the report, and leaves even if something hangs
  // [/guide]
  EXPECT_EQ(status, 0) << report;
  EXPECT_EQ(closed, (std::vector<std::string>{"listener", "database"}));
}

}  // namespace
}  // namespace eventbus
