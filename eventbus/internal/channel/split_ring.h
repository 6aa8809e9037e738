// A bounded first-in first-out queue of which each end has a lock of its own, so that a sender and a receiver at work at the
// same time do not take each other's cache lines for every value.
//
// The sending end belongs to who holds the channel's mutex (S), the receiving end to who holds `mutex` here (R). What each
// needs of the other is a count that the other publishes, and of which it keeps what it saw last: while that says that there
// is a value, or room, it touches nothing of the other's.
//
// Invariants:
//   R1. `received <= sent <= received + capacity`. The slots from `received` to `sent` hold values. The one at `sent` is the
//       sending end's, the one at `received` the receiving end's, as soon as each has seen that it may have it.
//   R2. A count is published after the move that it counts, so who sees it finds the value, or the slot, as the other left it.
//   R3. `needs_channel` is set and cleared by who holds both locks. While it is set, only who holds both receives. Who holds both
//       and finds the queue full finds it full for as long as it keeps S, if it sets this.
//
// Lock order: S, then R.
//
// Origin: counts that are cached at the other end are those of Lamport's queue in the form of Giacomoni, Moseley and
// Vachharajani, "FastForward for Efficient Pipeline Parallelism", 2008; a lock for each end is Michael and Scott, "Simple,
// Fast, and Practical Non-Blocking and Blocking Concurrent Queue Algorithms", 1996.

#ifndef EVENTBUS_INTERNAL_CHANNEL_SPLIT_RING_H_
#define EVENTBUS_INTERNAL_CHANNEL_SPLIT_RING_H_

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/prefetch.h"
#include "eventbus/internal/observing/statistic.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class SplitSender;

// The receiving end, before the slots in one piece of memory, in a cache line of its own.
class alignas(64) SplitRing {
 public:
  // Throws `std::bad_alloc`. `capacity` is positive.
  static SplitRing* Make(const Element& element, size_t capacity);
  // Frees it, and ends the lives of what `sender` has sent and nobody received.
  static void Free(SplitRing* ring, const SplitSender& sender);

  SplitRing(const SplitRing&) = delete;
  SplitRing& operator=(const SplitRing&) = delete;

  // How many values have been received so far, as others see it.
  size_t received() const {
    // Acquire, paired with the release in `Receive`: R2.
    return published_.load(std::memory_order_acquire);
  }

  // Moves the oldest value to the raw memory at `to`; false if there is none.
  bool Receive(void* to, const SplitSender& sender) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Whether the values are words, which are copied without a call; and the same for these.
  bool holds_words() const { return holds_words_; }
  bool ReceiveWord(void* to, const SplitSender& sender) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // The oldest value, null if there is none.
  void* Front(const SplitSender& sender) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Receives up to `max` values, the n-th to `to` + n element sizes. Returns how many.
  size_t ReceiveMany(void* to, size_t max, const SplitSender& sender) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // R. Under it there is nothing but moves of values.
  Mutex mutex;
  // Whether receivers have to go by the channel: there is more to do than to take a value.
  bool needs_channel ABSL_GUARDED_BY(mutex) = false;
  // How many times in succession a receiver that found nothing found several values, or one, at its next look. A guess, for who
  // decides how long to leave the sender alone; receivers who wait at the same time may disturb it.
  Statistic streak;

 private:
  friend class SplitSender;

  SplitRing(const Element& element, size_t capacity)
      : slots_(reinterpret_cast<std::byte*>(this) + FirstSlot(element)),
        element_(element),
        capacity_(capacity),
        holds_words_(element.is_word()) {}
  ~SplitRing() = default;

  static size_t FirstSlot(const Element& element) { return RoundUp(sizeof(SplitRing), element.alignment); }
  static std::align_val_t Alignment(const Element& element) {
    return std::align_val_t(std::max(alignof(SplitRing), element.alignment));
  }
  void* SlotAt(size_t index) { return slots_ + index * element_.size; }
  size_t After(size_t index) const { return index + 1 == capacity_ ? 0 : index + 1; }
  // One more has been received.
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    index_ = After(index_);
    published_.store(++received_, std::memory_order_release);
  }

  Atomic<size_t> published_{0};  // `received_`, for others.
  size_t received_ ABSL_GUARDED_BY(mutex) = 0;
  size_t sent_ ABSL_GUARDED_BY(mutex) = 0;   // As seen last.
  size_t index_ ABSL_GUARDED_BY(mutex) = 0;  // Of the next slot.
  std::byte* const slots_;
  const Element& element_;
  const size_t capacity_;
  const bool holds_words_;
};

// The sending end. It knows by itself what it needs for each value. All but `sent` under the channel's mutex.
class SplitSender {
 public:
  explicit SplitSender(SplitRing& ring) : element_(ring.element_), capacity_(ring.capacity_), slots_(ring.slots_) {}

  const Element& element() const { return element_; }
  size_t capacity() const { return capacity_; }

  // How many values have been sent so far, as others see it.
  size_t sent() const {
    // Acquire, paired with the release in `Send`: R2.
    return published_.load(std::memory_order_acquire);
  }

  // Whether there is room, by what was seen last or by a look.
  bool HasRoom(const SplitRing& ring) {
    if (sent_ - received_ < capacity_) return true;
    received_ = ring.received();
    return sent_ - received_ < capacity_;
  }

  // Moves `*value` to the end; its shell stays with the caller. Requires that `HasRoom` has said so.
  void Send(void* value) {
    element_.Move(slots_ + index_ * element_.size, value);
    Publish();
  }
  // The same, if the ring holds words.
  void SendWord(const void* value) {
    std::byte* const slot = slots_ + index_ * sizeof(void*);
    std::memcpy(slot, value, sizeof(void*));
    // The receiver has the cache line, from the last time round. To ask for it in good time is a fifth of the time of all where
    // the other processor is far away.
    if (index_ + kAhead < capacity_) PrefetchToWrite(slot + kAhead * sizeof(void*));
    Publish();
  }

 private:
  friend class SplitRing;

  static constexpr size_t kAhead = 64;

  void Publish() {
    if (++index_ == capacity_) index_ = 0;
    published_.store(++sent_, std::memory_order_release);
  }

  // Where an `ElementQueue` has its constants: who asks a channel for one may read it, without a lock, before it knows which of the
  // two the channel has, and must not read what is written there.
  const Element& element_;
  const size_t capacity_;
  std::byte* const slots_;
  Atomic<size_t> published_{0};  // `sent_`, for others.
  size_t sent_ = 0;
  size_t received_ = 0;  // As seen last.
  size_t index_ = 0;     // Of the next slot.
};

inline void* SplitRing::Front(const SplitSender& sender) {
  if (received_ == sent_) {
    sent_ = sender.sent();
    if (received_ == sent_) return nullptr;
  }
  return SlotAt(index_);
}

inline bool SplitRing::Receive(void* to, const SplitSender& sender) {
  void* const front = Front(sender);
  if (front == nullptr) return false;
  element_.Relocate(to, front);
  Publish();
  return true;
}

inline bool SplitRing::ReceiveWord(void* to, const SplitSender& sender) {
  const void* const front = Front(sender);
  if (front == nullptr) return false;
  std::memcpy(to, front, sizeof(void*));
  Publish();
  return true;
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_SPLIT_RING_H_
