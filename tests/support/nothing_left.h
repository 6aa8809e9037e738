// That something leaves no thread and nothing in the heap behind, however often it is done.

#ifndef EVENTBUS_TESTS_SUPPORT_NOTHING_LEFT_H_
#define EVENTBUS_TESTS_SUPPORT_NOTHING_LEFT_H_

#include <cstdint>

#include "absl/time/time.h"
#include "eventbus/cancel_callback.h"
#include "eventbus/context.h"
#include "tests/support/allocations.h"
#include "tests/support/process.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {

// Calls `once()` a thousand times, and returns when there are no more threads and allocations than before. If some are left
// for ever it hangs, which the test's own timeout reports.
template <typename Once>
void ExpectNothingIsLeft(Once once) {
  // What the first one makes for all: the thread that rings alarms, and memory that is kept for reuse.
  const CancelHandle far = Context::Background().WithTimeout(absl::Hours(1));
  far.context().OnCancel([] {}).Remove();
  once();
  once();
  const int64_t threads = ThreadCount();
  const int64_t live = LiveAllocations();
  for (int i = 0; i < 1000; ++i) once();
  // A thread of the library may still be on its way out of the last one.
  AwaitTrue([&] { return LiveAllocations() <= live && ThreadCount() <= threads; });
}

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_SUPPORT_NOTHING_LEFT_H_
