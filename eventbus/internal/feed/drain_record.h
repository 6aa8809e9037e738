// What becomes of one subscription in a drain: its line of the report.

#ifndef EVENTBUS_INTERNAL_FEED_DRAIN_RECORD_H_
#define EVENTBUS_INTERNAL_FEED_DRAIN_RECORD_H_

#include <cstdint>
#include <utility>

#include "eventbus/drain_report.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class Subscriber;

// Shared by the subscription and its feed, and guarded by the feed's `endings_`. It does not keep the subscription.
class DrainRecord final : public RefCounted {
 public:
  explicit DrainRecord(DrainEntry names) : entry(std::move(names)) {}

  DrainEntry entry;                        // But for who it is, complete once `subscriber` is null.
  const Subscriber* subscriber = nullptr;  // Null once it has ended.
  Instant begun = Instant::Past();
  uint64_t handled_before = 0;
  bool in_call = false;  // The sender calls its handler, or is about to find out that it must not.

 private:
  ~DrainRecord() override = default;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_DRAIN_RECORD_H_
