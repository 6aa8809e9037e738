// The life of a program of several parts: started in order, closed in reverse order, whatever happens in between.
//
//   int main() {
//     SignalContext stop({SIGTERM, SIGINT});
//     Ledger ledger;
//     Listener listener(ledger);
//     Service service(absl::Seconds(20), {.name = "bank"});
//     service.Add("ledger", [&] { return ledger.Open(); }, [&](const Context& context) { return ledger.Drain(context); });
//     service.Add("listener", [&] { return listener.Listen(); }, [&] { listener.Close(); });
//     return service.Main(stop);
//   }
//
// Add a part after those that it needs: it is then started after them, and closed before they are. The close is a `ShutdownPlan`
// (`shutdown_plan.h`) with a stage for each part: one budget, hangs are named, and a second signal skips to the hard stop.
//
// | | new | starting | running | closing, closed |
// |---|---|---|---|---|
// | `Start` | starts the parts | `kFailedPrecondition` | `kFailedPrecondition` | `kFailedPrecondition` |
// | `Wait` | waits for the stop | waits for the stop | waits for the stop | why it was stopped |
// | `Stop` | `Wait` returns | the start is cancelled | `Wait` returns | nothing |
// | `Close` | closed | cancels the start, waits for its end, closes | closes | waits for the same end |
//
// Guarantees: a part is closed if and only if its start returned OK, and only after the start of all parts is over. If a start fails, or
// throws, or the start is cancelled, the parts that were started are closed in reverse order before `Start` returns: a start
// that fails cleans up after itself only. Functions run with no lock held: those that start in the thread that called `Start`, the others
// each in a thread of its own.
//
// Thread-safe but for construction, adding, and destruction.

#ifndef EVENTBUS_SERVICE_H_
#define EVENTBUS_SERVICE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/context.h"
#include "eventbus/internal/groups/task_function.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/receive_channel.h"
#include "eventbus/shutdown_plan.h"
#include "eventbus/shutdown_report.h"
#include "eventbus/signal_context.h"

namespace eventbus {

struct ServiceOptions {
  // For people: in statuses.
  std::string name = {};
  // As those of a `ShutdownPlan`; the stages have the names of the parts.
  absl::Duration hard_stop_budget = absl::Seconds(1);
  absl::AnyInvocable<void(const ShutdownProgress& progress)> on_progress = {};
};

// Neither copyable nor movable. Destruction closes it, and waits for what hangs.
class Service {
 public:
  // `close_budget`, positive and finite, is how long closing takes at most.
  explicit Service(absl::Duration close_budget, ServiceOptions options = {});
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  // Adds a part, which outlives the service. `start` is called with a context or with nothing, and gives an `absl::Status` or nothing:
  // it returns once the part works. `close`, and perhaps `hard_stop`, are those of an action of a `ShutdownPlan`. Fails at once
  // after `Start`.
  template <internal::TaskFunctionLike Start, internal::ShutdownFunctionLike Close>
  Service& Add(std::string name, Start start, Close close) {
    return AddPart({std::move(name),
                    internal::MakeTaskFunction(std::move(start)),
                    internal::MakeShutdownFunction(std::move(close)),
                    {}});
  }
  template <internal::TaskFunctionLike Start, internal::ShutdownFunctionLike Close,
            internal::ShutdownFunctionLike HardStop>
  Service& Add(std::string name, Start start, Close close, HardStop hard_stop) {
    return AddPart({std::move(name), internal::MakeTaskFunction(std::move(start)),
                    internal::MakeShutdownFunction(std::move(close)),
                    internal::MakeShutdownFunction(std::move(hard_stop))});
  }

  // Adds a part that works already: it is closed by its `Drain`, and its hard stop is its `Close`, `Stop` or `Cancel`.
  template <internal::Drainable Object>
  Service& Add(std::string name, Object& object) {
    return Add(
        std::move(name), [] {}, [&object](const Context& context) { return object.Drain(context); },
        [&object] { return internal::StopHard(object); });
  }

  // Starts the parts in order, in the calling thread: OK; or the error of the one that failed, with its name, or why it was
  // stopped meanwhile, and everything is closed. The functions get a child of `context` that `Stop` cancels too.
  absl::Status Start(const Context& context);

  // Blocks until `Stop` is called: what it was given; until `context` is done, which is the usual end: OK; or until it is closed.
  absl::Status Wait(const Context& context);

  // Ends the wait: for a part that cannot go on, or has done all there is to do. From anywhere; does not wait. The first call counts.
  void Stop(const absl::Status& why = absl::OkStatus());

  // Closes the parts that were started, in reverse order, and blocks until that is over: for the budget at most, but that a start in
  // progress may take as long before. As `ShutdownPlan::Run`: once, with one report for all, and refused with `kFailedPrecondition` from inside a
  // part's function; `Stop` is for there. With `signals`, the second number skips to the hard stop.
  ShutdownReport Close() { return Close(ReceiveChannel<int>()); }
  ShutdownReport Close(const ReceiveChannel<int>& signals);

  // All of it, for the end of `main`: starts, waits until a signal comes or somebody stops it, closes, and is the exit code: 0 if nothing
  // failed. Tells of errors on standard error, and ends the process at once if something hangs, as `FinishMain`. Nobody else
  // should receive from `stop.signals()`.
  [[nodiscard]] int Main(const SignalContext& stop);

 private:
  struct Part {
    std::string name;
    internal::TaskFunction start;
    internal::ShutdownFunction close;
    internal::ShutdownFunction hard_stop;
  };
  enum class Phase { kNew, kStarting, kRunning, kClosing };

  Service& AddPart(Part part);
  absl::Status StartPart(Part& part, const Context& context);
  // Starts the parts, and counts those that were.
  absl::Status StartParts(const Context& context);
  // From now on it closes, and the plan has a stage for each part that was started.
  void PreparePlanLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ShutdownReport ReportOfHungStart() const;
  std::string Say(absl::string_view what) const;

  const std::string name_;
  const absl::Duration close_budget_;
  std::vector<Part> parts_;  // Not changed from the start on, but by who prepares the plan.

  mutable internal::Mutex mutex_;  // Taken before the plan's, and under no other.
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kNew;
  size_t started_ ABSL_GUARDED_BY(mutex_) = 0;  // The first so many parts.
  bool stop_requested_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status why_ ABSL_GUARDED_BY(mutex_);  // Not written once `stopped_` is done.

  CancelHandle stopped_;
  internal::Event start_is_over_;
  ShutdownPlan plan_;  // Last: it waits for those that use the rest.
};

}  // namespace eventbus

#endif  // EVENTBUS_SERVICE_H_
