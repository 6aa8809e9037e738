#include "eventbus/internal/feed/broadcast_ring.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace eventbus::internal {

namespace {

size_t SlotsFor(size_t needed) {
  constexpr size_t kMost = size_t{1} << (std::numeric_limits<size_t>::digits - 2);
  if (needed > kMost) throw std::bad_array_new_length();
  return std::bit_ceil(needed);
}

}  // namespace

BroadcastRing::BroadcastRing(const Element& element, size_t capacity)
    : element_(element), slots_(SlotsFor(capacity + kBeyondCapacity)) {
  static_assert(alignof(EventInfo) == alignof(Atomic<size_t>) && sizeof(EventInfo) % alignof(EventInfo) == 0);
  info_offset_ = RoundUp(element_.size, alignof(EventInfo));
  unread_offset_ = info_offset_ + sizeof(EventInfo);
  alignment_ = std::max(element_.alignment, alignof(EventInfo));
  stride_ = RoundUp(unread_offset_ + (element_.trivial ? 0 : sizeof(Atomic<size_t>)), alignment_);
  size_t bytes;
  if (__builtin_mul_overflow(stride_, slots_, &bytes)) throw std::bad_array_new_length();
  memory_ = static_cast<std::byte*>(::operator new(bytes, std::align_val_t(alignment_)));
  for (size_t i = 0; i < slots_; ++i) ::new (&InfoAt(i)) EventInfo;
  if (element_.trivial) return;
  for (size_t i = 0; i < slots_; ++i) ::new (&UnreadOf(i)) Atomic<size_t>(0);
}

BroadcastRing::~BroadcastRing() {
  if (!element_.trivial) {
    for (size_t i = 0; i < slots_; ++i) UnreadOf(i).~Atomic<size_t>();
  }
  ::operator delete(memory_, std::align_val_t(alignment_));
}

void BroadcastRing::CountPass(uint64_t position) {
  // Release, so that what a reader did with the value comes before its end; acquire, so that who ends it sees that of all.
  if (UnreadOf(position).fetch_sub(1, std::memory_order_acq_rel) == 1) element_.destroy(At(position));
}

void BroadcastRing::EndAt(uint64_t end, Ref<BroadcastRing> next, size_t readers) {
  if (readers > 0) next_ = std::move(next);
  crossing_.store(readers, std::memory_order_relaxed);
  end_.store(end, std::memory_order_release);
}

Ref<BroadcastRing> BroadcastRing::Cross() {
  Ref<BroadcastRing> next = next_;
  // Release, so that the others have read `next_` when the last one clears it; acquire, for the last one.
  if (crossing_.fetch_sub(1, std::memory_order_acq_rel) == 1) next_ = nullptr;
  return next;
}

}  // namespace eventbus::internal
