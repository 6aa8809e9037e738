// What a process has one of, as model tests have it: each execution begins anew. Included by
// `eventbus/internal/primitives/process_wide.h` when EVENTBUS_EXPLORER is defined; see there.

#ifndef EVENTBUS_TESTS_SUPPORT_EXPLORER_PROCESS_WIDE_H_
#define EVENTBUS_TESTS_SUPPORT_EXPLORER_PROCESS_WIDE_H_

#include <atomic>
#include <cstdint>

#include "tests/support/explorer/scheduler.h"

namespace eventbus::internal {

template <typename T>
class ProcessWord {
 public:
  constexpr ProcessWord(T initial) : initial_(initial), value_(initial) {}

  T load(std::memory_order) const { return execution_ == explorer::Scheduler::CurrentExecution() ? value_ : initial_; }
  void store(T value, std::memory_order) {
    execution_ = explorer::Scheduler::CurrentExecution();
    value_ = value;
  }

 private:
  const T initial_;
  T value_;
  int64_t execution_ = 0;  // Of `value_`.
};

// Destroyed when the execution has ended without a failure.
template <typename T>
T& ProcessWide() {
  static T* object = nullptr;
  static int64_t execution = -1;
  if (execution != explorer::Scheduler::CurrentExecution()) {
    execution = explorer::Scheduler::CurrentExecution();
    object = new T;
    if (auto* const scheduler = explorer::Scheduler::Current()) {
      scheduler->AtEnd([made = object] { delete made; });
    }
  }
  return *object;
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_TESTS_SUPPORT_EXPLORER_PROCESS_WIDE_H_
