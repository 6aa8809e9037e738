#include "eventbus/internal/choosing/select_run.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace eventbus::internal {

namespace {

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
    Lock();
  }
  ~LockAll() { Unlock(); }

 private:
  // The analysis cannot follow a set of mutexes; `select_model_test` explores the order instead.
  void Lock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (size_t i = 0; i < count_; ++i) targets_[i]->mutex.Lock();
  }
  void Unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (size_t i = count_; i > 0; --i) targets_[i - 1]->mutex.Unlock();
  }

  absl::FixedArray<Selectable*, kInlineArms> targets_;
  size_t count_ = 0;
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

}  // namespace

SelectRun::SelectRun(absl::Span<const Arm> arms, Choice choice) : arms_(arms), choice_(choice), waiters_(arms.size()) {
  for (size_t i = 0; i < arms.size(); ++i) {
    waiters_[i].value = arms[i].value;
    waiters_[i].role = arms[i].role;
  }
}

bool SelectRun::PollOneByOne(Selected& selected) {
  VisitOrder order(arms_.size(), choice_);
  for (size_t step = 0; step < arms_.size(); ++step) {
    const size_t i = order.Next(step);
    Selectable* const target = arms_[i].target;
    if (target == nullptr) continue;
    WakeList wakes;
    MutexLock lock(&target->mutex);
    if (target->TryComplete(waiters_[i], wakes)) {
      selected = SelectedBy(waiters_[i]);
      return true;
    }
  }
  return false;
}

bool SelectRun::PollTogether(Operation* operation, Selected& selected, Instant& due) {
  WakeList wakes;
  LockAll locks(arms_);
  if (PollLocked(wakes, selected)) return true;
  if (operation != nullptr) due = EnlistLocked(*operation);
  return false;
}

bool SelectRun::PollLocked(WakeList& wakes, Selected& selected) {
  VisitOrder order(arms_.size(), choice_);
  for (size_t step = 0; step < arms_.size(); ++step) {
    const size_t i = order.Next(step);
    if (arms_[i].target != nullptr && arms_[i].target->TryComplete(waiters_[i], wakes)) {
      selected = SelectedBy(waiters_[i]);
      return true;
    }
  }
  return false;
}

// In the order of the choice: of two arms in one queue, the first is the one that will be claimed.
Instant SelectRun::EnlistLocked(Operation& operation) {
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

void SelectRun::Withdraw() {
  for (size_t i = 0; i < arms_.size(); ++i) {
    if (arms_[i].target == nullptr) continue;
    MutexLock lock(&arms_[i].target->mutex);
    if (waiters_[i].linked()) waiters_[i].Unlink();
  }
}

}  // namespace eventbus::internal
