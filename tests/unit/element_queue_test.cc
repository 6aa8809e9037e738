#include "eventbus/internal/channel/element_queue.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>

#include "eventbus/internal/ground/element.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/payloads.h"

namespace eventbus::internal {
namespace {

using eventbus::testing::AllocationCount;
using eventbus::testing::Counted;

// The queue as it is used, for one type.
template <typename T>
class QueueOf {
 public:
  explicit QueueOf(size_t capacity) : queue(kElementOf<T>, capacity) {}

  void Push(T value) { queue.Push(&value); }
  T Pop() {
    alignas(T) std::byte memory[sizeof(T)];
    queue.Pop(memory);
    T* const value = std::launder(reinterpret_cast<T*>(memory));
    T result(std::move(*value));
    value->~T();
    return result;
  }

  ElementQueue queue;
};

// What an unbounded queue takes in one chunk: 2 KB, but at least four.
template <typename T>
constexpr size_t kChunk = sizeof(T) * 4 > 2048 ? 4 : 2048 / sizeof(T);

struct Large {
  int number;
  char bytes[1020];
};

struct alignas(128) OverAligned {
  explicit OverAligned(int n) : number(n), home(this) {}
  OverAligned(OverAligned&& other) noexcept : number(other.number), home(this) {}
  bool IsAligned() const { return home == this && reinterpret_cast<uintptr_t>(this) % 128 == 0; }
  int number;
  const OverAligned* home;
};

TEST(BoundedElementQueue, IsFullAtItsCapacity) {
  QueueOf<int> q(2);
  EXPECT_TRUE(q.queue.empty());
  EXPECT_FALSE(q.queue.full());
  q.Push(1);
  EXPECT_FALSE(q.queue.full());
  q.Push(2);
  EXPECT_TRUE(q.queue.full());
  EXPECT_EQ(q.queue.size(), 2u);
  EXPECT_EQ(q.Pop(), 1);
  EXPECT_FALSE(q.queue.full());
}

TEST(BoundedElementQueue, KeepsTheOrderAroundTheEndOfTheRing) {
  for (const size_t capacity : {1, 2, 3, 8}) {
    QueueOf<int> q(capacity);
    int pushed = 0;
    int popped = 0;
    // Every fill level at every offset.
    for (size_t level = 1; level <= capacity; ++level) {
      for (size_t round = 0; round < 2 * capacity + 1; ++round) {
        while (q.queue.size() < level) q.Push(pushed++);
        ASSERT_EQ(q.Pop(), popped++) << "capacity " << capacity;
      }
    }
    while (!q.queue.empty()) ASSERT_EQ(q.Pop(), popped++);
    EXPECT_EQ(popped, pushed);
  }
}

TEST(BoundedElementQueue, OfCapacityZeroIsEmptyAndFullAndOwnsNoMemory) {
  const int64_t before = AllocationCount();
  QueueOf<int> q(0);
  EXPECT_TRUE(q.queue.empty());
  EXPECT_TRUE(q.queue.full());
  EXPECT_EQ(AllocationCount(), before);
}

TEST(BoundedElementQueue, AllocatesOnceWhenItIsMade) {
  const int64_t before = AllocationCount();
  QueueOf<int> q(100);
  EXPECT_EQ(AllocationCount(), before + 1);
  for (int i = 0; i < 1'000; ++i) {
    q.Push(i);
    EXPECT_EQ(q.Pop(), i);
  }
  EXPECT_EQ(AllocationCount(), before + 1);
}

TEST(BoundedElementQueue, DestroysWhatIsLeftWhereverItStands) {
  Counted::Counts counts;
  for (int offset = 0; offset <= 4; ++offset) {
    for (int left = 0; left <= 4; ++left) {
      QueueOf<Counted> q(4);
      for (int i = 0; i < offset; ++i) {
        q.Push(Counted(counts, i));
        q.Pop();
      }
      for (int i = 0; i < left; ++i) q.Push(Counted(counts, i));
      ASSERT_EQ(counts.alive, left);
    }
    ASSERT_EQ(counts.alive, 0) << "offset " << offset;
  }
}

TEST(BoundedElementQueue, RefusesACapacityThatOverflows) {
  EXPECT_THROW(QueueOf<Large>(std::numeric_limits<size_t>::max() / 2), std::bad_alloc);
  EXPECT_THROW(QueueOf<char>(std::numeric_limits<size_t>::max() - 1), std::bad_alloc);
}

TEST(UnboundedElementQueue, IsNeverFullAndKeepsTheOrderAcrossChunks) {
  QueueOf<int> q(kUnboundedCapacity);
  constexpr int kValues = static_cast<int>(5 * kChunk<int> + 3);
  for (int i = 0; i < kValues; ++i) {
    q.Push(i);
    ASSERT_FALSE(q.queue.full());
  }
  EXPECT_EQ(q.queue.size(), static_cast<size_t>(kValues));
  for (int i = 0; i < kValues; ++i) ASSERT_EQ(q.Pop(), i);
  EXPECT_TRUE(q.queue.empty());
}

// Drained exactly at the end of a chunk, one before and one after: where head and tail part and meet.
TEST(UnboundedElementQueue, GoesOnAfterDrainingAtAnyEdgeOfAChunk) {
  for (const size_t before : {kChunk<int> - 1, kChunk<int>, kChunk<int> + 1, 2 * kChunk<int>, 3 * kChunk<int>}) {
    QueueOf<int> q(kUnboundedCapacity);
    int pushed = 0;
    int popped = 0;
    for (int round = 0; round < 3; ++round) {
      for (size_t i = 0; i < before; ++i) q.Push(pushed++);
      for (size_t i = 0; i < before; ++i) ASSERT_EQ(q.Pop(), popped++) << before;
      ASSERT_TRUE(q.queue.empty());
    }
  }
}

TEST(UnboundedElementQueue, DestroysWhatIsLeftAtAnyEdgeOfAChunk) {
  Counted::Counts counts;
  const int chunk = static_cast<int>(kChunk<Counted>);
  for (const int pops : {0, 1, chunk - 1, chunk, chunk + 1}) {
    for (const int left : {0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk}) {
      {
        QueueOf<Counted> q(kUnboundedCapacity);
        for (int i = 0; i < pops + left; ++i) q.Push(Counted(counts, i));
        for (int i = 0; i < pops; ++i) ASSERT_EQ(q.Pop().number(), i);
        ASSERT_EQ(counts.alive, left);
      }
      ASSERT_EQ(counts.alive, 0) << "after " << pops << " pops and with " << left << " left";
    }
  }
}

TEST(UnboundedElementQueue, ASteadyFlowAllocatesNothing) {
  for (const size_t level : {size_t{1}, kChunk<int>, 3 * kChunk<int> + 1}) {
    QueueOf<int> q(kUnboundedCapacity);
    for (size_t i = 0; i < level; ++i) q.Push(0);
    const auto flow = [&q] {
      for (size_t i = 0; i < 4 * kChunk<int>; ++i) {
        q.Push(0);
        q.Pop();
      }
    };
    flow();
    const int64_t before = AllocationCount();
    flow();
    EXPECT_EQ(AllocationCount(), before) << "at a level of " << level;
  }
}

TEST(UnboundedElementQueue, TakesTypesLargerThanAChunk) {
  struct Huge {
    int number;
    char bytes[5'000];
  };
  QueueOf<Huge> q(kUnboundedCapacity);
  for (int i = 0; i < 10; ++i) q.Push(Huge{.number = i, .bytes = {}});
  for (int i = 0; i < 10; ++i) ASSERT_EQ(q.Pop().number, i);
}

TEST(ElementQueue, KeepsOverAlignedValuesAligned) {
  for (const size_t capacity : {size_t{3}, kUnboundedCapacity}) {
    QueueOf<OverAligned> q(capacity);
    int pushed = 0;
    int popped = 0;
    for (int round = 0; round < 40; ++round) {
      while (q.queue.size() < 3) q.Push(OverAligned(pushed++));
      const OverAligned value = q.Pop();
      ASSERT_EQ(value.number, popped++);
      ASSERT_TRUE(value.IsAligned());
    }
  }
}

// The value itself says where the queue put it.
TEST(ElementQueue, PutsOverAlignedValuesAtAlignedAddresses) {
  struct alignas(128) Placed {
    explicit Placed(bool* stays_true) : aligned(stays_true) {}
    Placed(Placed&& other) noexcept : aligned(other.aligned) {
      if (reinterpret_cast<uintptr_t>(this) % 128 != 0) *aligned = false;
    }
    bool* aligned;
  };
  bool aligned = true;
  for (const size_t capacity : {size_t{5}, kUnboundedCapacity}) {
    QueueOf<Placed> q(capacity);
    for (int i = 0; i < 5; ++i) q.Push(Placed(&aligned));
  }
  EXPECT_TRUE(aligned);
}

}  // namespace
}  // namespace eventbus::internal
