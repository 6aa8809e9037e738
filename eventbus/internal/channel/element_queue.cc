#include "eventbus/internal/channel/element_queue.h"

#include <algorithm>
#include <new>

namespace eventbus::internal {

namespace {

constexpr size_t kChunkBytes = 2048;

// More slots, and bytes, than there is memory for.
constexpr size_t kMaxChunkSize = std::numeric_limits<size_t>::max() >> 1;

}  // namespace

ElementQueue::ElementQueue(const Element& element, size_t capacity)
    : element_(element),
      bounded_(capacity != kUnboundedCapacity),
      chunk_size_((bounded_ ? capacity : std::max<size_t>(4, kChunkBytes / element.size)) & kMaxChunkSize) {
  if (capacity == 0) return;  // A rendezvous stores nothing.
  head_chunk_ = tail_chunk_ = NewChunk();
}

ElementQueue::~ElementQueue() {
  while (!empty()) {
    if (head_ == chunk_size_) AdvanceHead();
    element_.destroy(SlotAt(head_chunk_, head_));
    ++head_;
    --size_;
  }
  if (head_chunk_ == nullptr) return;
  if (tail_chunk_->next != nullptr) FreeChunk(tail_chunk_->next);
  FreeChunk(head_chunk_);
}

ElementQueue::Chunk* ElementQueue::NewChunk() const {
  size_t bytes;
  if (__builtin_mul_overflow(element_.size, chunk_size_, &bytes) ||
      __builtin_add_overflow(bytes, first_slot(), &bytes) || bytes > kMaxChunkSize) {
    throw std::bad_array_new_length();
  }
  const auto alignment = std::align_val_t(std::max(element_.alignment, alignof(Chunk)));
  return ::new (::operator new(bytes, alignment)) Chunk{.next = nullptr};
}

void ElementQueue::FreeChunk(Chunk* chunk) const {
  ::operator delete(chunk, std::align_val_t(std::max(element_.alignment, alignof(Chunk))));
}

void ElementQueue::AdvanceTail() {
  if (!bounded_) {
    if (tail_chunk_->next == nullptr) tail_chunk_->next = NewChunk();
    tail_chunk_ = tail_chunk_->next;
  }
  tail_ = 0;
}

void ElementQueue::AdvanceHead() {
  if (!bounded_) {
    Chunk* const drained = head_chunk_;
    head_chunk_ = drained->next;
    if (tail_chunk_->next == nullptr) {
      drained->next = nullptr;
      tail_chunk_->next = drained;
    } else {
      FreeChunk(drained);
    }
  }
  head_ = 0;
}

}  // namespace eventbus::internal
