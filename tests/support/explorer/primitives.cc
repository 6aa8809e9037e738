// The clock, the thread's identity and randomness, as the scheduler has them.

#include "eventbus/internal/primitives/primitives.h"

#include "absl/time/time.h"

namespace eventbus::internal {

namespace {

using explorer::Scheduler;

ProcessWord<bool> lists_blocked{false};

// What belongs to the thread that runs, or to the code around the scenario.
template <typename T>
T& OfThisThread(T (&of_each)[64]) {
  Scheduler* const scheduler = Scheduler::Current();
  return of_each[scheduler == nullptr ? 63 : scheduler->running()];
}

}  // namespace

Instant SystemSteadyNow() {
  Scheduler* const scheduler = Scheduler::Current();
  if (scheduler == nullptr) return Instant(0);
  scheduler->Point("read the clock", nullptr);
  return Instant(scheduler->now());
}

Instant SystemCoarseNow() {
  Scheduler* const scheduler = Scheduler::Current();
  return Instant(scheduler == nullptr ? 0 : scheduler->now());
}

absl::Time SystemWallNow() { return absl::UnixEpoch() + absl::Nanoseconds(SystemSteadyNow().nanoseconds()); }

ThreadIdentity ThisThread() {
  static const char identities[64] = {};
  return &OfThisThread(identities);
}

uint64_t ThreadNumber() {
  Scheduler* const scheduler = Scheduler::Current();
  return scheduler == nullptr ? 63 : scheduler->running();
}

bool ListsBlocked() { return lists_blocked.load(std::memory_order_relaxed); }
void ListBlocked() { lists_blocked.store(true, std::memory_order_relaxed); }

const void*& ThreadPointer() {
  static const void* pointers[64] = {};
  return OfThisThread(pointers);
}

void*& HeldMutexPointer() {
  static void* pointers[64] = {};
  return OfThisThread(pointers);
}

const void*& WorkerPointer() {
  static const void* pointers[64] = {};
  return OfThisThread(pointers);
}

uint64_t RandomBits() {
  Scheduler* const scheduler = Scheduler::Current();
  return scheduler == nullptr ? 0 : scheduler->Random();
}

}  // namespace eventbus::internal
