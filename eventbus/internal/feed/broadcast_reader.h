// One consumer's place in a broadcast, and what a sender that finds no room there waits by. `broadcast.h` says how.

#ifndef EVENTBUS_INTERNAL_FEED_BROADCAST_READER_H_
#define EVENTBUS_INTERNAL_FEED_BROADCAST_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "eventbus/event.h"
#include "eventbus/executor.h"
#include "eventbus/internal/feed/broadcast.h"
#include "eventbus/internal/feed/broadcast_ring.h"
#include "eventbus/internal/feed/progress.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/observing/statistic.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

// What is the consumer's is touched only by who runs or ends it.
class BroadcastReader {
 public:
  // Waits by a waiter of `consumer`.
  BroadcastReader(SoleOperation& consumer, size_t capacity);
  BroadcastReader(const BroadcastReader&) = delete;
  BroadcastReader& operator=(const BroadcastReader&) = delete;

  size_t capacity() const { return capacity_; }

  // Before anyone else knows of it: it reads a broadcast of its own, and waits for the first value from now on.
  void JoinOwn(const Element& element);
  // One that begins at `position`.
  std::unique_ptr<Broadcast> MakeOwn(const Element& element, uint64_t position) const;

  // The consumer's ----------------------------------------------------------------------------------------------------

  // Takes the next value; the send that waited for that goes on `wakes`. Null if there is none: then the waiter has been
  // left, or the reader is to end. Run by `executor`.
  const void* TakeOrWait(WakeList& wakes, const Executor& executor) {
    if (next_ == available_ && !Refill(wakes, executor)) return nullptr;
    const void* const value = last_ = ring_->At(next_);
    ++next_;
    if (AsymmetricFence::StoreThenLoad(taken_, next_, word_) != 0) Attend(wakes);
    return value;
  }

  // What is known of the value that it took last.
  const EventInfo& info() const { return ring_->InfoOf(last_); }

  // Is done with the value that it took last. Whether one of `waiters` may wait for that.
  bool Pass(const Atomic<uint32_t>& waiters) {
    ring_->Pass(next_ - 1);
    return AsymmetricFence::StoreThenLoad(passed_, next_, waiters) != 0;
  }

  // Whether the waiter has been left, as far as the consumer has looked.
  bool waits() const { return waits_; }
  // The run that follows the end of the wait has begun.
  void HasBeenNotified() { waits_ = false; }

  // Takes the waiter back, if it was left. False if it was claimed, and a notification is on its way.
  bool CancelWait();

  // Passes all that is left, having called `see` with each. It has left the broadcast, or never joined one.
  void PassRest(absl::FunctionRef<void(const void* value)> see);

  // The sender's ------------------------------------------------------------------------------------------------------

  // Null while it reads the feed's.
  Broadcast* own() const { return own_.get(); }

  // Whether it has room for the value at `position`. Acquire: the sender reuses the slots of what it has passed. Sequentially
  // consistent for the case without the fence.
  bool HasRoomFor(uint64_t position) const { return position < taken_.load(std::memory_order_seq_cst) + capacity_; }

  // Waits, by `delivery`, until it has room for the value at `position`: `*delivery.value`, with `info`, or null if that is published
  // for all. To be followed by `AsymmetricFence::Heavy` and `HasRoomFor` (B3). False if it has left.
  bool Await(Waiter& delivery, const EventInfo& info, uint64_t position);
  // What it waits for, for who has claimed the delivery.
  const EventInfo& awaited_info() const { return awaited_info_; }

  // Anyone's ----------------------------------------------------------------------------------------------------------

  // Claims the delivery that waits, if one does; null if not. Of all that call it one gets it.
  Waiter* Claim();

  // Ends its wait for a value of its own broadcast, if it waits, though there may be none.
  void EndWait(WakeList& wakes);

  // Leaves its own broadcast: nothing that is sent later is for it. If it is to finish what it has, and waits for a value, it goes
  // on `wakes`.
  void LeaveOwn(bool finish, WakeList& wakes);

  // Whether a send waits for room.
  bool IsWaitedFor() const { return word_.load(std::memory_order_acquire) & kWaiting; }

