// The numbers from 0, each given to one of several takers.

#ifndef EVENTBUS_INTERNAL_GROUPS_NEXT_INDEX_H_
#define EVENTBUS_INTERNAL_GROUPS_NEXT_INDEX_H_

#include <cstddef>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class NextIndex {
 public:
  explicit NextIndex(size_t end) : end_(end) {}

  // The next one below the end, if any.
  std::optional<size_t> Take();

 private:
  Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  const size_t end_;
};

// Fails at once unless `limit` is at least 1.
void CheckMapLimit(int limit);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUPS_NEXT_INDEX_H_
