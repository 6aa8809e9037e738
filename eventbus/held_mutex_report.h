// What the check of held mutexes (`held_mutex.h`) has to say, and to whom.

#ifndef EVENTBUS_HELD_MUTEX_REPORT_H_
#define EVENTBUS_HELD_MUTEX_REPORT_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "eventbus/source_location.h"
#include "eventbus/waiter_info.h"

namespace eventbus {

// What a send that blocks holds.
struct HeldMutexReport {
  // The send.
  WaitedFor send = {};
  // The mutex that was taken last of those that the thread holds, and where it was made or its holding was said.
  std::string mutex = {};
  SourceLocation location = {};

  // One line, with an end of line.
  std::string ToString() const;
};

// Called in the sending thread, before it sleeps, while the mutex is held. What it throws is ignored.
using HeldMutexHook = absl::AnyInvocable<void(const HeldMutexReport& report) const>;

}  // namespace eventbus

#endif  // EVENTBUS_HELD_MUTEX_REPORT_H_
