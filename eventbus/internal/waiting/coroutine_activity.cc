#include "eventbus/internal/waiting/coroutine_activity.h"

#include <algorithm>
#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace eventbus::internal {

// Those that have waited. Under the mutex of a part a coroutine may have no reference left, but its memory is there: its destructor
// needs that mutex.
class CoroutineActivity::ListOfAll {
 public:
  struct alignas(64) Part {
    Mutex mutex;  // No other lock is taken under it.
    List<CoroutineActivity> coroutines ABSL_GUARDED_BY(mutex);
  };
  static constexpr size_t kParts = 32;

  static ListOfAll& Get() { return ProcessWide<ListOfAll>(); }

  Part parts[kParts];
};

void CoroutineActivity::EnterList() {
  part_ = static_cast<uint32_t>(ThreadNumber() % ListOfAll::kParts);
  listed_ = true;
  ListOfAll::Part& part = ListOfAll::Get().parts[part_];
  MutexLock lock(&part.mutex);
  part.coroutines.PushBack(*this);
}

void CoroutineActivity::LeaveList() {
  ListOfAll::Part& part = ListOfAll::Get().parts[part_];
  MutexLock lock(&part.mutex);
  Unlink();
}

void CoroutineActivity::DescribeAll(std::vector<WaiterInfo>& waiters) {
  for (ListOfAll::Part& part : ListOfAll::Get().parts) {
    std::vector<Ref<CoroutineActivity>> coroutines;  // Dropped after the lock.
    {
      MutexLock lock(&part.mutex);
      part.coroutines.ForEach([&](CoroutineActivity& coroutine) {
        coroutines.emplace_back();  // Before the reference, for it may throw.
        if (coroutine.TryAddRef()) coroutines.back() = Ref<CoroutineActivity>::Adopt(&coroutine);
      });
    }
    for (const Ref<CoroutineActivity>& coroutine : coroutines) {
      if (!coroutine) continue;
      waiters.emplace_back();
      WaiterInfo& info = waiters.back();
      ReadyWork ready;
      coroutine->LookBetweenRuns(
          [&] {
            if (coroutine->wait_ == nullptr) return;  // It has not begun.
            const int64_t waited = SteadyNow().nanoseconds() - coroutine->since_.nanoseconds();
            info.waited = std::max(absl::ZeroDuration(), absl::Nanoseconds(waited));
            coroutine->wait_->DescribeWait(info);
          },
          ready);
      if (info.things.empty()) waiters.pop_back();  // It runs, or is about to.
    }
  }
}

}  // namespace eventbus::internal
