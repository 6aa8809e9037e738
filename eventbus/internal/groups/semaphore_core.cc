#include "eventbus/internal/groups/semaphore_core.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus::internal {

namespace {

int64_t UnitsOf(const Waiter& waiter) { return static_cast<const SemaphoreRequest*>(waiter.value)->units; }

}  // namespace

SemaphoreCore::SemaphoreCore(int64_t total) : total_(total), available_(total) {
  if (total < 0) Fail("Semaphore", absl::StrCat("a negative number of units: ", total));
}

SemaphoreCore::~SemaphoreCore() {
  MutexLock lock(&mutex);
  if (!waiting_.empty()) Fail("~Semaphore", "destroyed while something waits for it");
}

Outcome SemaphoreCore::Acquire(int64_t units, Instant deadline) {
  SemaphoreRequest request = {this, units};
  return Await({.target = this, .value = &request}, deadline);
}

void SemaphoreCore::Release(int64_t units) {
  if (units < 0) Fail("Semaphore::Release", absl::StrCat("a negative number of units: ", units));
  WakeList wakes;
  MutexLock lock(&mutex);
  if (units > total_ - available_) {
    Fail("Semaphore::Release", absl::StrCat(units, " units given back, and ", total_ - available_, " had been taken"));
  }
  available_ += units;
  ServeLocked(wakes);
}

int64_t SemaphoreCore::ApproxAvailable() const {
  MutexLock lock(&mutex);
  return available_;
}

size_t SemaphoreCore::CountWaiting() const {
  MutexLock lock(&mutex);
  return waiting_.CountLinked();
}

bool SemaphoreCore::TryComplete(Waiter& arm, WakeList&) {
  const int64_t units = UnitsOf(arm);
  if (units > total_) {
    arm.outcome = Outcome::kClosed;
    return true;
  }
  // S3. Nothing can be taken from anybody by taking nothing.
  if (units > 0 && (units > available_ || !waiting_.empty())) return false;
  available_ -= units;
  arm.outcome = Outcome::kDone;
  return true;
}

void SemaphoreCore::Enlist(Waiter& arm) { waiting_.PushBack(arm); }

void SemaphoreCore::Withdrawn(WakeList& wakes) { ServeLocked(wakes); }

void SemaphoreCore::ServeLocked(WakeList& wakes) {
  while (Waiter* first = waiting_.front()) {
    const int64_t units = UnitsOf(*first);
    if (units > available_) return;
    first->Unlink();
    if (!first->operation->TryClaim(*first)) continue;  // Stale.
    available_ -= units;
    first->outcome = Outcome::kDone;
    wakes.Add(*first);
  }
}

void SemaphoreCore::DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const {
  thing.what = absl::StrCat(static_cast<const SemaphoreRequest*>(arm.value)->units, " units of semaphore");
  thing.queue = {.size = static_cast<size_t>(total_ - ApproxAvailable()), .capacity = static_cast<size_t>(total_)};
}

}  // namespace eventbus::internal
