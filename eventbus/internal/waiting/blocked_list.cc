#include "eventbus/internal/waiting/blocked_list.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "eventbus/internal/observing/held_mutexes.h"

namespace eventbus::internal {

void BlockedListing::Enter() {
  HeldMutex::Check(*description_);
  thread_ = ThreadNumber();
  since_ = CoarseNow();
  BlockedList::Part& part = BlockedList::Get().PartOf(thread_);
  MutexLock lock(&part.mutex);
  part.sleeping.PushBack(*this);
  entered_ = true;
}

void BlockedListing::Leave() {
  BlockedList::Part& part = BlockedList::Get().PartOf(thread_);
  MutexLock lock(&part.mutex);
  Unlink();  // L1
}

void BlockedList::Describe(std::vector<WaiterInfo>& waiters) {
  const Instant now = SteadyNow();
  for (Part& part : parts_) {
    MutexLock lock(&part.mutex);
    part.sleeping.ForEach([&](BlockedListing& listing) {
      WaiterInfo info;
      info.thread = listing.thread_;
      info.waited = std::max(absl::ZeroDuration(), absl::Nanoseconds(now.nanoseconds() - listing.since_.nanoseconds()));
      listing.description_->DescribeWait(info);
      waiters.push_back(std::move(info));
    });
  }
}

}  // namespace eventbus::internal
