// The newest of a series of values of any type, and those who wait for a newer one than they have seen.
//
// Invariants, whenever the mutex is free ("live" waiters are those whose operation nobody has claimed):
//   V1. `latest_.version` counts the values that were set, and `latest_.value` is the last; null before the first.
//   V2. A live waiter has seen `latest_.version`, and it is open.
//
// Who wakes whom: `Set` and `Close` all. Who is woken looks again, and finds what is newest then.
//
// Values are shared and never change, so that none is copied, and none is destroyed under the mutex.

#ifndef EVENTBUS_INTERNAL_GROUPS_LATEST_CORE_H_
#define EVENTBUS_INTERNAL_GROUPS_LATEST_CORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

// A value with its number.
struct NumberedValue {
  uint64_t version = 0;
  std::shared_ptr<const void> value;
};

class LatestCore final : public Selectable, public RefCounted {
 public:
  // The number of the new value; 0 if it is closed, and `value` is not taken.
  uint64_t Set(std::shared_ptr<const void> value);

  // True for the first call.
  bool Close();

  NumberedValue Get() const;

  // How many wait. O(n).
  size_t CountWaiting() const;

  // Selectable. An arm's `value` points to the version that its reader has seen: complete (`kDone`) when there is a newer one,
  // or (`kClosed`) there never will be.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "newer value"; }

 private:
  ~LatestCore() override = default;

  bool closed_ ABSL_GUARDED_BY(mutex) = false;
  NumberedValue latest_ ABSL_GUARDED_BY(mutex);
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
};

// What a wait for a newer value comes to in public: `kOutOfRange` if there will be none.
absl::Status LatestStatus(Outcome outcome, const Context& context = Context::Background());

// Blocks until there is a newer value than `seen`.
absl::Status AwaitNewer(LatestCore& core, uint64_t& seen, Instant deadline);
absl::Status AwaitNewer(LatestCore& core, uint64_t& seen, const Context& context);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_LATEST_CORE_H_
