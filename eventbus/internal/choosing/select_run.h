// The steps of a select, for whoever waits for its end: a thread (`select_core.cc`) or a coroutine (`async_select.h`).

#ifndef EVENTBUS_INTERNAL_CHOOSING_SELECT_RUN_H_
#define EVENTBUS_INTERNAL_CHOOSING_SELECT_RUN_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/fixed_array.h"
#include "absl/types/span.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

// How many arms take no allocation. For more there is one of each array when a run is made, and none later.
inline constexpr size_t kInlineArms = 8;

// The claim word of a select that waits: null until claimed, then the waiter that took effect, or the operation itself
// when it gave up.
class ClaimWord {
 public:
  bool Claim(const void* claimer) {
    const void* nobody = nullptr;
    // Relaxed: the word decides only who goes on. What the claimer does next reaches the owner through its wake-up; what
    // the owner did before reaches the claimer through the mutex of the selectable.
    return word_.compare_exchange_strong(nobody, claimer, std::memory_order_relaxed, std::memory_order_relaxed);
  }
  // Who claimed, for the owner once it was woken, and for who holds all mutexes under which others claim.
  const void* claimer() const { return word_.load(std::memory_order_relaxed); }

 private:
  Atomic<const void*> word_{nullptr};
};

class SelectRun {
 public:
  // Borrows `arms`.
  SelectRun(absl::Span<const Arm> arms, Choice choice);

  // Step 1. True if an arm took effect; then `selected` says which.
  bool PollOneByOne(Selected& selected);

  // Step 2. True if an arm took effect. Otherwise, if there is an `operation`, its waiters are enlisted; `due` is when an
  // arm may be ready by itself.
  bool PollTogether(Operation* operation, WakeList& wakes, Selected& selected, Instant& due);

  // What has come of a moment at which an arm may be ready by itself.
  enum class Due : uint8_t {
    kClaimed,  // A waiter had been claimed before.
    kDone,     // An arm has taken effect; then `selected` says which, and `operation` has the claim.
    kNotYet,   // Time was set back meanwhile, say, or another has what there was; then `due` is the next such moment.
  };
  // Instead of another poll while the waiters are enlisted: those that time makes ready are tried again, and all others keep
  // their places in their queues.
  Due PollDue(Operation* operation, ClaimWord& word, WakeList& wakes, Selected& selected, Instant& due);

  // The end of step 3: takes out whatever waiter is still enlisted. Whom that makes ready goes on `wakes`.
  void Withdraw(WakeList& wakes);

  // Says for what it waits, while that stays so.
  void Describe(WaiterInfo& info) const;

  // What a claim by `waiter`, one of this run's, comes to.
  Selected SelectedBy(const Waiter& waiter) const {
    return {.index = static_cast<int>(&waiter - waiters_.data()), .outcome = waiter.outcome};
  }

 private:
  class LockAll;

  // The arm to be looked at in the given step of a poll: in the order of the list, or of a shuffle that goes along with
  // the poll (Fisher and Yates).
  size_t Visit(size_t step);

  // All mutexes are held, by `PollTogether`. Not analysed, for the analysis cannot follow a set of mutexes;
  // `select_model_test` explores these instead.
  bool PollLocked(WakeList& wakes, Selected& selected) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  Instant EnlistLocked(Operation& operation) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  // True if one of those that time makes ready took effect. The others are where they were.
  bool PollDueLocked(WakeList& wakes, Selected& selected, Instant& due) ABSL_NO_THREAD_SAFETY_ANALYSIS;

  const absl::Span<const Arm> arms_;
  const Choice choice_;
  absl::FixedArray<Waiter, kInlineArms> waiters_;
  absl::FixedArray<uint32_t, kInlineArms> order_;
  absl::FixedArray<Selectable*, kInlineArms> targets_;  // Those of `arms_`, once each, by address. Filled for step 2.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHOOSING_SELECT_RUN_H_
