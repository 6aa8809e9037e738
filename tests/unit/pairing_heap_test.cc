#include "eventbus/internal/ground/pairing_heap.h"

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

struct Number : HeapNode<Number> {
  explicit Number(int number) : value(number) {}
  friend bool operator<(const Number& a, const Number& b) { return a.value < b.value; }
  int value;
};

TEST(PairingHeap, EmptyHasNoTop) {
  const PairingHeap<Number> heap;
  EXPECT_TRUE(heap.empty());
  EXPECT_EQ(heap.top(), nullptr);
}

TEST(PairingHeap, GivesTheLeastFirst) {
  std::deque<Number> numbers;
  PairingHeap<Number> heap;
  for (int value : {5, 1, 4, 1, 3}) heap.Push(numbers.emplace_back(value));
  std::vector<int> popped;
  while (!heap.empty()) {
    popped.push_back(heap.top()->value);
    heap.Pop();
  }
  EXPECT_EQ(popped, (std::vector<int>{1, 1, 3, 4, 5}));
}

TEST(PairingHeap, AgreesWithASetWhateverIsTakenOut) {
  std::mt19937 random(7);
  std::deque<Number> numbers;
  for (int i = 0; i < 300; ++i) numbers.emplace_back(static_cast<int>(random() % 100));
  PairingHeap<Number> heap;
  std::multiset<int> expected;
  std::vector<Number*> in;
  std::vector<Number*> out;
  for (Number& number : numbers) out.push_back(&number);
  for (int step = 0; step < 20'000; ++step) {
    const size_t choice = random() % 3;
    if (choice == 0 && !out.empty()) {
      std::swap(out[random() % out.size()], out.back());
      heap.Push(*out.back());
      expected.insert(out.back()->value);
      in.push_back(out.back());
      out.pop_back();
    } else if (!in.empty()) {
      size_t index = random() % in.size();
      if (choice == 1) index = std::find(in.begin(), in.end(), heap.top()) - in.begin();
      Number* const number = in[index];
      if (choice == 1) {
        heap.Pop();
      } else {
        heap.Remove(*number);
      }
      expected.erase(expected.find(number->value));
      in.erase(in.begin() + static_cast<std::ptrdiff_t>(index));
      out.push_back(number);
    }
    ASSERT_EQ(heap.empty(), expected.empty());
    if (!heap.empty()) {
      ASSERT_EQ(heap.top()->value, *expected.begin());
    }
  }
}

}  // namespace
}  // namespace eventbus::internal
