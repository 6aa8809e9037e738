// Time that a test moves by hand: who sleeps until a moment of it, and what wakes them. Behind `VirtualClock`.
//
// While time is virtual a parked thread with a deadline sleeps without one, as an entry in the list of sleepers. Who moves
// time wakes those whose moment has come.
//
// Invariants:
//   V1. Time changes under the mutex, and who enters the list compares its moment with the time under the same hold: so
//       either it finds that its moment has come, or who moves time finds it in the list.
//   V2. A sleeper is in the list at most from `Wait` to its return, and touched there under the mutex only: its word
//       outlives its entry.
//   V3. A sleeper that has been nudged is not in the list: it is not counted as waiting any more.
//   V4. Whatever may raise the number of those who wait ends with `Changed`, after it.
//
// Who wakes whom: `MoveTo` and `End` nudge sleepers: they set a bit of the word that the sleeper waits for, so that it does not
// fall asleep after all. `Changed` wakes who waits for a number of waiters.

#ifndef EVENTBUS_INTERNAL_WAITING_VIRTUAL_TIME_H_
#define EVENTBUS_INTERNAL_WAITING_VIRTUAL_TIME_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

// Thread-safe.
class VirtualTime {
 public:
  // The bit of a sleeper's word that this sets and clears.
  static constexpr uint32_t kNudged = uint32_t{1} << 30;

  static VirtualTime& Get() { return ProcessWide<VirtualTime>(); }

  // From now on time is virtual, and the wall clock shows `start`. False if it is already.
  bool Begin(absl::Time start);
  // From now on it is real; wakes all sleepers, who look again.
  void End();

  // Sets the time, which does not go back, and wakes those whose moment has come.
  void MoveTo(Instant now);
  // Moves it on by `duration`, however many do so at once, and wakes as above.
  void MoveBy(absl::Duration duration);

  // Blocks while `word` holds `expected`, until time reaches `until` or is not virtual any more, or for no reason.
  void Wait(Atomic<uint32_t>& word, uint32_t expected, Instant until);

  size_t CountSleepers() const;
  // The earliest moment for which one waits; `Instant::Never()` without one.
  Instant Earliest() const;

  // Says that somebody may have begun to wait. Cheap unless time is virtual.
  static void Changed() {
    if (TimeIsVirtual()) Get().TellChange();
  }
  // A number that differs after each change, and waiting until it is not `seen` any more.
  uint32_t changes() const { return changes_.load(std::memory_order_acquire); }
  void AwaitChange(uint32_t seen) const { Futex::Wait(changes_, seen, Instant::Never()); }

 private:
  struct Sleeper;

  void MoveToLocked(Instant now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellChange();
  static void Nudge(Sleeper& sleeper);

  mutable Mutex mutex_;
  List<Sleeper> sleepers_ ABSL_GUARDED_BY(mutex_);
  // Release in `TellChange`, acquire in `changes`: who sees the number finds what was changed. Wraps.
  Atomic<uint32_t> changes_{0};
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_VIRTUAL_TIME_H_
