// What a stall watch (`stall_watch.h`) has to say, and to whom.

#ifndef EVENTBUS_STALL_REPORT_H_
#define EVENTBUS_STALL_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "eventbus/source_location.h"
#include "eventbus/waiter_info.h"

namespace eventbus {

struct StallReport {
  // What keeps the send.
  enum class Cause {
    kQueueIsFull,         // Subscribers have no room.
    kCallHasNotReturned,  // A handler or filter runs, in the send before the one that reports.
  };

  Cause cause = Cause::kQueueIsFull;
  // `FeedOf::name()`, and where the feed was made.
  std::string feed = {};
  SourceLocation location = {};
  // The number of the event that was not taken: the first send of a feed is 1.
  uint64_t event = 0;
  // For how long the send has waited that reports.
  absl::Duration waited = {};
  // Who has not taken it, in no order. Of a call, who is called; its queue says nothing then.
  std::vector<SlowSubscriber> not_taken_by = {};
  // Sends that wait for their turn behind it.
  size_t senders_waiting = 0;
  // Reports of the process, since the one before this, that were left out.
  uint64_t left_out = 0;

  // One line for each of up to three subscribers, and one that says how many more, each with an end of line.
  std::string ToString() const;
};

// Called in the sending thread with no lock held, by several at a time; the send waits for it, so it should be short. It may do
// what a filter may: end the subscription, say; a send to the same feed is refused. What it throws is ignored.
using StallHook = absl::AnyInvocable<void(const StallReport& report) const>;

}  // namespace eventbus

#endif  // EVENTBUS_STALL_REPORT_H_
