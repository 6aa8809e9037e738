// Runs a scenario once for each allocation in it, and lets that one fail.

#ifndef EVENTBUS_TESTS_FAULTS_EVERY_ALLOCATION_H_
#define EVENTBUS_TESTS_FAULTS_EVERY_ALLOCATION_H_

#include <cstdint>
#include <new>
#include <utility>

#include "gtest/gtest.h"
#include "tests/support/allocations.h"

namespace eventbus::testing {

// The one failure of one run.
class AllocationFault {
 public:
  explicit AllocationFault(int64_t n) : left_(n) {}

  // Runs `call`, in which the failure may happen. False if `std::bad_alloc` came out.
  template <typename Call>
  bool Attempt(Call call) {
    FailAllocation(left_);
    bool completed = true;
    try {
      call();
    } catch (const std::bad_alloc&) {
      completed = false;
    }
    const int64_t before = std::exchange(left_, AllocationsUntilFailure());
    FailAllocation(0);
    happened_ = happened_ || (before > 0 && left_ == 0);
    return completed;
  }

  bool happened() const { return happened_; }

 private:
  int64_t left_;
  bool happened_ = false;
};

// Runs `scenario(fault)` with the failure at the first allocation in its attempts, at the second, and so on until there is
// none left to fail, and fails the test if a run leaves memory behind. How many there were.
template <typename Scenario>
int64_t FailEveryAllocation(Scenario scenario) {
  const auto run = [&](int64_t n) {
    AllocationFault fault(n);
    scenario(fault);
    return fault.happened();
  };
  run(0);  // What is made once for the whole process is made here.
  for (int64_t n = 1;; ++n) {
    const int64_t live = LiveAllocations();
    const bool happened = run(n);
    // Less is possible: a thread of the library that an earlier test made may end now.
    EXPECT_LE(LiveAllocations(), live) << "left behind when allocation " << n << " failed";
    if (!happened || ::testing::Test::HasFailure()) return n - 1;
  }
}

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_FAULTS_EVERY_ALLOCATION_H_
