#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace {

using namespace eventbus;

// [guide]
absl::Status Query(GatedQueue& primary, const Context& context) {
  absl::StatusOr<GatedQueue::Pass> pass = primary.Enter(context);  // at once, unless the gate is held
  if (!pass.ok()) return pass.status();                            // cancelled, late, evicted, or closed
  return absl::OkStatus();                                         // ...and the pass lets in the next
}

absl::Status QueryDuringAFailover() {
  GatedQueue primary({.name = "primary", .capacity = 1000, .drain_concurrency = 10});
  primary.Hold(absl::Milliseconds(10));  // nobody enters until `Release`, or for so long
  return Query(primary, Context::Background());
}
// [/guide]

TEST(Guide, GatedQueues) { EXPECT_EQ(QueryDuringAFailover(), absl::OkStatus()); }

}  // namespace
