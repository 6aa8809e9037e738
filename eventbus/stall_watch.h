// Says which subscriber keeps a feed from going on, while it does.
//
//   feed orders: subscriber audit (server.cc:120) has not taken event 8123 for 5.0 s, queue 64 of 64, 3 senders waiting
//
// On by default: a send that has waited for five seconds says so on the standard error, and again each time that its wait has
// doubled. A send that waits for its turn says so too, if that is because a handler or a filter has not returned:
//
//   feed orders: subscriber audit (server.cc:120) has not returned from event 8123 for 5.0 s, 3 senders waiting
//
// To have it in a log of your own:
//
//   SetStallHook([](const StallReport& report) { LOG(WARNING) << report.ToString(); });
//
// No thread watches: the send that waits wakes up for it. So a program whose sends never wait that long pays nothing, and one
// whose sends do sleep looks at the clock once more for each sleep. A process makes ten reports a second at most; how many were
// left out is part of the next.

#ifndef EVENTBUS_STALL_WATCH_H_
#define EVENTBUS_STALL_WATCH_H_

#include "absl/time/time.h"
#include "eventbus/stall_report.h"

namespace eventbus {

// From now on `hook` is told instead of the standard error; empty: the standard error again. The hook before it may still run in
// other threads when this returns. Thread-safe.
void SetStallHook(StallHook hook);

// How long a send waits before it is reported; `absl::InfiniteDuration()`: none is. For sends that begin to wait from now on.
// Not positive fails at once. Thread-safe.
void SetStallThreshold(absl::Duration threshold);

}  // namespace eventbus

#endif  // EVENTBUS_STALL_WATCH_H_
