// Units that are taken and given back, in the order in which they were asked for.
//
// Invariants, whenever the mutex is free ("live" waiters are those whose operation nobody has claimed):
//   S1. 0 <= `available_` <= `total_`; what is not available has been taken, or handed over to a waiter.
//   S2. If a live waiter is first in the queue, it wants more than is available. A stale one may be first whatever it
//       wants; its owner is about to take it out.
//   S3. Who waits is not overtaken: nobody takes units while somebody is in the queue.
//
// Who wakes whom: `Release`, and a waiter that gives up (`Withdrawn`), serve the queue from its front for as long as there
// is enough. The units have been taken for a waiter before it is woken.
//
// Origin: the weighted semaphore of Go's x/sync.

#ifndef EVENTBUS_INTERNAL_GROUPS_SEMAPHORE_CORE_H_
#define EVENTBUS_INTERNAL_GROUPS_SEMAPHORE_CORE_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class SemaphoreCore;

// What a waiter's `value` points to.
struct SemaphoreRequest {
  void GiveBack();

  SemaphoreCore* semaphore;
  int64_t units;
};

class SemaphoreCore final : public Selectable {
 public:
  explicit SemaphoreCore(int64_t total);
  SemaphoreCore(const SemaphoreCore&) = delete;
  SemaphoreCore& operator=(const SemaphoreCore&) = delete;
  ~SemaphoreCore();

  // Blocks until `deadline`. `kDone`, `kDeadline`, `kNotReady` (if the deadline is `Instant::Past()`), or at once `kClosed`: more
  // than there will ever be.
  Outcome Acquire(int64_t units, Instant deadline);

  // Fails at once if more is given back than was taken.
  void Release(int64_t units);

  int64_t total() const { return total_; }
  int64_t ApproxAvailable() const;

  // How many wait. O(n).
  size_t CountWaiting() const;

  // Selectable: complete when the arm's request has its units, or can never have them.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const override;
  void Withdrawn(WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  // Serves the queue. Restores S2.
  void ServeLocked(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  const int64_t total_;
  int64_t available_ ABSL_GUARDED_BY(mutex);
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

inline void SemaphoreRequest::GiveBack() { semaphore->Release(units); }

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_SEMAPHORE_CORE_H_
