// The contract, part seven: a type that can be moved but not assigned is received by each kind of receive.

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"

namespace eventbus::testing {
namespace {

TEST(Unassignable, IsReceivedIntoASlotBySelect) {
  const Channel<MoveOnly> channel(1);
  ASSERT_TRUE(channel.Send(MoveOnly(3)).ok());
  channel.Close();
  absl::StatusOr<MoveOnly> slot;
  EXPECT_EQ(Select({channel.OnReceive(&slot)}), 0);
  ASSERT_TRUE(slot.ok());
  EXPECT_EQ(slot->number(), 3);
  EXPECT_EQ(Select({channel.OnReceive(&slot)}), 0);
  EXPECT_TRUE(absl::IsOutOfRange(slot.status()));
}

TEST(Unassignable, IsReceivedInABatchAndByALoop) {
  const Channel<MoveOnly> channel(4);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(channel.Send(MoveOnly(i)).ok());
  channel.Close();
  const auto two = channel.ReceiveMany(2);
  ASSERT_TRUE(two.ok());
  ASSERT_EQ(two->size(), 2u);
  EXPECT_EQ((*two)[1].number(), 1);
  int next = 2;
  for (const MoveOnly& value : channel) EXPECT_EQ(value.number(), next++);
  EXPECT_EQ(next, 4);
}

}  // namespace
}  // namespace eventbus::testing
