// Who waits on what, since when: the first thing to ask of a program that stands still.
//
//   std::cerr << DumpWaiters().ToString();
//
//   3 wait
//   thread 4711, for 12.3 s: send to feed orders (server.cc:88); event 8123 not taken by subscriber audit (server.cc:120), queue 64 of 64
//   thread 4715, for 12.1 s: turn to send to feed orders (server.cc:88)
//   thread 4720, for 0.4 s: the first of: receive from channel replies (client.cc:17), queue 0 of 16; end of context
//
// Call it from a handler of a watchdog, of a signal that a `SignalContext` has turned into a context, or of a request for
// diagnosis. Not from a debugger's breakpoint: it takes locks.
//
// Listed are threads that sleep in a channel, a select, a send of a feed, an actor's call, a group, a semaphore, a pool, an
// `Unsubscribe`, whatever of the library; not those of a `ThreadPool` that have nothing to do, nor threads that wait for a lock of
// yours. And coroutines (`task.h`) that wait, whatever executor they are on.
//
// Cost: who need not wait pays nothing; a thread that goes to sleep, some tens of nanoseconds beside the microseconds of the sleep;
// a coroutine, as much when it waits for the first time, and a look at a coarse clock each time. The dump itself is O(waiters), and who wakes up meanwhile may
// be held up for as long as it takes to describe some of them.

#ifndef EVENTBUS_DUMP_WAITERS_H_
#define EVENTBUS_DUMP_WAITERS_H_

#include <string>
#include <vector>

#include "eventbus/waiter_info.h"

namespace eventbus {

struct WaiterDump {
  // Those that have waited longest come first.
  std::vector<WaiterInfo> waiters = {};

  // The number of them, then a line for each.
  std::string ToString() const;
};

// What waits now. Each wait was there at one moment of the call, not all at the same. Thread-safe; never waits for anything but
// locks that are held for a moment. A coroutine that is stopped while it is described may end its life in the calling thread. May
// throw `std::bad_alloc`.
WaiterDump DumpWaiters();

}  // namespace eventbus

#endif  // EVENTBUS_DUMP_WAITERS_H_
