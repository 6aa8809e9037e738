// Where a channel keeps values: a first-in first-out queue of elements whose type is known at run time.
//
// A bounded queue is one ring, allocated when it is made. An unbounded one is a chain of chunks: pushing never moves
// what is queued, so no push takes longer than one allocation, and memory goes back as the queue drains (one chunk is
// kept, so that a steady flow allocates nothing). Not thread-safe: guarded by the channel's mutex.

#ifndef EVENTBUS_INTERNAL_CHANNEL_ELEMENT_QUEUE_H_
#define EVENTBUS_INTERNAL_CHANNEL_ELEMENT_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <limits>

#include "eventbus/internal/ground/element.h"

namespace eventbus::internal {

inline constexpr size_t kUnboundedCapacity = std::numeric_limits<size_t>::max();

class ElementQueue {
 public:
  // `element` must outlive the queue. Throws `std::bad_alloc` if there is no memory for a ring of `capacity`.
  ElementQueue(const Element& element, size_t capacity);
  ElementQueue(const ElementQueue&) = delete;
  ElementQueue& operator=(const ElementQueue&) = delete;
  ~ElementQueue();  // Destroys what is left.

  const Element& element() const { return element_; }
  size_t capacity() const { return bounded_ ? chunk_size_ : kUnboundedCapacity; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return bounded_ && size_ == chunk_size_; }

  // Moves `*value` to the end; its shell stays with the caller. Requires `!full()`. If unbounded, may throw
  // `std::bad_alloc`, and then did nothing.
  void Push(void* value) {
    if (tail_ == chunk_size_) AdvanceTail();
    element_.Move(SlotAt(tail_chunk_, tail_), value);
    ++tail_;
    ++size_;
  }

  // The first value. Requires `!empty()`.
  void* Front() {
    if (head_ == chunk_size_) AdvanceHead();
    return SlotAt(head_chunk_, head_);
  }

  // Moves the first value to the raw memory at `to` and ends it here. Requires `!empty()`.
  void Pop(void* to) {
    element_.Relocate(to, Front());
    ++head_;
    --size_;
  }

 private:
  struct Chunk {
    Chunk* next;
  };

  // Bytes from the start of a chunk to its first slot: alignments are powers of two.
  size_t first_slot() const { return std::max(sizeof(Chunk), element_.alignment); }
  void* SlotAt(Chunk* chunk, size_t index) const {
    return reinterpret_cast<std::byte*>(chunk) + first_slot() + index * element_.size;
  }
  Chunk* NewChunk() const;
  void FreeChunk(Chunk* chunk) const;
  void AdvanceTail();
  void AdvanceHead();

  const Element& element_;
  const size_t bounded_ : 1;
  const size_t chunk_size_ : 63;  // Slots of a chunk; a bounded queue has one chunk, and it is the ring.
  size_t size_ = 0;
  // The next slot to read and to write; `chunk_size_` stands for the first one of what comes next.
  size_t head_ = 0;
  size_t tail_ = 0;
  Chunk* head_chunk_ = nullptr;
  Chunk* tail_chunk_ = nullptr;  // Its `next`, if any, is a drained one that is kept.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_ELEMENT_QUEUE_H_
