#include "eventbus/internal/choosing/select_run.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace eventbus::internal {

namespace {

// A number below `n`, by Lemire's multiplication; its bias is below 2^-32 n.
size_t RandomBelow(size_t n) { return static_cast<size_t>(((RandomBits() >> 32) * static_cast<uint64_t>(n)) >> 32); }

}  // namespace

// Holds the mutexes of all selectables.
class SelectRun::LockAll {
 public:
  explicit LockAll(SelectRun& run) : targets_(run.targets_.data()) {
    for (const Arm& arm : run.arms_) {
      if (arm.target != nullptr) targets_[count_++] = arm.target;
    }
    std::sort(targets_, targets_ + count_, std::less<Selectable*>());
    count_ = std::unique(targets_, targets_ + count_) - targets_;
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

  Selectable** const targets_;
  size_t count_ = 0;
};

SelectRun::SelectRun(absl::Span<const Arm> arms, Choice choice)
    : arms_(arms), choice_(choice), waiters_(arms.size()), order_(arms.size()), targets_(arms.size()) {
  std::iota(order_.begin(), order_.end(), 0);
  for (size_t i = 0; i < arms.size(); ++i) {
    waiters_[i].value = arms[i].value;
    waiters_[i].role = arms[i].role;
  }
}

size_t SelectRun::Visit(size_t step) {
  const size_t left = order_.size() - step;
  // A shuffle of a shuffled order is as fair.
  if (choice_ == Choice::kFair && left > 1) std::swap(order_[step], order_[step + RandomBelow(left)]);
  return order_[step];
}

bool SelectRun::PollOneByOne(Selected& selected) {
  for (size_t step = 0; step < arms_.size(); ++step) {
    const size_t i = Visit(step);
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

bool SelectRun::PollTogether(Operation* operation, WakeList& wakes, Selected& selected, Instant& due) {
  LockAll locks(*this);
  if (PollLocked(wakes, selected)) return true;
  if (operation != nullptr) due = EnlistLocked(*operation);
  return false;
}

bool SelectRun::PollLocked(WakeList& wakes, Selected& selected) {
  for (size_t step = 0; step < arms_.size(); ++step) {
    const size_t i = Visit(step);
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
  for (size_t step = 0; step < arms_.size(); ++step) {
    const size_t i = Visit(step);
    if (arms_[i].target == nullptr) continue;
    waiters_[i].operation = &operation;
    arms_[i].target->Enlist(waiters_[i]);
    due = std::min(due, arms_[i].target->ReadyAt(waiters_[i]));
  }
  return due;
}

SelectRun::Due SelectRun::PollDue(Operation* operation, ClaimWord& word, WakeList& wakes, Selected& selected,
                                  Instant& due) {
  LockAll locks(*this);
  if (word.claimer() != nullptr) return Due::kClaimed;
  if (!PollDueLocked(wakes, selected, due)) return Due::kNotYet;
  word.Claim(operation);  // Nobody else can, under their mutexes.
  return Due::kDone;
}

bool SelectRun::PollDueLocked(WakeList& wakes, Selected& selected, Instant& due) {
  due = Instant::Never();
  for (size_t step = 0; step < arms_.size(); ++step) {
    const size_t i = Visit(step);
    Selectable* const target = arms_[i].target;
    if (target == nullptr || target->ReadyAt(waiters_[i]).is_never()) continue;
    waiters_[i].Unlink();
    if (target->TryComplete(waiters_[i], wakes)) {
      selected = SelectedBy(waiters_[i]);
      return true;
    }
    target->Enlist(waiters_[i]);  // At the end: those that time serves have no order.
    due = std::min(due, target->ReadyAt(waiters_[i]));
  }
  return false;
}

void SelectRun::Describe(WaiterInfo& info) const {
  for (size_t i = 0; i < arms_.size(); ++i) {
    if (arms_[i].target != nullptr) arms_[i].target->DescribeWaitFor(waiters_[i], info.things.emplace_back());
  }
}

void SelectRun::Withdraw(WakeList& wakes) {
  for (size_t i = 0; i < arms_.size(); ++i) {
    if (arms_[i].target == nullptr) continue;
    MutexLock lock(&arms_[i].target->mutex);
    if (!waiters_[i].linked()) continue;
    waiters_[i].Unlink();
    arms_[i].target->Withdrawn(wakes);
  }
}

}  // namespace eventbus::internal
