#include "eventbus/internal/groups/latest_core.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "eventbus/internal/choosing/await.h"

namespace eventbus::internal {

uint64_t LatestCore::Set(std::shared_ptr<const void> value) {
  WakeList wakes;
  MutexLock lock(&mutex);
  if (closed_) return 0;
  // The former value goes with the parameter, in the caller, once the lock is released.
  latest_.value.swap(value);
  ++latest_.version;
  waiting_.ClaimAll(Outcome::kDone, wakes);  // V2
  return latest_.version;
}

bool LatestCore::Close() {
  WakeList wakes;
  MutexLock lock(&mutex);
  if (closed_) return false;
  closed_ = true;
  waiting_.ClaimAll(Outcome::kClosed, wakes);
  return true;
}

NumberedValue LatestCore::Get() const {
  MutexLock lock(&mutex);
  return latest_;
}

size_t LatestCore::CountWaiting() const {
  MutexLock lock(&mutex);
  return waiting_.CountLinked();
}

bool LatestCore::TryComplete(Waiter& arm, WakeList&) {
  if (latest_.version > *static_cast<const uint64_t*>(arm.value)) {
    arm.outcome = Outcome::kDone;
  } else if (closed_) {
    arm.outcome = Outcome::kClosed;
  } else {
    return false;
  }
  return true;
}

void LatestCore::Enlist(Waiter& arm) { waiting_.PushBack(arm); }

absl::Status LatestStatus(Outcome outcome, const Context& context) {
  if (outcome == Outcome::kClosed) return absl::Status(absl::StatusCode::kOutOfRange, absl::string_view());
  return WaitStatus(outcome, context);
}

absl::Status AwaitNewer(LatestCore& core, uint64_t& seen, Instant deadline) {
  return LatestStatus(Await({.target = &core, .value = &seen}, deadline));
}

absl::Status AwaitNewer(LatestCore& core, uint64_t& seen, const Context& context) {
  return LatestStatus(Await({.target = &core, .value = &seen}, context), context);
}

}  // namespace eventbus::internal
