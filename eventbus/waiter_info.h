// Who waits, and for what: the words of `DumpWaiters` (`dump_waiters.h`) and of stall reports (`stall_watch.h`). Values, which
// refer to nothing of what they describe.

#ifndef EVENTBUS_WAITER_INFO_H_
#define EVENTBUS_WAITER_INFO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "eventbus/source_location.h"

namespace eventbus {

// How full a queue was. `capacity` is the largest `size_t` if it has no limit.
struct QueueFill {
  size_t size = 0;
  size_t capacity = 0;

  // As in "queue 64 of 64".
  std::string ToString() const;
};

// One thing that somebody waits for.
struct WaitedFor {
  // In words: "receive from channel", "end of context", "2 units of semaphore".
  std::string what = {};
  // Of the thing; empty if it has none.
  std::string name = {};
  // Where the thing was made; line 0 if that is not known.
  SourceLocation location = {};
  // Of a channel; of a semaphore, how many units are taken.
  std::optional<QueueFill> queue = {};
  // Whether it is a send that waits, or a turn to send.
  bool is_send = false;

  // As in "send to channel audit (server.cc:120), queue 64 of 64".
  std::string ToString() const;
};

// A subscriber that has not taken what a send has for it.
struct SlowSubscriber {
  // `Subscription::id()` and `name()`.
  uint64_t subscription = 0;
  std::string name = {};
  // Where it subscribed.
  SourceLocation location = {};
  QueueFill queue = {};

  // As in "subscriber audit (server.cc:120)". Without a name, the number of the subscription stands for it.
  std::string Who() const;
  // The same, and how full its queue is.
  std::string ToString() const;
};

// A thread or a coroutine that waits.
struct WaiterInfo {
  // The number by which the system knows the thread; none for a coroutine.
  std::optional<uint64_t> thread = {};
  // For how long, to within some milliseconds.
  absl::Duration waited = {};
  // The first of these ends the wait.
  std::vector<WaitedFor> things = {};
  // For a send of a feed that waits for subscribers: those that have not taken the value, and the number of the event.
  std::vector<SlowSubscriber> not_taken_by = {};
  uint64_t event = 0;

  // One line, without an end of line.
  std::string ToString() const;
};

}  // namespace eventbus

#endif  // EVENTBUS_WAITER_INFO_H_
