// One queue that many consumers without a thread read, each at its own pace: a value is written once, and read where it is by all.
// To send costs as much for one reader as for a thousand, but for waking those that wait and looking, now and then, how far
// the others are.
//
// A reader's room is what counts of a queue of its own: `capacity` values may be published that it has not taken. There are
// `head` - `taken` of them.
//
// Invariants ("published" positions are those below `head`):
//   B1. Who has the feed's turn writes: `head`, the ring, and the value at `head`, which nobody reads before it is published.
//       When no send is in progress, no reader's `taken` is less than `head - capacity`.
//   B2. A reader takes positions one after the other, below `head`, and holds the last one that it took until it passes it. So,
//       as long as all that may read the ring are members, the slot of the value at `head` is free
//       (`BroadcastRing::kBeyondCapacity`).
//   B3. A send waits for a reader without room by `kWaiting`, with the position that it has no room for. Whoever clears
//       that has claimed the delivery: the reader, once it has room; who takes the reader out; the sender. The sender sets
//       it and then looks at `taken`; the reader stores `taken` and then looks at it; so at least one sees the other
//       (`asymmetric_fence.h`). A reader takes no position that a send waits for it with: it claims the delivery first. So where
//       it is told to end, by who has claimed that instead, is never below what it has taken, or may take without another look.
//   B4. A reader waits for values by its waiter among `idle`, put there under the mutex and only if it has taken all that
//       is published; publishing claims all of them under the mutex.
//   B5. A reader that has missed a value, because it had no room for it, reads what came before from where it is, up to
//       `end`, and all later values from a broadcast of its own. If the value was not yet published, `kDetached` is set before
//       it is; else it takes the place of `kWaiting`, which the reader would have seen before it came to `end`.
//   B6. A value that is not trivial counts its readers: those that were there when it was published. Each of them passes it
//       once: after it was handled, or when the reader ends. So one that leaves while a send waits for it to take what is published
//       passes that too, but does not take it.
//   B7. One that has left, or is detached, stays a member for as long as it may read the ring, as a ghost: no value is for it.
//       If the sender needs the room that a ghost holds, it goes on with a new ring, and leaves the old one to the ghosts.
//
// Who wakes whom: publishing notifies the readers that wait; a reader that takes a value wakes the send that waits for it.
//
// Origin: the ring buffer of the LMAX Disruptor, where consumers are gated by the slowest; the receivers of tokio's broadcast
// channel. That a reader leaves the common queue instead of losing values is our own.

#ifndef EVENTBUS_INTERNAL_FEED_BROADCAST_H_
#define EVENTBUS_INTERNAL_FEED_BROADCAST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "eventbus/event.h"
#include "eventbus/internal/feed/broadcast_ring.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class BroadcastReader;

class Broadcast {
 public:
  Broadcast() = default;
  // For one reader, which goes on with it at `position`.
  Broadcast(uint64_t position, Ref<BroadcastRing> ring) : head_(position), ring_(std::move(ring)) {}
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  // Adds `reader`, which waits for the value at `head` from now on. `ring` suffices for it, and is taken if that of this does
  // not; null if that did before. Throws `std::bad_alloc`, and then did nothing. Not while a send is in progress.
  void Join(BroadcastReader& reader, Ref<BroadcastRing>& ring);

  // Takes `reader` out, if it is in: nothing that is published later is for it. If it is to finish what it has, and waits for a
  // value, it goes on `wakes`.
  void Leave(BroadcastReader& reader, bool finish, WakeList& wakes);

  // Whether what is published is for one reader, as far as is seen without the mutex.
  bool HasOneReader() const { return live_.load(std::memory_order_relaxed) == 1; }

  // The largest capacity that the ring suffices for. Never becomes less.
  size_t capacity() const { return capacity_.load(std::memory_order_relaxed); }

  // For who has the turn ----------------------------------------------------------------------------------------------

  uint64_t head() const { return head_.load(std::memory_order_relaxed); }
  void* NextSlot() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return ring_->At(head()); }  // B1
  // Passes a published value for a reader that has missed it.
  void PassFor(uint64_t missed) ABSL_NO_THREAD_SAFETY_ANALYSIS { ring_->Pass(missed); }  // B1
  bool HasReaders() const { return live_.load(std::memory_order_relaxed) > 0; }

  // Puts those that have no room for the value at `head` into `slow`. O(1) if it is known that all have, else O(readers).
  // Throws `std::bad_alloc`, and then did nothing that matters.
  void FindSlow(std::vector<BroadcastReader*>& slow);

  // Publishes the value that is in `NextSlot`, of the send `sequence`: `kDone`, and for how many readers it is, but for those of
  // `slow`, which all wait for room or have left, is added to `delivered`; `wakes` gets those that waited for a value.
  // `kNotReady`, and nothing happened, if there are no readers left.
  Outcome Publish(uint64_t sequence, const std::vector<BroadcastReader*>& slow, WakeList& wakes, size_t& delivered);

  // For a broadcast with one reader: moves `*value` in, whose shell stays with the caller, and publishes it.
  void Append(void* value, const EventInfo& info, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // The same for the reader itself, which does not wait, and has claimed the delivery (B3): until it wakes the sender, who has the turn,
  // nobody else writes, so the mutex is not needed, nor analysed.
  void AppendByReader(void* value, const EventInfo& info) ABSL_NO_THREAD_SAFETY_ANALYSIS;

  // Has `reader` miss the value at `missed`, which is at `head`, or just below it if it is published, as B5 says. It goes on
  // with `own`; null: it is to end. False, and nothing happened, if the reader `waits` and has been claimed. `wakes` gets it, if
  // it waits for a value.
  bool Detach(BroadcastReader& reader, uint64_t missed, bool waits, std::unique_ptr<Broadcast>& own, WakeList& wakes);

  // Of one that has a single reader, for that.
  Ref<BroadcastRing> SoleRing() const {
    MutexLock lock(&mutex);
    return ring_;
  }

  mutable Mutex mutex;  // Rank: below the feed's membership. Nothing is woken under it.

 private:
  friend BroadcastReader;

  struct Member {
    BroadcastReader* reader;
    uint64_t room_until;  // It has room for all below this, as far as is known.
  };

  // Looks at all readers, as `FindSlow` says. True if a ghost is in the way (B7).
  bool Scan(std::vector<BroadcastReader*>& slow) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Goes on with `ring` from `head`; `crossing` readers will follow. Leaves the ghosts behind.
  void Renew(Ref<BroadcastRing> ring, size_t crossing) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // `reader` will not read the ring any more.
  void Depart(BroadcastReader& reader);
  void RemoveMember(BroadcastReader& reader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Ends the wait of `reader` for a value.
  void WakeLocked(BroadcastReader& reader, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  Atomic<uint64_t> head_{0};                        // Release, to publish the value below it. B1
  Atomic<size_t> capacity_{0};                      // Of the ring. Relaxed: a hint, until under the mutex.
  Ref<BroadcastRing> ring_ ABSL_GUARDED_BY(mutex);  // Null until the first reader joins. B1
  // At most the least of the members'. Belongs to who has the turn, and to who joins a member while no send is in progress.
  uint64_t room_until_ = 0;
  std::vector<Member> members_ ABSL_GUARDED_BY(mutex);
  Atomic<size_t> live_{0};  // Members that are no ghosts. Written under the mutex; relaxed.
  WaitQueue idle_ ABSL_GUARDED_BY(mutex);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_BROADCAST_H_
