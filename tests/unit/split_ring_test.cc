#include "eventbus/internal/channel/split_ring.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/primitives/primitives.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::Counted;

// Both ends in one thread, for one type.
template <typename T>
class RingOf {
 public:
  explicit RingOf(size_t capacity) : ring(SplitRing::Make(kElementOf<T>, capacity)), sender(*ring) {}
  RingOf(const RingOf&) = delete;
  RingOf& operator=(const RingOf&) = delete;
  ~RingOf() { SplitRing::Free(ring, sender); }

  bool Send(T value) {
    const bool room = sender.HasRoom(*ring);
    if (room) sender.Send(&value);
    return room;
  }
  bool SendWord(T value) {
    const bool room = sender.HasRoom(*ring);
    if (room) sender.SendWord(&value);
    return room;
  }
  bool Receive(T* to) {
    MutexLock lock(&ring->mutex);
    return ring->Receive(to, sender);
  }
  bool ReceiveWord(T* to) {
    MutexLock lock(&ring->mutex);
    return ring->ReceiveWord(to, sender);
  }
  size_t ReceiveMany(T* to, size_t max) {
    MutexLock lock(&ring->mutex);
    return ring->ReceiveMany(to, max, sender);
  }

  SplitRing* const ring;
  SplitSender sender;
};

TEST(SplitRing, IsFullAtItsCapacityAndThenEmpty) {
  RingOf<int> of(2);
  EXPECT_TRUE(of.Send(1));
  EXPECT_TRUE(of.Send(2));
  EXPECT_FALSE(of.Send(3));
  EXPECT_EQ(of.sender.sent(), 2u);
  int value = 0;
  EXPECT_TRUE(of.Receive(&value));
  EXPECT_EQ(value, 1);
  EXPECT_EQ(of.ring->received(), 1u);
  EXPECT_TRUE(of.Send(3));
  EXPECT_FALSE(of.Send(4));
  EXPECT_TRUE(of.Receive(&value));
  EXPECT_TRUE(of.Receive(&value));
  EXPECT_EQ(value, 3);
  EXPECT_FALSE(of.Receive(&value));
}

TEST(SplitRing, KeepsTheOrderAroundTheEnd) {
  for (const size_t capacity : {1, 2, 3, 8, 13}) {
    RingOf<uint64_t> of(capacity);
    uint64_t sent = 0;
    uint64_t received = 0;
    // Every fill level at every offset.
    for (size_t level = 1; level <= capacity; ++level) {
      for (size_t round = 0; round < 2 * capacity + 1; ++round) {
        while (sent - received < level) ASSERT_TRUE(of.Send(sent++));
        uint64_t value = 0;
        ASSERT_TRUE(of.Receive(&value));
        ASSERT_EQ(value, received++) << "capacity " << capacity;
      }
    }
  }
}

TEST(SplitRing, CarriesWordsAroundALargeOne) {
  RingOf<uint64_t> of(200);
  uint64_t sent = 0;
  uint64_t received = 0;
  ASSERT_TRUE(of.ring->holds_words());
  while (received < 1000) {
    while (sent - received < 150) ASSERT_TRUE(of.SendWord(sent++));
    uint64_t value = 0;
    ASSERT_TRUE(of.ReceiveWord(&value));
    ASSERT_EQ(value, received++);
  }
}

TEST(SplitRing, ABatchIsWhatIsThereUpToTheLimit) {
  RingOf<int> of(5);
  int next = 0;
  int expected = 0;
  for (size_t round = 0; round < 20; ++round) {
    while (of.Send(next)) ++next;
    int values[8] = {};
    const size_t max = round % 8;
    const size_t count = of.ReceiveMany(values, max);
    ASSERT_EQ(count, max < 5 ? max : 5);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(values[i], expected++);
    ASSERT_EQ(of.ring->received(), static_cast<size_t>(expected));
  }
}

TEST(SplitRing, DestroysWhatIsLeftWhereverItStands) {
  Counted::Counts counts;
  for (int offset = 0; offset <= 4; ++offset) {
    for (int left = 0; left <= 4; ++left) {
      RingOf<Counted> of(4);
      for (int i = 0; i < offset; ++i) {
        ASSERT_TRUE(of.Send(Counted(counts, i)));
        alignas(Counted) std::byte memory[sizeof(Counted)];
        auto* const value = reinterpret_cast<Counted*>(memory);
        ASSERT_TRUE(of.Receive(value));
        value->~Counted();
      }
      for (int i = 0; i < left; ++i) ASSERT_TRUE(of.Send(Counted(counts, i)));
      ASSERT_EQ(counts.alive, left);
    }
    ASSERT_EQ(counts.alive, 0) << "offset " << offset;
  }
}

TEST(SplitRing, KeepsOverAlignedValuesAligned) {
  struct alignas(128) Placed {
    explicit Placed(bool* stays_true) : aligned(stays_true) {}
    Placed(Placed&& other) noexcept : aligned(other.aligned) {
      if (reinterpret_cast<uintptr_t>(this) % 128 != 0) *aligned = false;
    }
    bool* aligned;
  };
  bool aligned = true;
  RingOf<Placed> of(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(of.Send(Placed(&aligned)));
  EXPECT_TRUE(aligned);
}

TEST(SplitRing, RefusesACapacityThatOverflows) {
  struct Large {
    char bytes[1024];
  };
  EXPECT_THROW(SplitRing::Make(kElementOf<Large>, std::numeric_limits<size_t>::max() / 2), std::bad_alloc);
  EXPECT_THROW(SplitRing::Make(kElementOf<char>, std::numeric_limits<size_t>::max() - 1), std::bad_alloc);
}

}  // namespace
}  // namespace eventbus::internal
