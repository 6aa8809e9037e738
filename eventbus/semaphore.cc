#include "eventbus/semaphore.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

using internal::Instant;
using internal::Outcome;

absl::Status Semaphore::Acquire(int64_t units) {
  CheckUnits("Semaphore::Acquire", units);
  return StatusOf(core_.Acquire(units, Instant::Never()), units);
}

absl::Status Semaphore::Acquire(const Context& context, int64_t units) {
  CheckUnits("Semaphore::Acquire", units);
  internal::SemaphoreRequest request = {&core_, units};
  return StatusOf(internal::Await({.target = &core_, .value = &request}, context), units, context);
}

absl::Status Semaphore::AcquireUntil(absl::Time deadline, int64_t units) {
  CheckUnits("Semaphore::AcquireUntil", units);
  return StatusOf(core_.Acquire(units, internal::ToInstant(deadline)), units);
}

absl::Status Semaphore::TryAcquire(int64_t units) {
  CheckUnits("Semaphore::TryAcquire", units);
  return StatusOf(core_.Acquire(units, Instant::Past()), units);
}

void Semaphore::CheckUnits(absl::string_view call, int64_t units) {
  if (units < 0) internal::Fail(call, absl::StrCat("a negative number of units: ", units));
}

absl::Status Semaphore::StatusOf(Outcome outcome, int64_t units, const Context& context) const {
  if (outcome == Outcome::kClosed) {
    return absl::InvalidArgumentError(absl::StrCat("semaphore: ", units, " units of ", total()));
  }
  if (outcome == Outcome::kNotReady) return absl::Status(absl::StatusCode::kResourceExhausted, absl::string_view());
  return internal::WaitStatus(outcome, context);
}

}  // namespace eventbus
