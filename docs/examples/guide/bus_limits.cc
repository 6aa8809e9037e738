// The guide's example of limits of a bus, and of what its statistics say.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

struct Line {
  std::string text;
};

TEST(Guide, BusLimits) {
  std::vector<std::string> log;
  // [guide]
  EventBus bus({.name = "ingest", .max_topics = 1'000, .max_queued = 10'000});

  const Channel<Line> lines(8'000);
  const absl::StatusOr<Subscription> parser = bus.Subscribe<Line>("lines", lines, {.name = "parser"});

  // A second queue of that size is refused now, rather than when there is no memory for what waits in it.
  const Channel<Line> more_lines(8'000);
  const absl::Status refused = bus.Subscribe<Line>("lines", more_lines, {.name = "indexer"}).status();

  const Channel<Line> recent(1);
  const absl::StatusOr<Subscription> screen =
      bus.Subscribe<Line>("lines", recent, {.name = "screen", .overflow = Overflow::kLatest});
  for (int i = 1; i <= 3; ++i) bus.Publish("lines", Line{absl::StrCat("line ", i)});

  // Who lost something, and how full the queues are. `ToTable` shows it to people, `ToPrometheus` to alerts.
  for (const TopicStats& topic : bus.Stats().topics) {
    for (const SubscriberStats& subscription : topic.subscriptions) {
      const SubscriptionStats& counts = subscription.counts;
      log.push_back(absl::StrCat(subscription.name, ": ", counts.lost.total(), " lost, ", counts.queue.size, " wait"));
    }
  }
  // [/guide]
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(log, (std::vector<std::string>{"parser: 0 lost, 3 wait", "screen: 2 lost, 1 wait"}));
}

}  // namespace
}  // namespace eventbus
