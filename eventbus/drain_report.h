// What became of a drain: of what had been accepted, what was handled, what was left, and who was still at it.
//
//   DrainReport report = pool.Drain(budget.context());
//   if (!report.ok()) std::cerr << report;
//
//   kDeadlineExceeded: pool 'workers': 3 running and 17 left after the time for the drain
//     workers: 120 handled, 17 left, 3 running
//
// Draining means the same everywhere: what is new is refused, what was accepted is finished, then the object ends. `Drain`
// blocks until that is so, or its context is done:
//
// | `status` | what happened |
// |---|---|
// | OK | everything accepted was handled; nothing runs, and nothing will |
// | `kDeadlineExceeded`, `kCancelled` | the context was done first; the object goes on draining, and what is left still runs |
// | `kAborted` | a hard stop (`Close`, `Stop`) came before the end, or its executor was shut down, and something was never run |
// | `kInvalidArgument` | refused: the context was done already, or has no deadline. Nothing happened |
// | `kFailedPrecondition` | refused: called by what the drain would wait for. Nothing happened; `RequestDrain` is for there |
//
// All who drain one object share its one drain: each waits for the same end, for as long as its own context allows, and who finds
// the end finds the same report. To drain again is no error. After a drain that was late, drain again with another budget, or
// stop hard.
//
// The numbers are those of one instant, the end of the wait, and count from the beginning of the drain. Each is the number
// of what the entry's object accepts: works of a pool, tasks and tokens of a group, calls and posts of an actor, values of a
// subscription.

#ifndef EVENTBUS_DRAIN_REPORT_H_
#define EVENTBUS_DRAIN_REPORT_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace eventbus {

// What became of what one object had accepted.
struct DrainEntry {
  std::string name = {};  // Of the object.
  uint64_t handled = 0;   // Has ended since the drain began.
  uint64_t left = 0;      // Has not begun; after a hard stop, never will.
  uint64_t running = 0;   // Has begun, and not ended.

  // Of a subscription only: the name of its feed, its id, and how long it has taken from the beginning of its drain to its end, or
  // to this report.
  std::string feed = {};
  uint64_t subscription = 0;
  absl::Duration took = {};

  // For people, in one line: "ledger: 5 handled, 2 left, 1 running".
  std::string ToString() const;

  friend bool operator==(const DrainEntry& a, const DrainEntry& b) = default;
};

struct DrainReport {
  // Whether the drain was OK.
  bool ok() const { return status.ok(); }

  // Sums over the entries.
  uint64_t handled() const;
  uint64_t left() const;
  uint64_t running() const;

  // For people: the status, then a line for each entry. Without a line break at the end.
  std::string ToString() const;
  friend std::ostream& operator<<(std::ostream& out, const DrainReport& report) { return out << report.ToString(); }

  // Of the drain alone: what work returned or threw is told where that work's errors are told.
  absl::Status status = {};
  // First the object itself, then others that it waits for, in no particular order. Empty if the drain was refused.
  std::vector<DrainEntry> entries = {};
};

}  // namespace eventbus

#endif  // EVENTBUS_DRAIN_REPORT_H_
