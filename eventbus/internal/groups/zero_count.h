// A count, and those who wait for it to be zero.
//
// Invariants, whenever the mutex is free:
//   Z1. 0 <= `count_`.
//   Z2. Nobody waits while the count is zero: who makes it zero claims all, and who finds it zero does not enlist.
//
// Who wakes whom: the `Add` that makes the count zero wakes all. Its last access is to the waiters that it claimed, so when
// all have been woken, and have found the count zero, this may be destroyed at once.

#ifndef EVENTBUS_INTERNAL_GROUPS_ZERO_COUNT_H_
#define EVENTBUS_INTERNAL_GROUPS_ZERO_COUNT_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

class ZeroCount final : public Selectable {
 public:
  ZeroCount() = default;
  ZeroCount(const ZeroCount&) = delete;
  ZeroCount& operator=(const ZeroCount&) = delete;
  ~ZeroCount();

  // Fails at once, in the name of `call`, if the count would be negative or overflow.
  void Add(absl::string_view call, int64_t n);

  int64_t ApproxCount() const;

  // The whole of a wait that need not wait.
  bool IsZero() const {
    MutexLock lock(&mutex);
    return count_ == 0;
  }

  // How many wait. O(n).
  size_t CountWaiting() const;

  // Selectable: complete while the count is zero.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "end of wait group"; }

 private:
  [[noreturn]] void FailToAdd(absl::string_view call, int64_t n) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  int64_t count_ ABSL_GUARDED_BY(mutex) = 0;
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_ZERO_COUNT_H_
