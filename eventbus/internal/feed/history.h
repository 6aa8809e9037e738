// What a feed keeps of what was sent through it, for those who subscribe later.

#ifndef EVENTBUS_INTERNAL_FEED_HISTORY_H_
#define EVENTBUS_INTERNAL_FEED_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <new>
#include <utility>
#include <vector>

#include "eventbus/event.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/owned_element.h"
#include "eventbus/internal/ground/ref_counted.h"

namespace eventbus::internal {

// A copy of a value that was sent.
class KeptEvent final : public RefCounted {
 public:
  // Throws what the copy does, or `std::bad_alloc`.
  KeptEvent(const Element& element, const void* value) : value_(element, [&](void* to) { element.copy(to, value); }) {}

  const void* value() const { return value_.get(); }
  EventInfo info;

 private:
  ~KeptEvent() override = default;

  const OwnedElement value_;
};

// No memory while empty.
using KeptEvents = std::vector<Ref<KeptEvent>>;

// The last values. Guarded by its feed's membership mutex; values end their lives elsewhere.
class History {
 public:
  explicit History(size_t capacity) : capacity_(capacity) {}

  size_t capacity() const { return capacity_; }

  // Adds `event`, and hands out what is too old, unless someone still catches up. May throw `std::bad_alloc`, and then did nothing.
  void Add(Ref<KeptEvent> event, KeptEvents& too_old) {
    too_old.reserve(TooMany() + 1);
    events_.push_back(std::move(event));
    Trim(too_old);
  }

  // Adds those of the last `most` that came after `sequence` to `events`. From the first of such calls until `CaughtUp` nothing is
  // too old, so that with `most` larger than all, none is missing. May throw `std::bad_alloc`, and then did nothing.
  void CollectAfter(uint64_t sequence, size_t most, KeptEvents& events) const {
    const size_t first = events_.size() - (most < events_.size() ? most : events_.size());
    for (size_t i = first; i < events_.size(); ++i) {
      if (events_[i]->info.sequence > sequence) events.push_back(events_[i]);
    }
  }

  void BeginToCatchUp() { ++catching_up_; }
  // Hands out what has become too old, or leaves it to the next call if there is no memory for that.
  void CaughtUp(KeptEvents& too_old) {
    --catching_up_;
    try {
      too_old.reserve(TooMany());
    } catch (const std::bad_alloc&) {
    }
    Trim(too_old);
  }

 private:
  size_t TooMany() const { return events_.size() > capacity_ ? events_.size() - capacity_ : 0; }

  // As many as `too_old` has memory for.
  void Trim(KeptEvents& too_old) {
    if (catching_up_ > 0) return;
    while (events_.size() > capacity_ && too_old.size() < too_old.capacity()) {
      too_old.push_back(std::move(events_.front()));
      events_.pop_front();
    }
  }

  const size_t capacity_;
  size_t catching_up_ = 0;
  std::deque<Ref<KeptEvent>> events_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_HISTORY_H_
