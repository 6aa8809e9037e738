#include <atomic>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace {

using namespace eventbus;

TEST(Guide, Resubscribing) {
  FeedOf<int> source;
  std::atomic<int> attempts{0};
  const auto connect = [&](const Channel<int>& channel) -> absl::StatusOr<Subscription> {
    if (++attempts == 1) return absl::UnavailableError("the node restarts");
    return source.Subscribe(channel);
  };
  // [guide]
  const Channel<int> channel(16);
  Subscription blocks = Resubscribe(absl::Seconds(10), [&](const Context&, const absl::Status& last_error) {
    if (!last_error.ok()) channel.TrySend(-1).IgnoreError();  // it failed; this is another attempt, after a wait
    return connect(channel);                                  // an absl::StatusOr<Subscription>
  });
  const absl::StatusOr<int> told = channel.Receive();
  blocks.Unsubscribe();
  // [/guide]
  EXPECT_EQ(*told, -1);
  EXPECT_EQ(source.subscribers(), 0u);
}

}  // namespace
