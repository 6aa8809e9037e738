// The channel state machine, for elements of any type.
//
// Invariants, whenever the mutex is free ("live" waiters are those whose operation nobody has claimed):
//   I1. A live receiver waits only if the queue is empty and no live sender waits.
//   I2. A live sender waits only if the queue is full, at capacity 0 always, and the channel is open.
//   I3. Once closed, nobody waits, and the queue only shrinks.
//   I4. Values leave in the order in which they were accepted, and waiting senders are accepted in the order in which
//       they came: a receiver takes from the queue first, and the slot that it frees is filled by the oldest waiting
//       sender in the same hold of the mutex.
// "The mutex" is `mutex`. A channel of some size has a second one, of its queue's receiving end (`split_ring.h`): a receiver that
// finds a value takes it under that one alone, unless a sender waits or a watch is there. So whoever wants to wait or to watch
// takes both, and has receivers come by the channel from then on (R3). A receiver that finds nothing comes anyway.
//
// Who wakes whom: a send completes the oldest waiting receiver, a receive the oldest waiting sender, `Close` all. A
// timed channel (`TryProduce`) also becomes ready by the clock, and its receivers wake themselves. Whatever changes what a
// receive would find tells the watches.
//
// Origin: the channel of the Go runtime, `chan.go`.

