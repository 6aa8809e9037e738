#include "eventbus/internal/choosing/select_core.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>

#include "absl/container/fixed_array.h"
#include "eventbus/internal/waiting/parker.h"

namespace eventbus::internal {

namespace {

constexpr size_t kInlineArms = 8;

// The claim word of a select that waits: null until claimed, then the waiter that took effect, or the operation itself
// when it gave up.
class SelectOperation final : public Operation {
 public:
  bool TryClaim(Waiter& waiter) override { return Claim(&waiter); }

  void Wake(Waiter&, ReadyWork&) override { parker_.Unpark(Parker::kWoken); }

  // Sleeps until claimed or until `until`. The waiter that took effect, or null if this gave up: then nobody will
  // claim.
  const Waiter* Await(Instant until) {
    if (!parker_.Park(Parker::kWoken, until)) {
      if (Claim(this)) return nullptr;
      // Claimed in the same instant: the transfer happened and the wake-up is on its way.
      parker_.Park(Parker::kWoken, Instant::Never());
    }
    // Ordered by the parker; the owner cannot have claimed itself here.
    return static_cast<const Waiter*>(claimed_by_.load(std::memory_order_relaxed));
  }

 private:
  bool Claim(const void* claimer) {
    const void* nobody = nullptr;
    // Relaxed: the word decides only who goes on. What the claimer does next reaches the owner through the parker; what
    // the owner did before reaches the claimer through the mutex of the selectable.
    return claimed_by_.compare_exchange_strong(nobody, claimer, std::memory_order_relaxed, std::memory_order_relaxed);
  }

  Atomic<const void*> claimed_by_{nullptr};
  Parker parker_;
};

// Holds the mutexes of several selectables.
class LockAll {
 public:
  explicit LockAll(absl::Span<const Arm> arms) : targets_(arms.size()) {
    for (const Arm& arm : arms) {
      if (arm.target != nullptr) targets_[count_++] = arm.target;
    }
    const auto begin = targets_.begin();
    std::sort(begin, begin + count_, std::less<Selectable*>());
    count_ = std::unique(begin, begin + count_) - begin;
  }

  // The analysis cannot follow a set of mutexes; `select_model_test` explores the order instead.
  void Lock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (size_t i = 0; i < count_; ++i) targets_[i]->mutex.Lock();
    held_ = true;
  }
  void Unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (size_t i = count_; i > 0; --i) targets_[i - 1]->mutex.Unlock();
    held_ = false;
  }
  ~LockAll() {
    if (held_) Unlock();
  }

 private:
  absl::FixedArray<Selectable*, kInlineArms> targets_;
  size_t count_ = 0;
  bool held_ = false;
};

// Visits the numbers 0 to n-1 once each, in order or shuffled as it goes (Fisher and Yates).
class VisitOrder {
 public:
  VisitOrder(size_t n, Choice choice) : order_(n), choice_(choice) { std::iota(order_.begin(), order_.end(), 0); }

  size_t Next(size_t step) {
    const size_t left = order_.size() - step;
    if (choice_ == Choice::kFair && left > 1) std::swap(order_[step], order_[step + Below(left)]);
    return order_[step];
  }

 private:
  // A number below `n`, by Lemire's multiplication; its bias is below 2^-32 n.
  static size_t Below(size_t n) { return static_cast<size_t>(((RandomBits() >> 32) * static_cast<uint64_t>(n)) >> 32); }

  absl::FixedArray<size_t, kInlineArms> order_;
  const Choice choice_;
};

class SelectRun {
 public:
  SelectRun(absl::Span<const Arm> arms, Choice choice) : arms_(arms), choice_(choice), waiters_(arms.size()) {
    for (size_t i = 0; i < arms.size(); ++i) {
      waiters_[i].value = arms[i].value;
      waiters_[i].role = arms[i].role;
    }
  }

  // Step 1.
  bool PollOneByOne(Selected& selected) {
    VisitOrder order(arms_.size(), choice_);
    for (size_t step = 0; step < arms_.size(); ++step) {
      const size_t i = order.Next(step);
      Selectable* const target = arms_[i].target;
      if (target == nullptr) continue;
      WakeList wakes;
      MutexLock lock(&target->mutex);
      if (target->TryComplete(waiters_[i], wakes)) {
        selected = {.index = static_cast<int>(i), .outcome = waiters_[i].outcome};
        return true;
      }
    }
    return false;
  }

  // Step 2, and step 3 if it may wait. False if nothing took effect by `deadline`, or if a selectable has become due.
  bool PollTogetherAndWait(Instant deadline, Selected& selected) {
    WakeList wakes;
    LockAll locks(arms_);
    locks.Lock();
    if (PollLocked(wakes, selected)) return true;
    if (deadline == Instant::Past()) return false;

    SelectOperation operation;
    const Instant until = std::min(deadline, EnlistLocked(operation));
    locks.Unlock();
    const Waiter* const chosen = operation.Await(until);
    Withdraw();
    if (chosen == nullptr) return false;
    selected = {.index = static_cast<int>(chosen - waiters_.data()), .outcome = chosen->outcome};
    return true;
  }

 private:
  bool PollLocked(WakeList& wakes, Selected& selected) ABSL_NO_THREAD_SAFETY_ANALYSIS {  // All are held by `LockAll`.
    VisitOrder order(arms_.size(), choice_);
    for (size_t step = 0; step < arms_.size(); ++step) {
      const size_t i = order.Next(step);
      if (arms_[i].target != nullptr && arms_[i].target->TryComplete(waiters_[i], wakes)) {
        selected = {.index = static_cast<int>(i), .outcome = waiters_[i].outcome};
        return true;
      }
    }
    return false;
  }

  // Enlists every arm; returns when the first of them may be due by itself. In the order of the choice: of two arms in one
  // queue, the first is the one that will be claimed.
  Instant EnlistLocked(Operation& operation) ABSL_NO_THREAD_SAFETY_ANALYSIS {  // All are held by `LockAll`.
    Instant due = Instant::Never();
    VisitOrder order(arms_.size(), choice_);
    for (size_t step = 0; step < arms_.size(); ++step) {
      const size_t i = order.Next(step);
      if (arms_[i].target == nullptr) continue;
      waiters_[i].operation = &operation;
      arms_[i].target->Enlist(waiters_[i]);
      due = std::min(due, arms_[i].target->ReadyAt(waiters_[i]));
    }
    return due;
  }

  void Withdraw() {
    for (size_t i = 0; i < arms_.size(); ++i) {
      if (arms_[i].target == nullptr) continue;
      MutexLock lock(&arms_[i].target->mutex);
      if (waiters_[i].linked()) waiters_[i].Unlink();
    }
  }

  const absl::Span<const Arm> arms_;
  const Choice choice_;
  absl::FixedArray<Waiter, kInlineArms> waiters_;
};

}  // namespace

Selected SelectAmong(absl::Span<const Arm> arms, Choice choice, Instant deadline) {
  SelectRun run(arms, choice);
  Selected selected = {.index = -1, .outcome = Outcome::kDeadline};
  if (run.PollOneByOne(selected)) return selected;
  while (!run.PollTogetherAndWait(deadline, selected)) {
    // Either late, or an arm has become due by itself and the next poll finds it. A poll comes after the deadline too,
    // so what was ready by then is not missed.
    if (deadline == Instant::Past()) return selected;
    if (SteadyNow() >= deadline) deadline = Instant::Past();
  }
  return selected;
}

}  // namespace eventbus::internal
