// Where a broadcast keeps values: a ring that many readers read, each at its own pace, and one sender writes.
//
// A value has a position: the first of the broadcast has 0, and they go on from ring to ring. A ring has an end if another
// one follows it, as where a reader joined that may lag further behind than this one has room for.
//
// A reader reads a value where it is, with all the others. The last one that is done with it ends its life.

#ifndef EVENTBUS_INTERNAL_FEED_BROADCAST_RING_H_
#define EVENTBUS_INTERNAL_FEED_BROADCAST_RING_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "eventbus/event.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class BroadcastRing final : public RefCounted {
 public:
  static constexpr uint64_t kNoEnd = std::numeric_limits<uint64_t>::max();

  // For readers that lag at most `capacity` values behind. Throws `std::bad_alloc` if there is no memory for it.
  BroadcastRing(const Element& element, size_t capacity);

  const Element& element() const { return element_; }
  size_t capacity() const { return slots_ - kBeyondCapacity; }

  // The memory of the value at `position`.
  void* At(uint64_t position) const { return memory_ + (position & (slots_ - 1)) * stride_; }

  // What is known of it.
  EventInfo& InfoAt(uint64_t position) const {
    return *reinterpret_cast<EventInfo*>(static_cast<std::byte*>(At(position)) + info_offset_);
  }
  // The same, given where it is.
  const EventInfo& InfoOf(const void* value) const {
    return *reinterpret_cast<const EventInfo*>(static_cast<const std::byte*>(value) + info_offset_);
  }

  // A reader that counts is done with the value at `position`.
  void Pass(uint64_t position) {
    if (!element_.trivial) CountPass(position);
  }

  // How many will pass the value at `position`, which is about to be published; at least one.
  void SetReaders(uint64_t position, size_t readers) {
    // Relaxed: the publication orders it.
    if (!element_.trivial) UnreadOf(position).store(readers, std::memory_order_relaxed);
  }

  // Where it ends. Acquire, paired with the release in `EndAt`, so that `Cross` finds the next one.
  uint64_t end() const { return end_.load(std::memory_order_acquire); }

  // Ends it at `end`, which no reader has reached unless it has read all before it. `readers` of them will cross to `next`.
  void EndAt(uint64_t end, Ref<BroadcastRing> next, size_t readers);

  // The next ring, for one of those readers. Once for each of them, so that a reader that stays here for long, and will
  // not cross, keeps this ring alone.
  Ref<BroadcastRing> Cross();

 private:
  // The value that a slow send waits to hand over, and the one that a reader has in its hands.
  static constexpr size_t kBeyondCapacity = 2;

  ~BroadcastRing() override;

  // Beside each value that is not trivial: how many readers are not yet done with it.
  Atomic<size_t>& UnreadOf(uint64_t position) const {
    return *reinterpret_cast<Atomic<size_t>*>(static_cast<std::byte*>(At(position)) + unread_offset_);
  }
  void CountPass(uint64_t position);

  const Element& element_;
  const size_t slots_;  // A power of two.
  size_t info_offset_;
  size_t unread_offset_;
  size_t stride_;
  size_t alignment_;
  std::byte* memory_;

  Atomic<uint64_t> end_{kNoEnd};
  Ref<BroadcastRing> next_;  // Published by `end_`, and there until the last one has crossed.
  Atomic<size_t> crossing_{0};
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_BROADCAST_RING_H_
