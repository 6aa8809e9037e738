#include "eventbus/internal/channel/split_ring.h"

#include <limits>
#include <new>

namespace eventbus::internal {

SplitRing* SplitRing::Make(const Element& element, size_t capacity) {
  size_t bytes;
  if (__builtin_mul_overflow(element.size, capacity, &bytes) ||
      __builtin_add_overflow(bytes, FirstSlot(element), &bytes) || bytes > std::numeric_limits<size_t>::max() / 2) {
    throw std::bad_array_new_length();
  }
  return ::new (::operator new(bytes, Alignment(element))) SplitRing(element, capacity);
}

// Not analysed: what `sender` guards has nobody else any more.
void SplitRing::Free(SplitRing* ring, const SplitSender& sender) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const Element& element = ring->element_;
  for (; ring->received_ != sender.sent_; ++ring->received_) {
    element.destroy(ring->SlotAt(ring->index_));
    ring->index_ = ring->After(ring->index_);
  }
  ring->~SplitRing();
  ::operator delete(ring, Alignment(element));
}

size_t SplitRing::ReceiveMany(void* to, size_t max, const SplitSender& sender) {
  if (sent_ - received_ < max) sent_ = sender.sent();
  const size_t count = std::min(max, sent_ - received_);
  std::byte* slot = static_cast<std::byte*>(to);
  for (size_t i = 0; i < count; ++i) {
    element_.Relocate(slot, SlotAt(index_));
    index_ = After(index_);
    slot += element_.size;
  }
  received_ += count;
  if (count != 0) published_.store(received_, std::memory_order_release);
  return count;
}

}  // namespace eventbus::internal
