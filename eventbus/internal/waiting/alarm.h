// Waking at a moment what has no thread that could sleep until then: a coroutine whose context has a deadline, or that
// receives from a timer.
//
// One thread of the process rings all alarms. It starts with the first, sleeps until the earliest is due, and ends when
// there has been none for a while, so a program that is done with alarms is done with the thread.
//
// Invariants:
//   L1. An alarm is in the heap from `Set` until it is taken out to be rung, or by `Cancel`; under the mutex.
//   L2. One alarm at a time is being rung, and `ringing_` is it; the clock does not touch it after `Ring` has returned.
//   L3. The thread sleeps no longer than until the earliest alarm: who sets one that is earlier than `sleeps_until_` wakes it, and
//       nobody else does. So an alarm that is set and cancelled again and again wakes it once. While time is virtual it sleeps
//       until it is told to look again: who moves the time does that.

#ifndef EVENTBUS_INTERNAL_WAITING_ALARM_H_
#define EVENTBUS_INTERNAL_WAITING_ALARM_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/ground/pairing_heap.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/parker.h"
#include "eventbus/internal/waiting/ready_work.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class AlarmClock;

// Rung once for each time that it is set. Must not be destroyed while set or ringing: `Cancel` it first.
class Alarm : public HeapNode<Alarm> {
 public:
  virtual ~Alarm() { ModelCheck(!set_, "an alarm was destroyed while it was set"); }

  friend bool operator<(const Alarm& a, const Alarm& b) { return a.at_ < b.at_; }

 protected:
  // Called by the clock's thread, at its time or a little later, with no lock held. Whom it makes ready goes on `wakes`
  // and `ready`, so that user code that an executor runs at once runs when `Cancel` need not wait for it. May set the
  // alarm again, as its last access to it, and may end its life. Must not block, and must not throw.
  virtual void Ring(WakeList& wakes, ReadyWork& ready) = 0;

 private:
  friend AlarmClock;

  Instant at_ = Instant::Never();
  bool set_ = false;  // In the heap. Guarded by the clock's mutex.
};

// Thread-safe.
class AlarmClock {
 public:
  // The one of the process. Never destroyed.
  static AlarmClock& Get();

  AlarmClock() = default;
  AlarmClock(const AlarmClock&) = delete;
  AlarmClock& operator=(const AlarmClock&) = delete;

  // Has `alarm`, which is not set, rung at `at`. O(1), but for the first, which starts the thread: if the system refuses
  // that, throws `std::system_error`, and the alarm is not set.
  void Set(Alarm& alarm, Instant at);

  // When this has returned, `alarm` is not set and not being rung, unless this is called from its `Ring`. O(log n).
  void Cancel(Alarm& alarm);

  // If `alarm` is set for later than `at`, sets it for `at`. Nothing if it is not set: it has been rung or is about to be.
  // Amortised O(log n).
  void SetEarlier(Alarm& alarm, Instant at);

  // How many are set.
  size_t size() const;

  // When the earliest is due; `Instant::Never()` without one.
  Instant Earliest() const;

  // Time has moved, become virtual, or real again.
  void LookAgain();

  // Blocks until all that are due have been rung, and whom they made ready was woken or given to its executor. From a `Ring`,
  // returns at once.
  void AwaitRung();

  // Whether the thread runs.
  bool has_thread() const;

 private:
  void Serve();
  void WakeThreadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PushLocked(Alarm& alarm, Instant at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Nothing if it is not in the heap.
  void RemoveLocked(Alarm& alarm) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;  // Nothing is rung under it.
  PairingHeap<Alarm> alarms_ ABSL_GUARDED_BY(mutex_);
  size_t size_ ABSL_GUARDED_BY(mutex_) = 0;            // Of `alarms_`.
  bool serving_ ABSL_GUARDED_BY(mutex_) = false;       // The thread runs, or is about to.
  Parker* sleeper_ ABSL_GUARDED_BY(mutex_) = nullptr;  // Of the thread, while it sleeps and nobody has woken it.
  Instant sleeps_until_ ABSL_GUARDED_BY(mutex_) = Instant::Never();  // Then.
  Alarm* ringing_ ABSL_GUARDED_BY(mutex_) = nullptr;                 // L2
  ThreadIdentity server_ ABSL_GUARDED_BY(mutex_) = nullptr;
  WaitQueue rung_ ABSL_GUARDED_BY(mutex_);   // Those that wait for the end of the ring in progress.
  WaitQueue quiet_ ABSL_GUARDED_BY(mutex_);  // Those that wait until the thread sleeps or has left.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_ALARM_H_
