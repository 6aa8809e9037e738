#include "eventbus/internal/groups/notifier_core.h"

#include <utility>

#include "eventbus/internal/ground/fail.h"

namespace eventbus::internal {

NotifierCore::~NotifierCore() {
  MutexLock lock(&mutex);
  if (!waiting_.empty()) Fail("~Notifier", "destroyed while something waits for it");
}

void NotifierCore::Notify() {
  WakeList wakes;
  MutexLock lock(&mutex);
  if (Waiter* const waiter = waiting_.PopClaimed()) {
    waiter->outcome = Outcome::kDone;
    wakes.Add(*waiter);
  } else {
    pending_ = true;
  }
}

size_t NotifierCore::CountWaiting() const {
  MutexLock lock(&mutex);
  return waiting_.CountLinked();
}

bool NotifierCore::TryComplete(Waiter& arm, WakeList&) {
  if (!std::exchange(pending_, false)) return false;
  arm.outcome = Outcome::kDone;
  return true;
}

void NotifierCore::Enlist(Waiter& arm) { waiting_.PushBack(arm); }

}  // namespace eventbus::internal
