// The guide's example of mutexes that are known to be held.

#include <mutex>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, HeldMutexes) {
  // [guide]
  RegisteredMutex<std::mutex> books("books");  // instead of a std::mutex
  FeedOf<int> orders({.name = "orders"});
  const Channel<int> audit(1);
  const absl::StatusOr<Subscription> subscription = orders.Subscribe(audit);

  const std::lock_guard lock(books);
  const SendResult sent = orders.Send(1);  // has room; one that blocks here is reported in debug builds
  // [/guide]
  EXPECT_EQ(sent.delivered, 1u);
}

}  // namespace
}  // namespace eventbus
