#include "eventbus/internal/observing/held_mutexes.h"

#if EVENTBUS_CHECKS_HELD_MUTEXES

#include "eventbus/held_mutex_report.h"
#include "eventbus/internal/observing/report_hook.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

namespace {

// The last taken of those that the calling thread holds.
HeldMutex* Newest() { return static_cast<HeldMutex*>(HeldMutexPointer()); }

}  // namespace

void HeldMutex::Enter() {
  older_ = Newest();
  newer_ = nullptr;
  if (older_ != nullptr) older_->newer_ = this;
  HeldMutexPointer() = this;
}

void HeldMutex::Leave() {
  if (older_ != nullptr) older_->newer_ = newer_;
  if (newer_ != nullptr) {
    newer_->older_ = older_;
  } else {
    HeldMutexPointer() = older_;
  }
}

void HeldMutex::Check(const WaitDescription& description) {
  const HeldMutex* const held = Newest();
  if (held == nullptr) return;
  try {
    WaiterInfo info;
    description.DescribeWait(info);
    for (const WaitedFor& thing : info.things) {
      if (!thing.is_send) continue;
      ReportHook<HeldMutexReport>::Get().Tell({.send = thing, .mutex = held->name_, .location = held->location_});
    }
  } catch (...) {  // For want of memory, or in the hook: the send goes on.
  }
}

}  // namespace eventbus::internal

#endif
