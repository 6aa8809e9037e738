#include <utility>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace {

using namespace eventbus;

TEST(Guide, JoinedSubscriptions) {
  // [guide]
  FeedOf<int> blocks;
  FeedOf<int> logs;
  const Channel<int> channel(16);
  absl::StatusOr<Subscription> to_blocks = blocks.Subscribe(channel);
  absl::StatusOr<Subscription> to_logs = logs.Subscribe(channel);
  const Subscription both = JoinSubscriptions(*std::move(to_blocks), *std::move(to_logs));

  logs.Close(absl::AbortedError("the node is gone"));
  const absl::StatusOr<absl::Status> reason = both.Err().Receive();  // and nothing comes from `blocks` any more
  // [/guide]
  EXPECT_EQ(*reason, absl::AbortedError("the node is gone"));
  EXPECT_EQ(blocks.subscribers(), 0u);
}

}  // namespace
