#include "eventbus/internal/ground/intrusive_list.h"

#include <vector>

#include "gtest/gtest.h"

namespace eventbus::internal {
namespace {

struct Number : ListNode<Number> {
  explicit Number(int number) : n(number) {}
  int n;
};

std::vector<int> Numbers(const List<Number>& list) {
  std::vector<int> numbers;
  list.ForEach([&numbers](Number& number) { numbers.push_back(number.n); });
  return numbers;
}

TEST(List, IsEmptyAtFirst) {
  List<Number> list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.front(), nullptr);
  EXPECT_EQ(list.PopFront(), nullptr);
}

TEST(List, KeepsTheOrderOfPushes) {
  Number one(1), two(2), three(3);
  List<Number> list;
  list.PushBack(one);
  list.PushBack(two);
  list.PushBack(three);
  EXPECT_EQ(Numbers(list), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(list.PopFront(), &one);
  EXPECT_FALSE(one.linked());
  EXPECT_EQ(list.front(), &two);
  EXPECT_TRUE(two.linked());
}

TEST(List, UnlinksAtEitherEndAndInTheMiddle) {
  Number one(1), two(2), three(3), four(4);
  List<Number> list;
  for (Number* number : {&one, &two, &three, &four}) list.PushBack(*number);
  two.Unlink();
  EXPECT_EQ(Numbers(list), (std::vector<int>{1, 3, 4}));
  one.Unlink();
  EXPECT_EQ(Numbers(list), (std::vector<int>{3, 4}));
  four.Unlink();
  EXPECT_EQ(Numbers(list), (std::vector<int>{3}));
  three.Unlink();
  EXPECT_TRUE(list.empty());
}

TEST(List, TakesAnUnlinkedElementAgain) {
  Number one(1), two(2);
  List<Number> list;
  list.PushBack(one);
  list.PushBack(two);
  one.Unlink();
  list.PushBack(one);
  EXPECT_EQ(Numbers(list), (std::vector<int>{2, 1}));
}

TEST(List, TakeAllMovesEverythingToTheEndInOrder) {
  Number one(1), two(2), three(3);
  List<Number> list;
  List<Number> other;
  list.PushBack(one);
  other.PushBack(two);
  other.PushBack(three);
  list.TakeAll(other);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(Numbers(list), (std::vector<int>{1, 2, 3}));
  three.Unlink();  // Its links are those of the new list.
  EXPECT_EQ(Numbers(list), (std::vector<int>{1, 2}));
}

TEST(List, TakeAllOfAnEmptyListChangesNothing) {
  Number one(1);
  List<Number> list;
  List<Number> other;
  list.TakeAll(other);
  EXPECT_TRUE(list.empty());
  list.PushBack(one);
  list.TakeAll(other);
  EXPECT_EQ(Numbers(list), (std::vector<int>{1}));
  other.TakeAll(list);
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(Numbers(other), (std::vector<int>{1}));
}

struct FirstTag;
struct SecondTag;
struct InTwo : ListNode<FirstTag>, ListNode<SecondTag> {};

TEST(List, OneElementCanBeInTwoListsOfDifferentTags) {
  InTwo element;
  List<InTwo, FirstTag> first;
  List<InTwo, SecondTag> second;
  first.PushBack(element);
  second.PushBack(element);
  EXPECT_EQ(first.PopFront(), &element);
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(second.front(), &element);
  static_cast<ListNode<SecondTag>&>(element).Unlink();
  EXPECT_TRUE(second.empty());
}

}  // namespace
}  // namespace eventbus::internal