#ifndef EVENTBUS_INTERNAL_CHANNEL_CHANNEL_CORE_H_
#define EVENTBUS_INTERNAL_CHANNEL_CHANNEL_CORE_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "eventbus/internal/channel/channel_watch.h"
#include "eventbus/internal/channel/element_queue.h"
#include "eventbus/internal/channel/split_ring.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class ChannelCore : public Selectable, public RefCounted {
 public:
  // `capacity` 0 is a rendezvous, `kUnboundedCapacity` has no limit.
  ChannelCore(const Element& element, size_t capacity, Label label = {});

  // Constants of the queue, which need no lock; the analysis knows the queue only as a whole.
  const Element& element() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return ring_ != nullptr ? stored_.sender.element() : stored_.queue.element();
  }
  size_t capacity() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return ring_ != nullptr ? stored_.sender.capacity() : stored_.queue.capacity();
  }

  // A send moves `*value` into the channel or to a receiver; a receive moves the oldest value to the raw memory at
  // `value`. Blocks until `deadline` while there is no room, or no value. `kDone`, `kClosed` or `kDeadline` (`kNotReady`
  // if the deadline is `Instant::Past()`); unless `kDone`, nothing happened.
  Outcome Complete(Role role, void* value, Instant deadline);

  // Receives the oldest value if the lock of the receiving end is all that this takes. False says nothing: `Complete` may
  // find one.
  bool TryReceiveQueued(void* to) {
    bool alone;
    return ring_ != nullptr && TryReceiveQueued(to, alone);
  }

  // Receives up to `max` values without blocking, the n-th to `to` + n element sizes; fewer if there are fewer. Returns
  // how many.
  size_t TryReceiveMany(void* to, size_t max);

  // Refuses sends, returns blocked senders' values, ends receivers once drained. True for the first call.
  bool Close() {
    WakeList wakes;
    return Close(wakes);
  }
  // The same; whom that makes ready is left on `wakes`.
  bool Close(WakeList& wakes);

  // Acquire, paired with the release in `Close`.
  bool closed() const { return closed_.load(std::memory_order_acquire); }

  size_t ApproxSize() const;
  size_t SizeLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return ring_ != nullptr ? QueuedInRing() : stored_.queue.size();
  }

  // How many waiters are linked on one side. O(n): for tests and reports.
  size_t CountWaiting(Role role) const;

  // Selectable.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const override;
  Instant ReadyAt(const Waiter& arm) const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Tells `watch` of every change from now on, beginning with how things are. Removing one is O(watches).
  void AddWatch(ChannelWatch& watch);
  // The same. Returns how many values are queued, of which it will be told one by one.
  size_t AddWatchLocked(ChannelWatch& watch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void RemoveWatch(ChannelWatch& watch) {
    MutexLock lock(&mutex);
    RemoveWatchLocked(watch);
  }
  void RemoveWatchLocked(ChannelWatch& watch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void TellWatches() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // The steps of a send and a receive that need no waiting. `kNotReady` if they do.
  Outcome TrySendLocked(void* value, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return ring_ != nullptr && TrySendQueued(value) ? Outcome::kDone : TrySendFullyLocked(value, wakes);
  }
  Outcome TryReceiveLocked(void* to, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Receives the oldest value that is queued, false if none is, and calls `see_next` with the one after it, if there is one, before
  // anybody else can receive that. `see_next` only reads and writes the value.
  bool EvictLocked(void* to, WakeList& wakes, absl::FunctionRef<void(void* next)> see_next)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 protected:
  ~ChannelCore() override;

  // For timed channels: makes the value that is due, if one is, at `to`.
  virtual bool TryProduce(void* to) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // When the next value is due.
  virtual Instant ProducesAt() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  Outcome TryLocked(Role role, void* value, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void HaveChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (watches_ != nullptr) TellWatches();
  }
  // The same, and a value has left the queue.
  void HaveReceived(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (watches_ != nullptr) TellWatchesOfReceive(wakes);
  }
  void TellWatchesOfReceive(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  Outcome WaitFor(Role role, void* value, Instant deadline);

  // The steps of a queue that is split.
  Outcome TrySendToRing(void* value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool TryReceiveFromRing(void* to, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool TryReceiveFromRingLocked(void* to, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex, ring_->mutex);
  // The same of one that is not, and not empty.
  void ReceiveFromQueue(void* to, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool HasQueued() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return ring_ != nullptr ? QueuedInRing() != 0 : !stored_.queue.empty();
  }
  // How many values a ring holds; without a lock it may be more, by what is received meanwhile.
  size_t QueuedInRing() const {
    const size_t received = ring_->received();
    return sender().sent() - received;  // Looked at later, so it is not less.
  }
  // For what of the sending end needs no lock.
  const SplitSender& sender() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return stored_.sender; }

  // As above, where there is a ring. `alone`: no sender waits, and nobody watches.
  bool TryReceiveQueued(void* to, bool& alone) {
    MutexLock lock(&ring_->mutex);
    alone = !ring_->needs_channel;
    return alone && ring_->Receive(to, sender());
  }
  // The same for a send: there is room, and nobody to be told.
  bool TrySendQueued(void* value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (!MaySendQueued()) return false;
    stored_.sender.Send(value);
    return true;
  }
  bool MaySendQueued() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (closed_.load(std::memory_order_relaxed) || !receivers_.empty() || watches_ != nullptr) return false;
    return stored_.sender.HasRoom(*ring_);
  }
  // What is left of `TrySendLocked` and `Complete` when the shortest way has led nowhere.
  Outcome TrySendFullyLocked(void* value, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  Outcome CompleteFully(Role role, void* value, Instant deadline, bool alone);
  // For a ring of words: sends or receives one, if that takes the lock of its end alone and that is free. False says nothing.
  bool TrySendWord(const void* value);
  bool TryReceiveWord(void* to);
  // `Complete`, but for that.
  Outcome CompleteAnything(Role role, void* value, Instant deadline);
  // Wait for a short while, awake, holding nothing. What they have seen may have gone when they return.
  bool AwaitValue() const;
  void AwaitRoom() const;

  Atomic<bool> closed_{false};  // Written under the mutex.
  union Stored {
    Stored() {}
    ~Stored() {}
    ElementQueue queue;
    SplitSender sender;  // If there is a ring.
  };
  Stored stored_ ABSL_GUARDED_BY(mutex);  // But for constants, and `sent`.
  WaitQueue receivers_ ABSL_GUARDED_BY(mutex);
  WaitQueue senders_ ABSL_GUARDED_BY(mutex);
  ChannelWatch* watches_ ABSL_GUARDED_BY(mutex) = nullptr;  // The first. Most channels have none.
  // Null unless the queue is split. Behind all that senders write, so that receivers do not read from that cache line.
  SplitRing* const ring_;
  const Label label_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHANNEL_CHANNEL_CORE_H_
