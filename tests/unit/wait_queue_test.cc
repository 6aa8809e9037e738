#include "eventbus/internal/waiting/wait_queue.h"

#include "eventbus/internal/waiting/waiter.h"
#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

// An operation with one claim for all its waiters.
class Claimable final : public Operation {
 public:
  bool TryClaim(Waiter&) override {
    if (claimed) return false;
    claimed = true;
    return true;
  }
  void Wake(Waiter&, ReadyWork&) override { ++wakes; }

  bool claimed = false;
  int wakes = 0;
};

struct Waiting {
  explicit Waiting(Claimable& operation) { waiter.operation = &operation; }
  ~Waiting() {
    if (waiter.linked()) waiter.Unlink();
  }
  Waiter waiter;
};

TEST(WaitQueue, GivesTheOldestFirst) {
  Claimable first, second;
  Waiting a(first), b(second);
  WaitQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.PushBack(a.waiter);
  queue.PushBack(b.waiter);
  EXPECT_EQ(queue.CountLinked(), 2u);
  EXPECT_EQ(queue.PopClaimed(), &a.waiter);
  EXPECT_EQ(queue.PopClaimed(), &b.waiter);
  EXPECT_EQ(queue.PopClaimed(), nullptr);
  EXPECT_TRUE(queue.empty());
}

TEST(WaitQueue, DropsTheStaleOnesBeforeTheOneItGives) {
  Claimable stale, live;
  stale.claimed = true;
  Waiting a(stale), b(stale), c(live), d(stale);
  WaitQueue queue;
  for (Waiting* waiting : {&a, &b, &c, &d}) queue.PushBack(waiting->waiter);
  EXPECT_EQ(queue.PopClaimed(), &c.waiter);
  EXPECT_FALSE(a.waiter.linked());
  EXPECT_FALSE(b.waiter.linked());
  EXPECT_EQ(queue.CountLinked(), 1u);
  EXPECT_EQ(queue.PopClaimed(), nullptr);
  EXPECT_TRUE(queue.empty());
}

TEST(WaitQueue, GivesOneWaiterOfAnOperationThatWaitsTwice) {
  Claimable both;
  Waiting a(both), b(both);
  WaitQueue queue;
  queue.PushBack(a.waiter);
  queue.PushBack(b.waiter);
  EXPECT_EQ(queue.PopClaimed(), &a.waiter);
  EXPECT_EQ(queue.PopClaimed(), nullptr);
}

TEST(WaitQueue, ClaimAllWakesEachOperationOnceWithTheOutcome) {
  Claimable first, second, stale;
  stale.claimed = true;
  Waiting a(first), b(stale), c(second), again(first);
  WaitQueue queue;
  for (Waiting* waiting : {&a, &b, &c, &again}) queue.PushBack(waiting->waiter);
  {
    WakeList wakes;
    queue.ClaimAll(Outcome::kClosed, wakes);
    EXPECT_EQ(first.wakes, 0) << "woken under the lock";
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(first.wakes, 1);
  EXPECT_EQ(second.wakes, 1);
  EXPECT_EQ(stale.wakes, 0);
  EXPECT_EQ(a.waiter.outcome, Outcome::kClosed);
  EXPECT_EQ(c.waiter.outcome, Outcome::kClosed);
  EXPECT_EQ(again.waiter.outcome, Outcome::kNotReady);
}

}  // namespace
}  // namespace eventbus::internal
