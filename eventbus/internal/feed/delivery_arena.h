// The deliveries of one send that found no room: a waiter each, with the value that it is to hand over. Owned by
// whoever has the feed's turn; kept from send to send, so that a steady state allocates nothing.

#ifndef EVENTBUS_INTERNAL_FEED_DELIVERY_ARENA_H_
#define EVENTBUS_INTERNAL_FEED_DELIVERY_ARENA_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class Subscriber;

// Lives in the arena, followed by memory for one value. A cache line of its own: the one before it may be in a receiver's hands
// while the sender fills in this one.
struct alignas(64) Delivery : Waiter {
  bool to_reader = false;    // Of a broadcast, as which the subscriber receives.
  bool holds_value = false;  // Whether `memory` holds a value, or the shell of one, that is still to be destroyed;
  bool holds_event = false;  // or memory of the subscriber, which is a channel of events, does.
  Subscriber* subscriber = nullptr;
  void* memory = nullptr;
};

// Addresses are stable: channels link the waiters.
class DeliveryArena {
 public:
  DeliveryArena() = default;
  DeliveryArena(const DeliveryArena&) = delete;
  DeliveryArena& operator=(const DeliveryArena&) = delete;
  ~DeliveryArena();

  // The first delivery that is not used yet. `element` is the same in every call. May throw `std::bad_alloc`.
  Delivery& Next(const Element& element) {
    if (next_ == nullptr) FindNext(element);
    return *next_;
  }
  // Uses it.
  void Use() {
    ++used_;
    next_ = nullptr;
  }

  size_t used() const { return used_; }
  Delivery& operator[](size_t i) { return At(i); }

  // Calls `visit` with each delivery that is used, and with the next one.
  template <typename Visit>
  void ForEachUsedAndNext(Visit visit) {
    const size_t end = std::min(used_ + 1, blocks_.size() * kBlock);
    for (size_t i = 0; i < end; ++i) visit(At(i));
  }

  // Forgets all used deliveries. Requires that no waiter is linked and no value held.
  void Clear() {
    used_ = 0;
    next_ = nullptr;
  }

 private:
  static constexpr size_t kBlock = 32;  // Deliveries allocated at once.

  Delivery& At(size_t i) { return *reinterpret_cast<Delivery*>(blocks_[i / kBlock] + (i % kBlock) * stride_); }
  void FindNext(const Element& element) {
    if (used_ == blocks_.size() * kBlock) AddBlock(element);
    next_ = &At(used_);
  }
  void AddBlock(const Element& element);

  std::vector<std::byte*> blocks_;
  size_t stride_ = 0;
  size_t alignment_ = 1;
  size_t used_ = 0;
  Delivery* next_ = nullptr;  // Null until somebody asks for it.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_DELIVERY_ARENA_H_
