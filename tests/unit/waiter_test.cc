#include "eventbus/internal/waiting/waiter.h"

#include <memory>
#include <stdexcept>
#include <vector>

#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

// Notes its number when it is woken and ends, as a real operation may.
class Noting final : public SoleOperation {
 public:
  Noting(int number, std::vector<int>& woken) : number_(number), woken_(woken) { waiter.operation = this; }

  void Wake(Waiter&, ReadyWork&) override {
    woken_.push_back(number_);
    delete this;
  }

  Waiter waiter;

 private:
  const int number_;
  std::vector<int>& woken_;
};

TEST(WakeList, WakesInTheOrderOfAdding) {
  std::vector<int> woken;
  WakeList wakes;
  EXPECT_TRUE(wakes.empty());
  for (int i = 0; i < 5; ++i) wakes.Add((new Noting(i, woken))->waiter);
  EXPECT_FALSE(wakes.empty());
  EXPECT_TRUE(woken.empty());
  wakes.WakeAll();
  EXPECT_TRUE(wakes.empty());
  EXPECT_EQ(woken, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(WakeList, WakesEachOnce) {
  std::vector<int> woken;
  WakeList wakes;
  wakes.Add((new Noting(1, woken))->waiter);
  wakes.WakeAll();
  wakes.WakeAll();
  wakes.Add((new Noting(2, woken))->waiter);
  wakes.WakeAll();
  EXPECT_EQ(woken, (std::vector<int>{1, 2}));
}

TEST(WakeList, WakesWhatIsLeftWhenAnExceptionLeaves) {
  std::vector<int> woken;
  try {
    WakeList wakes;
    wakes.Add((new Noting(1, woken))->waiter);
    throw std::runtime_error("between the claim and the wake-up");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(woken, (std::vector<int>{1}));
}

TEST(SoleOperation, CanAlwaysBeClaimed) {
  std::vector<int> woken;
  auto operation = std::make_unique<Noting>(1, woken);
  EXPECT_TRUE(operation->TryClaim(operation->waiter));
}

}  // namespace
}  // namespace eventbus::internal
