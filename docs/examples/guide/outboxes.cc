#include <mutex>
#include <vector>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace {

using namespace eventbus;

// [guide]
class Chain {
 public:
  void Append(int block) {
    OutboxLock lock(&mutex_, &outbox_);  // locks `mutex_`
    head_ = block;
    lock.Add(block);
  }  // unlocks, then sends: a subscriber may ask for the head

  int head() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return head_;
  }

  FeedOf<int>& blocks() { return blocks_; }

 private:
  std::mutex mutex_;
  int head_ = 0;
  FeedOf<int> blocks_;
  Outbox<int> outbox_{blocks_};
};
// [/guide]

TEST(Guide, Outboxes) {
  Chain chain;
  std::vector<int> heads;
  const absl::StatusOr<Subscription> subscription =
      chain.blocks().Subscribe([&](int) { heads.push_back(chain.head()); });
  chain.Append(1);
  chain.Append(2);
  EXPECT_EQ(heads, (std::vector<int>{1, 2}));
}

}  // namespace
