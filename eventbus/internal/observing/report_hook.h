// Whom reports of one kind go to: a hook of the user's, or the standard error.

#ifndef EVENTBUS_INTERNAL_OBSERVING_REPORT_HOOK_H_
#define EVENTBUS_INTERNAL_OBSERVING_REPORT_HOOK_H_

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

// Thread-safe. `Report::ToString()` gives lines with their ends.
template <typename Report>
class ReportHook {
 public:
  using Function = absl::AnyInvocable<void(const Report& report) const>;

  // That of the process.
  static ReportHook& Get() { return ProcessWide<ReportHook>(); }

  void Set(Function function) {
    std::shared_ptr<const Function> shared;
    if (function) shared = std::make_shared<const Function>(std::move(function));
    MutexLock lock(&mutex_);
    function_.swap(shared);  // What it was ends its life after the lock.
  }

  // With no lock held.
  void Tell(const Report& report) {
    std::shared_ptr<const Function> function;
    {
      MutexLock lock(&mutex_);
      function = function_;
    }
    if (function != nullptr) {
      (*function)(report);
    } else {
      const std::string text = report.ToString();
      std::fwrite(text.data(), 1, text.size(), stderr);
    }
  }

 private:
  Mutex mutex_;  // No other lock is taken under it.
  std::shared_ptr<const Function> function_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OBSERVING_REPORT_HOOK_H_
