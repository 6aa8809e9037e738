#include "eventbus/internal/groups/zero_count.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus::internal {

ZeroCount::~ZeroCount() {
  MutexLock lock(&mutex);
  if (!waiting_.empty()) Fail("~WaitGroup", "destroyed while something waits for it");
}

void ZeroCount::Add(absl::string_view call, int64_t n) {
  WakeList wakes;
  MutexLock lock(&mutex);
  int64_t sum;
  if (__builtin_add_overflow(count_, n, &sum) || sum < 0) FailToAdd(call, n);
  count_ = sum;
  if (sum == 0) waiting_.ClaimAll(Outcome::kDone, wakes);  // Z2
}

void ZeroCount::FailToAdd(absl::string_view call, int64_t n) const {
  int64_t sum;
  if (__builtin_add_overflow(count_, n, &sum)) Fail(call, absl::StrCat("the count of ", count_, " overflows"));
  Fail(call, absl::StrCat("the count would be negative: ", sum));
}

int64_t ZeroCount::ApproxCount() const {
  MutexLock lock(&mutex);
  return count_;
}

size_t ZeroCount::CountWaiting() const {
  MutexLock lock(&mutex);
  return waiting_.CountLinked();
}

bool ZeroCount::TryComplete(Waiter& arm, WakeList&) {
  if (count_ != 0) return false;
  arm.outcome = Outcome::kDone;
  return true;
}

void ZeroCount::Enlist(Waiter& arm) { waiting_.PushBack(arm); }

}  // namespace eventbus::internal
