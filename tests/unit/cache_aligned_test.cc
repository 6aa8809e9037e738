#include "eventbus/internal/ground/cache_aligned.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/allocations.h"

namespace eventbus::internal {
namespace {

struct Base {
  virtual ~Base() = default;
};

struct alignas(CacheAligned::kLine) Object final : Base, CacheAligned {
  explicit Object(size_t the_number) : number(the_number) {}

  const size_t number;
};

TEST(CacheAligned, EachBeginsWithALineAndIsFreedThroughItsBase) {
  static_assert(sizeof(Object) == CacheAligned::kLine);
  const int64_t before = testing::LiveAllocations();
  {
    std::vector<std::unique_ptr<char[]>> between;
    std::vector<std::unique_ptr<Base>> objects;
    for (size_t i = 0; i < 100; ++i) {
      between.push_back(std::make_unique<char[]>(i));  // So that they lie anyhow.
      auto object = std::make_unique<Object>(i);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(object.get()) % CacheAligned::kLine, 0u);
      objects.push_back(std::move(object));
    }
    for (size_t i = 0; i < 100; ++i) EXPECT_EQ(static_cast<Object&>(*objects[i]).number, i);
  }
  EXPECT_EQ(testing::LiveAllocations(), before);
}

}  // namespace
}  // namespace eventbus::internal
