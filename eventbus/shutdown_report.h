// What became of a shutdown, action by action. From `ShutdownPlan::Run` and `Service::Close`.
//
//   const ShutdownReport report = plan.Run(stop.signals());
//   return FinishMain(report);   // 0 if all went well; else prints the report, and leaves even if an action hangs
//
// | `outcome` | the action |
// |---|---|
// | `kDone` | returned OK |
// | `kFailed` | returned an error, threw, could not be started, or returned only after its stage was over: `status` says which |
// | `kHung` | had not returned at the end of the plan, and still runs |
// | `kSkipped` | was never begun: the hard stop came first |

#ifndef EVENTBUS_SHUTDOWN_REPORT_H_
#define EVENTBUS_SHUTDOWN_REPORT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "eventbus/drain_report.h"

namespace eventbus {

enum class ShutdownOutcome { kDone, kFailed, kHung, kSkipped };

// "done", "failed", "hung", "skipped".
const char* ToString(ShutdownOutcome outcome);

struct ShutdownActionReport {
  std::string stage = {};
  std::string name = {};
  ShutdownOutcome outcome = ShutdownOutcome::kSkipped;
  // OK if it is done or was skipped.
  absl::Status status = {};
  // The same of its hard stop: `kSkipped` if there is none, or was no need of it.
  ShutdownOutcome hard_stop = ShutdownOutcome::kSkipped;
  absl::Status hard_stop_status = {};
  // What the last of the two that drained something said.
  std::vector<DrainEntry> drained = {};
};

struct ShutdownReport {
  bool ok() const { return status.ok(); }

  // The actions that still run, as "stage/name"; of a hard stop, "stage/name (hard stop)".
  std::vector<std::string> Hung() const;

  // For people: the status, and a line for each action and for each entry of what it drained. Without a line break at the end.
  std::string ToString() const;
  friend std::ostream& operator<<(std::ostream& out, const ShutdownReport& report) { return out << report.ToString(); }

  // OK if every action is done. Else the first of these that applies: `kDeadlineExceeded` with the names of what hangs; the error of the first
  // action that failed, with its name; `kAborted`: actions were skipped. `kFailedPrecondition`, with no actions: called by an
  // action of the same plan.
  absl::Status status = {};
  // Whether a hard stop was asked for.
  bool hard_stopped = false;
  // One for each action, in the order of the stages.
  std::vector<ShutdownActionReport> actions = {};
};

// For the end of `main`: the exit code, 0 if the report and `status`, that of the program's work, are both OK, else 1; then what is not
// has been written to standard error. If something hangs, does not
// return but ends the process with that code at once, as `_exit` does: returning from `main` would wait for ever for what hangs, or destroy
// what that uses. Buffers of streams are then not written, and destructors do not run.
[[nodiscard]] int FinishMain(const ShutdownReport& report, const absl::Status& status = absl::OkStatus());

}  // namespace eventbus

#endif  // EVENTBUS_SHUTDOWN_REPORT_H_
