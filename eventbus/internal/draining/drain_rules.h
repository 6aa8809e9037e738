// What is the same about every drain: with which contexts it may begin, and what its end is called.
//
// A drain of an object is these steps:
//   1. `RefuseDrain`, and from inside the object `RefuseDrainFromInside`: nothing happened.
//   2. The object refuses what is new from now on: a flag under its mutex, looked at where it accepts, in the same critical
//      section.
//   3. `AwaitEnd` of the object.
//   4. One entry for each, of the numbers under its mutex, and `DrainStatus` of what they add up to.

#ifndef EVENTBUS_INTERNAL_DRAINING_DRAIN_RULES_H_
#define EVENTBUS_INTERNAL_DRAINING_DRAIN_RULES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/internal/choosing/select_core.h"

namespace eventbus::internal {

// OK if a drain may begin with `context`; else `kInvalidArgument`: it is done, or has no deadline. `object` is what messages
// call what is drained, such as "thread pool 'workers'".
absl::Status RefuseDrain(absl::string_view object, const Context& context);

// `kFailedPrecondition`: called by what the drain would wait for.
absl::Status RefuseDrainFromInside(absl::string_view object);

// Blocks until `end` takes effect: true; or `context` is done first: false. The end comes first if both are true.
bool AwaitEnd(const Arm& end, const Context& context);

// Sets the status from the entries, and whether the object `ended` before `context` was done.
void Conclude(absl::string_view object, bool ended, const Context& context, DrainReport& report);

// The status of a hard stop: OK, or `kAborted` if something was left or still runs.
void ConcludeHardStop(absl::string_view object, DrainReport& report);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_DRAINING_DRAIN_RULES_H_
