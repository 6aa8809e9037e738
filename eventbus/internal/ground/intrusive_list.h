// A doubly linked list whose links live in the elements: linking allocates nothing, and an element can be taken out in
// O(1) by itself. Not thread-safe; an element's owner keeps it alive while it is linked.

#ifndef EVENTBUS_INTERNAL_GROUND_INTRUSIVE_LIST_H_
#define EVENTBUS_INTERNAL_GROUND_INTRUSIVE_LIST_H_

namespace eventbus::internal {

// Base of a list element. `Tag` tells apart the lists that one element can be in at the same time.
template <typename Tag>
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool linked() const { return next_ != nullptr; }

  // Takes this element out of the list that it is in. Requires `linked()`.
  void Unlink() {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    next_ = prev_ = nullptr;
  }

 private:
  template <typename T, typename AnyTag>
  friend class List;

  ListNode* next_ = nullptr;
  ListNode* prev_ = nullptr;
};

// A list of `T`, which derives from `ListNode<Tag>`. Circular over a sentinel, so no operation branches on the ends.
template <typename T, typename Tag = T>
class List {
 public:
  List() { sentinel_.next_ = sentinel_.prev_ = &sentinel_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  bool empty() const { return sentinel_.next_ == &sentinel_; }

  // Requires that `element` is not linked.
  void PushBack(T& element) {
    ListNode<Tag>& node = element;
    node.prev_ = sentinel_.prev_;
    node.next_ = &sentinel_;
    sentinel_.prev_->next_ = &node;
    sentinel_.prev_ = &node;
  }

  // The first element, or null.
  T* front() const { return empty() ? nullptr : static_cast<T*>(sentinel_.next_); }

  // Takes out the first element; null if there is none.
  T* PopFront() {
    T* element = front();
    if (element != nullptr) static_cast<ListNode<Tag>*>(element)->Unlink();
    return element;
  }

  // Moves all elements of `other`, in order, to the end of this list. O(1).
  void TakeAll(List& other) {
    if (other.empty()) return;
    ListNode<Tag>& last = *other.sentinel_.prev_;
    ListNode<Tag>& first = *other.sentinel_.next_;
    sentinel_.prev_->next_ = &first;
    first.prev_ = sentinel_.prev_;
    last.next_ = &sentinel_;
    sentinel_.prev_ = &last;
    other.sentinel_.next_ = other.sentinel_.prev_ = &other.sentinel_;
  }

  // Calls `visit(element)` for each, first to last. `visit` must not change the list.
  template <typename F>
  void ForEach(F&& visit) const {
    for (const ListNode<Tag>* node = sentinel_.next_; node != &sentinel_; node = node->next_) {
      visit(*static_cast<T*>(const_cast<ListNode<Tag>*>(node)));
    }
  }

 private:
  ListNode<Tag> sentinel_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_INTRUSIVE_LIST_H_
