// A priority queue whose nodes are a part of what they order: nothing is allocated, and any node can be taken out.
//
// Origin: Fredman, Sedgewick, Sleator and Tarjan, "The Pairing Heap: A New Form of Self-Adjusting Heap", 1986.

#ifndef EVENTBUS_INTERNAL_GROUND_PAIRING_HEAP_H_
#define EVENTBUS_INTERNAL_GROUND_PAIRING_HEAP_H_

#include <utility>

namespace eventbus::internal {

template <typename T>
class PairingHeap;

// Base of what a heap holds. In one heap at a time.
template <typename T>
class HeapNode {
 public:
  HeapNode() = default;
  HeapNode(const HeapNode&) = delete;
  HeapNode& operator=(const HeapNode&) = delete;

 private:
  friend class PairingHeap<T>;

  T* first_child_ = nullptr;
  T* next_ = nullptr;      // The next sibling.
  T* previous_ = nullptr;  // The sibling before, or the parent of a first child; null for the top.
};

// The least first, by `operator<` of `T`, which derives from `HeapNode<T>`. Of equals, any. Not thread-safe.
template <typename T>
class PairingHeap {
 public:
  bool empty() const { return top_ == nullptr; }

  // Null if there is none.
  T* top() const { return top_; }

  // O(1).
  void Push(T& node) { top_ = Meld(top_, &node); }

  // Amortised O(log n). The heap must not be empty.
  void Pop() { top_ = MeldSiblings(std::exchange(top_->first_child_, nullptr)); }

  // Takes `node` out, which is in this heap. Amortised O(log n).
  void Remove(T& node) {
    if (&node == top_) return Pop();
    if (node.next_ != nullptr) node.next_->previous_ = node.previous_;
    T*& link = node.previous_->first_child_ == &node ? node.previous_->first_child_ : node.previous_->next_;
    link = node.next_;
    node.next_ = node.previous_ = nullptr;
    top_ = Meld(top_, MeldSiblings(std::exchange(node.first_child_, nullptr)));
  }

 private:
  // Two heaps as one. Either may be null.
  static T* Meld(T* a, T* b) {
    if (a == nullptr) return b;
    if (b == nullptr) return a;
    if (*b < *a) std::swap(a, b);
    b->next_ = a->first_child_;
    if (b->next_ != nullptr) b->next_->previous_ = b;
    b->previous_ = a;
    a->first_child_ = b;
    return a;
  }

  // The heaps of a list of siblings as one: in pairs from the left, then all from the right.
  static T* MeldSiblings(T* first) {
    T* pairs = nullptr;  // Linked by `next_`, the last pair first.
    while (first != nullptr) {
      T* const a = first;
      T* const b = a->next_;
      first = b == nullptr ? nullptr : b->next_;
      a->next_ = a->previous_ = nullptr;
      if (b != nullptr) b->next_ = b->previous_ = nullptr;
      T* const pair = Meld(a, b);
      pair->next_ = pairs;
      pairs = pair;
    }
    T* all = nullptr;
    while (pairs != nullptr) {
      T* const pair = pairs;
      pairs = std::exchange(pair->next_, nullptr);
      all = Meld(all, pair);
    }
    return all;
  }

  T* top_ = nullptr;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_PAIRING_HEAP_H_
