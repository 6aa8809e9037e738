#include "eventbus/internal/groups/next_index.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/ground/fail.h"

namespace eventbus::internal {

std::optional<size_t> NextIndex::Take() {
  MutexLock lock(&mutex_);
  if (next_ == end_) return std::nullopt;
  return next_++;
}

void CheckMapLimit(int limit) {
  if (limit < 1) Fail("ParallelMap", absl::StrCat("a limit of ", limit, " lets nothing run"));
}

}  // namespace eventbus::internal
