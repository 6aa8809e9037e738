// The guide's example of handlers.

#include <atomic>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Handlers) {
  int here = 0;
  std::atomic<int> there{0};
  // [guide]
  ThreadPool pool(2, {.name = "handlers"});
  FeedOf<int> prices;
  const absl::StatusOr<Subscription> counted = prices.Subscribe([&here](int) { ++here; });  // by who sends
  const absl::StatusOr<Subscription> added =                                                // by the pool
      prices.Subscribe([&there](int price) { there += price; }, {.name = "sum", .executor = &pool, .capacity = 64});

  prices.Send(40);
  prices.Send(2);
  const CancelHandle budget = Context::Background().WithTimeout(absl::Seconds(10));
  const DrainReport drained = pool.Drain(budget.context());  // every value has been handled
  // [/guide]
  EXPECT_TRUE(drained.ok());
  EXPECT_EQ(here, 2);
  EXPECT_EQ(there, 42);
}

}  // namespace
}  // namespace eventbus
