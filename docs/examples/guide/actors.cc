#include <string>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace {

using namespace eventbus;

TEST(Guide, Actors) {
  // [guide]
  struct Ledger {
    int balance = 0;
  };
  Actor<Ledger> ledger({.name = "ledger"});  // runs calls one at a time, in a thread of its own

  const absl::Status posted = ledger.Post([](Ledger& l) { l.balance += 40; });  // does not wait for the end
  const absl::StatusOr<int> balance = ledger.Call([](Ledger& l) { return l.balance += 2; });

  ledger.Stop();
  const absl::Status late = ledger.Call([](Ledger& l) { l.balance = 0; });  // kFailedPrecondition
  // [/guide]
  EXPECT_TRUE(posted.ok());
  EXPECT_EQ(*balance, 42);
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
