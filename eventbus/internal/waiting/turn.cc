#include "eventbus/internal/waiting/turn.h"

namespace eventbus::internal {

void Turn::HandOver() {
  WakeList wakes;
  MutexLock lock(&mutex);
  if (Waiter* next = waiting_.PopClaimed()) {
    next->outcome = Outcome::kDone;  // T1: `taken_` stays true, it is now theirs.
    wakes.Add(*next);
  } else {
    taken_ = false;
  }
}

void Turn::Close() {
  WakeList wakes;
  MutexLock lock(&mutex);
  closed_ = true;
  waiting_.ClaimAll(Outcome::kClosed, wakes);  // T2
}

size_t Turn::CountWaiting() const {
  MutexLock lock(&mutex);
  return waiting_.CountLinked();
}

bool Turn::TryComplete(Waiter& arm, WakeList&) {
  if (taken_ && !closed_) return false;
  arm.outcome = closed_ ? Outcome::kClosed : Outcome::kDone;
  if (!closed_) taken_ = true;
  return true;
}

void Turn::Enlist(Waiter& arm) { waiting_.PushBack(arm); }

}  // namespace eventbus::internal