  // The most that it has found waiting.
  size_t high_water() const { return high_water_.Get(); }

  // How many values wait for it now, or did a moment ago; `common_head` is the head of the common broadcast. Not while it is being
  // detached.
  size_t CountWaiting(uint64_t common_head) const;

  // Below which position it has handled everything.
  uint64_t done() const { return passed_.load(std::memory_order_acquire); }
  // How far it is. `common_head` as above; so is when.
  Progress GetProgress(uint64_t common_head) const;

  // Whether what is published is for it. Sure if asked under the mutex of what it reads.
  bool has_left() const { return word_.load(std::memory_order_acquire) & kLeft; }
  bool reads_common() const { return !(word_.load(std::memory_order_acquire) & (kDetached | kLeft)); }

 private:
  friend Broadcast;

  // The word: whether a send waits for room, and for what position; whether B5 holds; whether it has left.
  //
  //   63            3      2         1          0
  //   | position     | left | detached | waiting |
  static constexpr uint64_t kWaiting = 1;
  static constexpr uint64_t kDetached = 2;
  static constexpr uint64_t kLeft = 4;
  static constexpr int kPositionShift = 3;

  static constexpr uint64_t kNotJoined = static_cast<uint64_t>(-1);  // In `taken_`: nothing waits for it.
  static constexpr size_t kNoIndex = static_cast<size_t>(-1);

  // Finds what has been published meanwhile; else leaves the waiter, unless it has left: false. The send that waited for the next
  // value goes on `wakes`.
  bool Refill(WakeList& wakes, const Executor& executor);
  // Looks at the word, after a value has been taken.
  void Attend(WakeList& wakes);
  // Has the delivery, which it has claimed, done.
  void Complete(WakeList& wakes);
  // Goes on with its own broadcast, having reached the end of the common one.
  void GoOnAlone();
  void PassUntil(uint64_t end, absl::FunctionRef<void(const void* value)> see);
  // All that is or will be for it is below this, as far as is known.
  uint64_t End(uint64_t common_head) const {
    if (own_ != nullptr) return own_->head();
    return has_left() ? end_ : common_head;
  }
  // Leaves the common broadcast, whose head is `head`, under its mutex. A send that waits for it to take what is published is over.
  void LeaveAt(uint64_t head, WakeList& wakes);
  // Takes `kWaiting` and the position out of the word, which was `seen`, and puts `also` in. False if it had changed.
  bool TryClaim(uint64_t seen, uint64_t also);
  // The same whatever the word was. False if no send waits.
  bool ClaimWord(uint64_t also);

  const size_t capacity_;

  // The consumer's.
  Broadcast* queue_ = nullptr;
  Ref<BroadcastRing> ring_;
  uint64_t next_ = 0;
  const void* last_ = nullptr;  // The value before it.
  uint64_t available_ = 0;      // It may take all below this. B3
  Statistic high_water_;
  bool waits_ = false;  // The waiter was left, and what came of that has not been looked at.
  bool alone_ = false;  // It reads a broadcast of its own, or has ended for want of one. `own_` may be there before.

  Atomic<uint64_t> taken_{kNotJoined};  // `next_`, for the sender.
  Atomic<uint64_t> passed_{0};          // All below this has been handled. Release, for who waits for that.
  Atomic<uint64_t> word_{0};

  // The sender's, for who has claimed it.
  Waiter* delivery_ = nullptr;
  EventInfo awaited_info_;

  // Set before it joins, or by `Detach`: for the consumer once it has seen `kDetached`.
  std::unique_ptr<Broadcast> own_;

  // Guarded by the mutex of the common broadcast; as it is then, once it has left or is detached.
  size_t index_ = kNoIndex;                   // Among the members.
  uint64_t end_ = 0;                          // What it may take of the common values is below this;
  uint64_t pass_until_ = 0;                   // it passes all below this, once it has left,
  const BroadcastRing* last_ring_ = nullptr;  // and this is the last ring of them.

  // Guarded by the mutex of what it reads.
  Waiter waiter_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_BROADCAST_READER_H_
