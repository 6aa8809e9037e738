// Limits how much of something is in use at once: a number of units that callers take, several at a time, and give back.
//
//   Semaphore memory(1 << 20);
//   absl::StatusOr<SemaphorePermit> permit = memory.Hold(context, request.size());
//   if (!permit.ok()) return permit.status();
//   Handle(request);                                   // the permit gives the units back when it goes
//
// Use it to bound concurrency or a resource that is counted. To bound what is queued between threads, a `Channel` with a
// capacity; to guard data, a mutex.
//
// | | enough is free, nobody waits | otherwise | more than `total()` |
// |---|---|---|---|
// | `Acquire`, `Hold` | takes | blocks | `kInvalidArgument` |
// | `TryAcquire`, `TryHold` | takes | `kResourceExhausted` | `kInvalidArgument` |
// | `OnAcquire` in a select | ready | not ready | ready, with `kInvalidArgument` |
//
// Guarantees: first come, first served, so a large request is not starved by small ones that come later, which wait behind
// it although there may be enough for them. A request for 0 units is served at once. One that was cancelled, late or not
// chosen took nothing, and those behind it go on; units that are handed over in the same instant are the caller's. What was
// done before `Release` is visible to who takes those units.
//
// Thread-safe. No user code runs inside, but for tasks on an `InlineExecutor` that wait. O(1), and O(served) to release.
// Allocates nothing.
//
// Origin: the weighted semaphore of Go's x/sync.

#ifndef EVENTBUS_SEMAPHORE_H_
#define EVENTBUS_SEMAPHORE_H_

#include <concepts>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/internal/choosing/taking_case.h"
#include "eventbus/internal/groups/core_access.h"
#include "eventbus/internal/groups/semaphore_core.h"

namespace eventbus {

// Units that somebody holds. Move-only; gives them back when destroyed, before the semaphore is. Default-constructed or moved
// from it holds none. Not thread-safe, but may be moved from thread to thread.
class [[nodiscard]] SemaphorePermit {
 public:
  SemaphorePermit() = default;
  SemaphorePermit(SemaphorePermit&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)), units_(std::exchange(other.units_, 0)) {}
  SemaphorePermit& operator=(SemaphorePermit&& other) noexcept {
    if (this != &other) {
      Release();
      core_ = std::exchange(other.core_, nullptr);
      units_ = std::exchange(other.units_, 0);
    }
    return *this;
  }
  ~SemaphorePermit() { Release(); }

  // Gives the units back now; later calls do nothing.
  void Release() {
    if (auto* const core = std::exchange(core_, nullptr)) core->Release(std::exchange(units_, 0));
  }

  int64_t units() const { return units_; }

 private:
  friend class Semaphore;

  SemaphorePermit(internal::SemaphoreCore& core, int64_t units) : core_(&core), units_(units) {}

  internal::SemaphoreCore* core_ = nullptr;
  int64_t units_ = 0;
};

// Neither copyable nor movable: it is referred to. Fails at once if it is destroyed while something waits for it, and so
// does every call with a negative number of units.
class Semaphore {
 public:
  // `total` units, all of them free.
  explicit Semaphore(int64_t total) : core_(total) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Takes `units`, which the caller gives back with `Release`. Blocks until they are free and all who came before have been
  // served. `kInvalidArgument` if there are not so many; with a context, `kCancelled` or `kDeadlineExceeded` once it is done,
  // which is looked at first; until a time, `kDeadlineExceeded` once that has passed.
  absl::Status Acquire(int64_t units = 1);
  absl::Status Acquire(const Context& context, int64_t units = 1);
  absl::Status AcquireUntil(absl::Time deadline, int64_t units = 1);

  // Takes `units` if that needs no waiting, else `kResourceExhausted`.
  absl::Status TryAcquire(int64_t units = 1);

  // Gives `units` back. Fails at once if so many had not been taken.
  void Release(int64_t units = 1) { core_.Release(units); }

  // The same as above, with a permit that gives the units back.
  absl::StatusOr<SemaphorePermit> Hold(int64_t units = 1) { return PermitIf(Acquire(units), units); }
  absl::StatusOr<SemaphorePermit> Hold(const Context& context, int64_t units = 1) {
    return PermitIf(Acquire(context, units), units);
  }
  absl::StatusOr<SemaphorePermit> HoldUntil(absl::Time deadline, int64_t units = 1) {
    return PermitIf(AcquireUntil(deadline, units), units);
  }
  absl::StatusOr<SemaphorePermit> TryHold(int64_t units = 1) { return PermitIf(TryAcquire(units), units); }

  // A case that takes `units`. Its last argument learns the outcome: a `StatusOr<SemaphorePermit>*` that is set if the case
  // is chosen, or a handler called with it: the permit, or `kInvalidArgument`. Borrows the slot and the semaphore.
  Case OnAcquire(int64_t units, absl::StatusOr<SemaphorePermit>* slot) {
    return CaseFor(units, [slot](absl::StatusOr<SemaphorePermit> permit) { *slot = std::move(permit); });
  }
  template <std::invocable<absl::StatusOr<SemaphorePermit>> Handler>
  Case OnAcquire(int64_t units, Handler handler) {
    return CaseFor(units, std::move(handler));
  }

  int64_t total() const { return core_.total(); }

  // How many are free; other threads may change that before this returns.
  int64_t ApproxAvailable() const { return core_.ApproxAvailable(); }

 private:
  friend struct internal::CoreAccess;

  template <typename Handler>
  Case CaseFor(int64_t units, Handler handler) {
    CheckUnits("Semaphore::OnAcquire", units);
    return internal::TakingCase(
        core_, internal::SemaphoreRequest{&core_, units},
        [this, handler = std::move(handler)](internal::SemaphoreRequest& request, internal::Outcome outcome) mutable {
          handler(PermitIf(StatusOf(outcome, request.units), request.units));
        });
  }

  static void CheckUnits(absl::string_view call, int64_t units);
  absl::Status StatusOf(internal::Outcome outcome, int64_t units, const Context& context = Context::Background()) const;
  absl::StatusOr<SemaphorePermit> PermitIf(absl::Status acquired, int64_t units) {
    if (!acquired.ok()) return acquired;
    return SemaphorePermit(core_, units);
  }

  internal::SemaphoreCore core_;
};

}  // namespace eventbus

#endif  // EVENTBUS_SEMAPHORE_H_
