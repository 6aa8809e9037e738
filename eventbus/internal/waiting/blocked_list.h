// Who sleeps in the library, for those who ask what a process waits for.
//
// A thread that is about to sleep enters its operation, and takes it out when it is awake: two uncontended locks and a look at a
// clock beside a sleep that costs a hundred times that. A thread that need not sleep pays nothing, nor does one that is woken
// while it still looks awake.
//
// Invariants:
//   L1. An operation is linked only while its thread is inside `Parker::Park`, or a `BlockedListing` of its own. It is
//       described under the mutex of its part of the list, which that thread takes before it goes on: so all that the
//       operation waits for is there while it is described.
//   L2. Nobody sleeps, or enters an operation, while holding another mutex of the library. So who holds the mutex of a part may
//       take any other.

#ifndef EVENTBUS_INTERNAL_WAITING_BLOCKED_LIST_H_
#define EVENTBUS_INTERNAL_WAITING_BLOCKED_LIST_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/wait_description.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

// While it lives, what `description` describes is on the list, as what the calling thread waits for. Null: nothing is.
class BlockedListing : public ListNode<BlockedListing> {
 public:
  explicit BlockedListing(const WaitDescription* description) : description_(description) {
    if (description_ != nullptr && ListsBlocked()) Enter();
  }
  BlockedListing(const BlockedListing&) = delete;
  BlockedListing& operator=(const BlockedListing&) = delete;
  ~BlockedListing() {
    if (entered_) Leave();
  }

 private:
  friend class BlockedList;

  void Enter();
  void Leave();

  const WaitDescription* const description_;
  bool entered_ = false;
  uint64_t thread_ = 0;
  Instant since_ = Instant::Never();
};

// Thread-safe.
class BlockedList {
 public:
  static BlockedList& Get() { return ProcessWide<BlockedList>(); }

  // Describes all that sleep, adding to `waiters`. O(n); who wakes up meanwhile may wait for a part of that.
  void Describe(std::vector<WaiterInfo>& waiters);

 private:
  friend BlockedListing;

  // One for each of those that go to sleep at the same time, as a rule.
  struct alignas(64) Part {
    Mutex mutex;  // Above all other mutexes (L2).
    List<BlockedListing> sleeping ABSL_GUARDED_BY(mutex);
  };
  static constexpr size_t kParts = 32;

  // Systems number their threads one after the other.
  Part& PartOf(uint64_t thread) { return parts_[thread % kParts]; }

  Part parts_[kParts];
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_BLOCKED_LIST_H_
