// Who of those that have collected values sends them: one at a time, in the order of the collection, and nothing is left behind.
//
// Invariants:
//   O1. One thread at a time has the turn, and sends the oldest value. It gives the turn up only under the mutex, and only if
//       there is nothing to send, or to the oldest that waits for it.
//   O2. So, but for who gives up because of its context, who adds a value and finds the turn taken may leave: the value is sent
//       by whoever has the turn, or has it next.
//
// Who wakes whom: who gives up the turn wakes the oldest that waits for it.

#ifndef EVENTBUS_INTERNAL_OWNERS_OUTBOX_TURN_H_
#define EVENTBUS_INTERNAL_OWNERS_OUTBOX_TURN_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

// Selectable: an arm is complete when its operation has the turn. The values are guarded by `mutex` too.
class OutboxTurn final : public Selectable {
 public:
  // Blocks until the caller has the turn: OK, and `goal` is how many values have been added by now; or until `context` is done,
  // which is checked first: its status. From inside any handler it does not wait: `kUnavailable`, and O2.
  absl::Status Take(const Context& context, uint64_t& goal);

  // One more value has been added.
  void AddedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { ++added_; }
  // One has been sent, or dropped.
  void RemovedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { ++removed_; }

  // Whether the caller, who has the turn, gives it up, which then has happened: there is nothing left, or its goal has been
  // reached and somebody waits.
  bool GiveUpLocked(uint64_t goal, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Gives it up, whatever is left.
  void Abort();

  size_t CountWaiting() const;
  size_t CountValues() const;

  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { waiting_.PushBack(arm); }
  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "turn of outbox"; }

 private:
  bool HandOverLocked(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  bool taken_ ABSL_GUARDED_BY(mutex) = false;
  uint64_t added_ ABSL_GUARDED_BY(mutex) = 0;
  uint64_t removed_ ABSL_GUARDED_BY(mutex) = 0;
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_OUTBOX_TURN_H_
