#include "eventbus/internal/ground/element.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/payloads.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::Counted;
using eventbus::testing::MoveOnly;

TEST(Element, KnowsSizeAlignmentAndName) {
  struct alignas(64) Wide {
    char bytes[100];
  };
  EXPECT_EQ(kElementOf<int32_t>.size, 4u);
  EXPECT_EQ(kElementOf<int32_t>.alignment, 4u);
  EXPECT_EQ(kElementOf<int32_t>.name(), "int");
  EXPECT_EQ(kElementOf<Wide>.size, 128u);
  EXPECT_EQ(kElementOf<Wide>.alignment, 64u);
}

TEST(Element, IsOneObjectAType) {
  const Element* const again = &kElementOf<int>;
  EXPECT_EQ(again, &kElementOf<int>);
  EXPECT_NE(static_cast<const void*>(&kElementOf<int>), static_cast<const void*>(&kElementOf<unsigned>));
}

TEST(Element, OnlyABitwiseCopyableTypeIsTrivial) {
  struct NotCopyable {
    NotCopyable(NotCopyable&&) = default;
  };
  EXPECT_TRUE(kElementOf<int>.trivial);
  EXPECT_TRUE(kElementOf<const char*>.trivial);
  EXPECT_FALSE(kElementOf<std::string>.trivial);
  EXPECT_FALSE(kElementOf<NotCopyable>.trivial);
}

TEST(Element, HasNoCopyForAMoveOnlyType) {
  EXPECT_EQ(kElementOf<MoveOnly>.copy, nullptr);
  EXPECT_EQ(kElementOf<std::unique_ptr<int>>.copy, nullptr);
  EXPECT_NE(kElementOf<std::string>.copy, nullptr);
}

TEST(Element, MovesAWordAsItIs) {
  uint64_t from = 0x0123456789abcdef;
  uint64_t to = 0;
  kElementOf<uint64_t>.Move(&to, &from);
  EXPECT_EQ(to, from);
  to = 0;
  kElementOf<uint64_t>.Relocate(&to, &from);
  EXPECT_EQ(to, from);
}

// As large as a word, but not plain.
TEST(Element, MovesAPointerThatOwns) {
  const Element& element = kElementOf<std::unique_ptr<int>>;
  auto from = std::make_unique<int>(7);
  alignas(std::unique_ptr<int>) std::byte memory[sizeof(from)];
  element.Move(memory, &from);
  EXPECT_EQ(from, nullptr);
  element.destroy(memory);
}

TEST(Element, RelocateEndsTheSource) {
  Counted::Counts counts;
  const Element& element = kElementOf<Counted>;
  void* const memory = AllocateElements(element, 2);
  auto* const from = ::new (memory) Counted(counts, 7);
  Counted* const to = from + 1;
  element.Relocate(to, from);
  EXPECT_EQ(counts.alive, 1);
  EXPECT_EQ(to->number(), 7);
  element.destroy(to);
  EXPECT_EQ(counts.alive, 0);
  FreeElements(element, memory);
}

TEST(Element, CopyLeavesTheSourceAndPassesItsExceptionOn) {
  Counted::Counts counts;
  const Element& element = kElementOf<Counted>;
  void* const memory = AllocateElements(element, 1);
  const Counted value(counts, 7);
  element.copy(memory, &value);
  EXPECT_EQ(static_cast<Counted*>(memory)->number(), 7);
  EXPECT_EQ(value.number(), 7);
  element.destroy(memory);
  counts.copies_until_throw = 0;
  EXPECT_THROW(element.copy(memory, &value), std::runtime_error);
  EXPECT_EQ(counts.alive, 1);
  FreeElements(element, memory);
}

TEST(AllocateElements, RespectsTheAlignment) {
  struct alignas(128) Wide {
    char byte;
  };
  void* const memory = AllocateElements(kElementOf<Wide>, 3);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 128, 0u);
  FreeElements(kElementOf<Wide>, memory);
}

TEST(AllocateElements, RefusesASizeThatOverflows) {
  EXPECT_THROW(AllocateElements(kElementOf<int>, std::numeric_limits<size_t>::max() / 2), std::bad_alloc);
}

}  // namespace
}  // namespace eventbus::internal
