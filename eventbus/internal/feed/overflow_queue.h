// The queue of a handler that has an executor and an overflow policy: a sender never waits for it, but takes out of it what the
// policy gives up.
//
// A value has a position: it enters at `back` and leaves at `front`, taken by the consumer or evicted by the sender.
//
// Invariants, whenever the mutex is free:
//   Q1. `front <= back <= front + capacity`. The slots in between hold values.
//   Q2. The consumer's waiter is linked only while the queue is empty and not left.
//   Q3. Nothing enters once it was left.
//   Q4. A value's `lost` is what was lost between the value that left or will leave before it and itself.
//   Q5. What is evicted lies in the sender's hand, and what is taken in the consumer's, outside of the slots; both are moved there
//       under the mutex, and end their lives without it.
//
// Who wakes whom: a value that enters notifies the consumer, if that waits; and so does leaving, if the consumer is to finish.

#ifndef EVENTBUS_INTERNAL_FEED_OVERFLOW_QUEUE_H_
#define EVENTBUS_INTERNAL_FEED_OVERFLOW_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "eventbus/event.h"
#include "eventbus/executor.h"
#include "eventbus/internal/feed/key_index.h"
#include "eventbus/internal/feed/progress.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/raw_elements.h"
#include "eventbus/internal/observing/statistic.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/overflow.h"

namespace eventbus::internal {

class OverflowQueue {
 public:
  // For at least one value, which `consumer` takes; it waits from now on. `keys` may be null. Throws `std::bad_alloc`.
  OverflowQueue(SoleOperation& consumer, const Element& element, size_t capacity, Overflow overflow,
                std::unique_ptr<KeyIndex> keys);
  OverflowQueue(const OverflowQueue&) = delete;
  OverflowQueue& operator=(const OverflowQueue&) = delete;

  // The sender's, one at a time ----------------------------------------------------------------------------------------

  // Null unless only the newest of each key is kept.
  KeyIndex* keys() const { return keys_.get(); }

  enum class Offered {
    kTaken,          // It is in.
    kTakenForOther,  // It is in, and the value at `evicted` is out.
    kEvicted,        // It is not yet in, but the value at `evicted` is out: to be offered again.
    kFull,           // There is no room, and the policy makes none.
    kLeft,
  };
  // Moves `*value` in, if it gives kTaken or kTakenForOther; its shell stays with the caller. The key, if there are keys, has been
  // prepared. Throws `std::bad_alloc` only if there are, and then did nothing.
  Offered Offer(void* value, const EventInfo& info, WakeList& wakes);

  // The value that was evicted last, whose life the caller ends before it offers another one.
  void* evicted() const { return values_[capacity_ + 1]; }

  // Anyone's ----------------------------------------------------------------------------------------------------------

  // Ends the consumer's wait, if it waits, though there may be no value.
  void EndWait(WakeList& wakes) {
    MutexLock lock(&mutex_);
    idle_.ClaimAll(Outcome::kDone, wakes);
  }

  // Nothing enters from now on. If the consumer is to finish what is left, and waits, it goes on `wakes`.
  void Leave(bool finish, WakeList& wakes);

  size_t size() const {
    MutexLock lock(&mutex_);
    return static_cast<size_t>(back_ - front_);
  }
  size_t capacity() const { return capacity_; }
  // The most that the consumer has found waiting.
  size_t high_water() const { return high_water_.Get(); }
  Overflow overflow() const { return overflow_; }
  // How far the consumer is.
  Progress GetProgress() const;
  uint64_t done() const { return GetProgress().done; }

  // The consumer's ----------------------------------------------------------------------------------------------------

  // Takes the next value, which is the consumer's until it passes it. Null if there is none: then the waiter has been left, or the
  // queue has. Nobody waits for that, and it does not matter who runs it.
  const void* TakeOrWait(WakeList& nobody, const Executor& executor);
  // What is known of the value that was taken.
  const EventInfo& info() const { return taken_info_; }
  // Ends the life of the value that was taken. Whether one of `waiters` may wait for that.
  bool Pass(const Atomic<uint32_t>& waiters) {
    element().destroy(values_[capacity_]);
    return AsymmetricFence::StoreThenLoad(passed_, taken_count_, waiters) != 0;
  }

  // Whether the waiter has been left, as far as the consumer has looked.
  bool waits() const { return waits_; }
  // The run that follows the end of the wait has begun.
  void HasBeenNotified() { waits_ = false; }
  // Takes the waiter back, if it was left. False if it was claimed, and a notification is on its way.
  bool CancelWait();

  // Drops all that is left, having called `see` with each. It was left, or nobody else knows of it.
  void PassRest(absl::FunctionRef<void(const void* value)> see);

 private:
  static constexpr size_t kHands = 2;

  const Element& element() const { return values_.element(); }
  size_t IndexOf(uint64_t position) const { return static_cast<size_t>(position % capacity_); }
  void MoveIn(void* value, const EventInfo& info, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Moves the value at the front to `to`. Returns what is known of it.
  EventInfo MoveOut(void* to) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Moves the value at the front to `evicted`. Returns what is to be told with a value that follows, if none follows yet.
  uint64_t Evict() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t capacity_;
  Statistic high_water_;
  const Overflow overflow_;
  const std::unique_ptr<KeyIndex> keys_;
  const std::unique_ptr<EventInfo[]> infos_;
  const RawElements values_;  // The slots, the consumer's hand, the sender's hand.

  mutable Mutex
      mutex_;  // Rank: with those of channels. Nothing but moves of values, and comparing of keys, is done under it.
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t front_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t back_ ABSL_GUARDED_BY(mutex_) = 0;
  // All below this is to be evicted, before the value for which that is done enters: `kLatest`.
  uint64_t clear_until_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t taken_at_ ABSL_GUARDED_BY(mutex_) = 0;  // The position of the value that was taken last,
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;     // and how many have been taken.
  uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;   // What was left at the end.
  Waiter waiter_ ABSL_GUARDED_BY(mutex_);
  WaitQueue idle_ ABSL_GUARDED_BY(mutex_);  // It, or empty.

  // The consumer's.
  EventInfo taken_info_;
  uint64_t taken_count_ = 0;    // `taken_`, for itself.
  Atomic<uint64_t> passed_{0};  // How many have been handled. Release, for who waits for that.
  bool waits_ = true;           // The waiter was left, and what came of that has not been looked at.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_OVERFLOW_QUEUE_H_
