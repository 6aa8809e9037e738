#include "eventbus/internal/ground/element_box.h"

#include <cstdint>
#include <utility>

#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/payloads.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::AllocationCount;
using eventbus::testing::Counted;
using eventbus::testing::MoveOnly;

template <typename T>
T& In(ElementBox& box) {
  return *static_cast<T*>(box.get());
}

// Too large for the inside of a box.
struct Large {
  explicit Large(Counted::Counts& counts, int number) : counted(counts, number) {}
  Counted counted;
  char bytes[100] = {};
};

struct alignas(128) OverAligned {
  int number;
};

TEST(ElementBox, IsEmptyAtFirst) { EXPECT_TRUE(ElementBox().empty()); }

TEST(ElementBox, HoldsASmallValueWithoutAllocating) {
  const int64_t before = AllocationCount();
  ElementBox box(7);
  ElementBox moved(std::move(box));
  EXPECT_EQ(In<int>(moved), 7);
  EXPECT_EQ(AllocationCount(), before);
}

TEST(ElementBox, DestroysASmallValueOnce) {
  Counted::Counts counts;
  {
    ElementBox box{Counted(counts, 7)};
    EXPECT_EQ(counts.alive, 1);
    ElementBox moved(std::move(box));
    EXPECT_TRUE(box.empty());
    EXPECT_EQ(counts.alive, 1);
    EXPECT_EQ(In<Counted>(moved).number(), 7);
  }
  EXPECT_EQ(counts.alive, 0);
  EXPECT_EQ(counts.copies, 0);
}

TEST(ElementBox, DestroysALargeValueOnce) {
  Counted::Counts counts;
  {
    ElementBox box{Large(counts, 7)};
    const void* const where = box.get();
    ElementBox moved(std::move(box));
    EXPECT_EQ(moved.get(), where) << "a large value need not move";
    EXPECT_EQ(In<Large>(moved).counted.number(), 7);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ElementBox, AssignmentEndsTheOldValueWhateverTheTwoSizes) {
  Counted::Counts counts;
  ElementBox box{Counted(counts, 1)};
  box = ElementBox(Large(counts, 2));
  EXPECT_EQ(counts.alive, 1);
  EXPECT_EQ(In<Large>(box).counted.number(), 2);
  box = ElementBox(Counted(counts, 3));
  EXPECT_EQ(counts.alive, 1);
  EXPECT_EQ(In<Counted>(box).number(), 3);
  box = ElementBox();
  EXPECT_EQ(counts.alive, 0);
  EXPECT_TRUE(box.empty());
}

TEST(ElementBox, SurvivesAssignmentToItself) {
  Counted::Counts counts;
  ElementBox box{Counted(counts, 1)};
  ElementBox& same = box;
  box = std::move(same);
  EXPECT_EQ(In<Counted>(box).number(), 1);
  EXPECT_EQ(counts.alive, 1);
}

TEST(ElementBox, HoldsAnOverAlignedValueAligned) {
  ElementBox box{OverAligned{.number = 7}};
  EXPECT_EQ(reinterpret_cast<uintptr_t>(box.get()) % 128, 0u);
  ElementBox moved(std::move(box));
  EXPECT_EQ(In<OverAligned>(moved).number, 7);
}

TEST(ElementBox, HoldsAMoveOnlyValue) {
  ElementBox box{MoveOnly(7)};
  ElementBox moved;
  moved = std::move(box);
  EXPECT_EQ(In<MoveOnly>(moved).number(), 7);
}

}  // namespace
}  // namespace eventbus::internal
