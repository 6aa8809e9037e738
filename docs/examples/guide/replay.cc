// The guide's example of late subscribers.

#include <vector>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Replay) {
  std::vector<int> seen;
  // [guide]
  FeedOf<int> levels({.name = "levels", .held = true, .history = 8});
  const Channel<int> first(16);
  const absl::StatusOr<Subscription> early = levels.Subscribe(first);
  levels.Release();  // now sends go on, and all that have subscribed so far get them all
  for (int level = 1; level <= 3; ++level) levels.Send(level);

  const absl::StatusOr<Subscription> late =  // begins with 2 and 3, and misses nothing after them
      levels.Subscribe([&](int level) { seen.push_back(level); }, {.replay = 2});
  levels.Send(4);
  // [/guide]
  EXPECT_EQ(seen, (std::vector<int>{2, 3, 4}));
  EXPECT_EQ(first.ApproxSize(), 4u);
}

}  // namespace
}  // namespace eventbus
