#include "eventbus/internal/channel/receive_slot.h"

#include <cstdint>
#include <new>
#include <optional>
#include <stdexcept>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/payloads.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::Counted;
using eventbus::testing::MoveOnly;

TEST(ReceiveSlot, TakesTheValueOutOnce) {
  Counted::Counts counts;
  ReceiveSlot<Counted> slot;
  ::new (slot.memory()) Counted(counts, 7);
  EXPECT_EQ(slot.Take().value().number(), 7);
  EXPECT_EQ(counts.alive, 0);
  EXPECT_EQ(counts.copies, 0);
}

TEST(ReceiveSlot, MovesToAnOptionalAndToAVector) {
  Counted::Counts counts;
  {
    ReceiveSlot<Counted> slot;
    std::optional<Counted> to;
    ::new (slot.memory()) Counted(counts, 1);
    slot.MoveTo(to);
    EXPECT_EQ(to->number(), 1);
    EXPECT_EQ(counts.alive, 1);
    std::vector<Counted> values;
    ::new (slot.memory()) Counted(counts, 2);
    slot.AppendTo(values);
    EXPECT_EQ(values.at(0).number(), 2);
    EXPECT_EQ(counts.alive, 2);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ReceiveSlot, HoldsTheLeastThatAChannelAsksFor) {
  ReceiveSlot<MoveOnly> slot;
  ::new (slot.memory()) MoveOnly(7);
  EXPECT_EQ(slot.Take().value().number(), 7);
}

TEST(TakenValue, EndsTheValueWhenAnExceptionLeaves) {
  Counted::Counts counts;
  ReceiveSlot<Counted> slot;
  ::new (slot.memory()) Counted(counts, 7);
  try {
    TakenValue<Counted> taken(slot.memory());
    throw std::runtime_error("a handler");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ReceiveSlots, AppendsTheFirstFewInOrder) {
  Counted::Counts counts;
  {
    ReceiveSlots<Counted> slots;
    for (int i = 0; i < 3; ++i) ::new (static_cast<Counted*>(slots.memory()) + i) Counted(counts, i);
    std::vector<Counted> values;
    values.reserve(3);
    slots.AppendTo(values, 3);
    EXPECT_EQ(counts.alive, 3);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(values[i].number(), i);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ReceiveSlots, HasRoomForOneOfAnySizeAndNotForTooMany) {
  struct Large {
    char bytes[5'000];
  };
  EXPECT_EQ(ReceiveSlots<Large>::count(), 1u);
  EXPECT_EQ(ReceiveSlots<char>::count(), 64u);
}

TEST(ReceiveSlots, AreAligned) {
  struct alignas(128) OverAligned {
    char byte;
  };
  ReceiveSlot<OverAligned> slot;
  ReceiveSlots<OverAligned> slots;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(slot.memory()) % 128, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(slots.memory()) % 128, 0u);
}

}  // namespace
}  // namespace eventbus::internal
