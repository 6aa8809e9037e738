// The shutdown of a program: named stages one after another, the actions of a stage side by side, all within one budget.
//
//   ShutdownPlan plan(absl::Seconds(20));
//   plan.AddStage("intake").Add("listener", [&](const Context&) { listener.Close(); });
//   plan.AddStage("workers", {.cap = absl::Seconds(10)}).Drain("pool", pool).Drain("ledger", ledger);
//   plan.AddStage("resources").Add("database", [&](const Context& context) { return database.Flush(context); });
//   ...
//   return FinishMain(plan.Run(stop.signals()));   // a second SIGTERM skips to the hard stop
//
// The order of stages is that of the flow of work: first what lets work in, then what does it, last what that needs to do it.
//
// An action is a function that is given a context with a deadline, and perhaps a hard stop: a function that makes an end of what the
// action could not finish. Each runs in a thread of its own. Of one stage:
//
// | | what happens |
// |---|---|
// | an action returns OK | it is done |
// | it returns an error, or throws | the error is kept; its hard stop is called; the others go on |
// | its context is done, and it has not returned | its hard stop is called, beside it |
// | all actions and hard stops have returned | the next stage begins |
// | the stage is over, and one has not returned | it is named, and left behind; the next stage begins |
// | the hard stop is asked for | contexts are cancelled, hard stops are called; in later stages those alone, no actions |
//
// How the budget is shared. A stage may take all that is left, up to its cap, but for what is kept for those after it: for each
// as much as half of its equal share of the budget. So whoever hangs, every stage has time, and the whole takes no longer than the
// budget. The context of a stage ends a tenth before the stage is over, so that who heeds it has time to return. After a
// hard stop was asked for, what is left of the budget, at most `hard_stop_budget`, is shared equally among the stages that are left.
//
// What becomes of an action that hangs: no thread can be stopped from outside. It keeps running; the report says so (`kHung`); and
// the plan owns its thread: destruction of the plan waits for it. Nothing is detached. So what an action uses must outlive the plan, and
// a `main` that should end even so ends through `FinishMain`. An action that comes back before the plan ends has failed, late, and does
// not hang.
//
// Thread-safe but for construction, `AddStage`, what is called on a `Stage`, and destruction, which come before and after `Run`.
//
// Cost: a thread for each action, while it runs, and one more for its hard stop.

#ifndef EVENTBUS_SHUTDOWN_PLAN_H_
#define EVENTBUS_SHUTDOWN_PLAN_H_

#include <concepts>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/receive_channel.h"
#include "eventbus/shutdown_report.h"
#include "eventbus/task_group.h"

namespace eventbus {

// A step of a shutdown.
struct ShutdownProgress {
  enum class Step {
    kStageBegins,
    kActionEnds,    // With `status`.
    kHardStopEnds,  // That of one action, with `status`.
    kHangs,         // The stage is over, and this action, or its hard stop, has not returned.
    kStageEnds,
    kHardStop,  // It was asked for.
  };
  Step step;
  std::string stage = {};
  std::string action = {};  // Empty where a step concerns no action.
  absl::Status status = {};
};

struct ShutdownPlanOptions {
  // For people: in statuses.
  std::string name = {};
  // How long everything that is left takes at most once the hard stop has been asked for; positive.
  absl::Duration hard_stop_budget = absl::Seconds(1);
  // Told of each step, one at a time, by the thread in `Run`, which waits for it: be brief. What it throws is ignored.
  absl::AnyInvocable<void(const ShutdownProgress& progress)> on_progress = {};
};

struct ShutdownStageOptions {
  // How long the stage takes at most; positive.
  absl::Duration cap = absl::InfiniteDuration();
};

namespace internal {

// Called with a context or nothing; gives a `DrainReport`, an `absl::Status`, or nothing.
using ShutdownFunction = absl::AnyInvocable<DrainReport(const Context&)>;

template <typename Result>
concept ShutdownResult =
    std::is_void_v<Result> || std::same_as<Result, DrainReport> || std::same_as<Result, absl::Status>;
template <typename Function>
concept ShutdownFunctionLike = (std::invocable<Function&, const Context&> &&
                                ShutdownResult<std::invoke_result_t<Function&, const Context&>>) ||
                               (std::invocable<Function&> && ShutdownResult<std::invoke_result_t<Function&>>);

template <typename Call>
DrainReport ReportOfCall(Call call) {
  using Result = std::invoke_result_t<Call&>;
  if constexpr (std::is_void_v<Result>) {
    call();
    return {};
  } else if constexpr (std::same_as<Result, DrainReport>) {
    return call();
  } else {
    return {.status = call()};
  }
}

template <ShutdownFunctionLike Function>
ShutdownFunction MakeShutdownFunction(Function function) {
  return [function = std::move(function)](const Context& context) mutable -> DrainReport {
    if constexpr (std::invocable<Function&, const Context&>) {
      return ReportOfCall([&]() -> decltype(auto) { return std::invoke(function, context); });
    } else {
      return ReportOfCall([&]() -> decltype(auto) { return std::invoke(function); });
    }
  };
}

// What has a drain, and a hard stop: `Close`, `Stop` or `Cancel`, whose result counts if it is one of a shutdown.
template <typename Object>
concept Drainable = requires(Object& object, const Context& context) {
  { object.Drain(context) } -> std::same_as<DrainReport>;
};
template <Drainable Object>
DrainReport StopHard(Object& object) {
  const auto stop = [&object]() -> decltype(auto) {
    if constexpr (requires { object.Close(); }) {
      return object.Close();
    } else if constexpr (requires { object.Stop(); }) {
      return object.Stop();
    } else {
      return object.Cancel();
    }
  };
  if constexpr (ShutdownResult<decltype(stop())>) {
    return ReportOfCall(stop);
  } else {
    stop();
    return {};
  }
}

}  // namespace internal

// Neither copyable nor movable. Destruction waits for actions that hang; not from inside one.
class ShutdownPlan {
 public:
  // The actions of a stage. Lives as long as the plan.
  class Stage {
   public:
    // Adds an action: a function that is called with the stage's context or with nothing, and gives an `absl::Status`, a `DrainReport`
    // or nothing. Like everything that is given a context it should return once that is done.
    template <internal::ShutdownFunctionLike Function>
    Stage& Add(std::string name, Function function) {
      return AddAction(std::move(name), internal::MakeShutdownFunction(std::move(function)), {});
    }
    // The same, with a hard stop, a function of the same kind: called if the action returned an error, as soon as that is so or the
    // action's time is up; perhaps beside it. Its context ends when the stage is over.
    template <internal::ShutdownFunctionLike Function, internal::ShutdownFunctionLike HardStop>
    Stage& Add(std::string name, Function function, HardStop hard_stop) {
      return AddAction(std::move(name), internal::MakeShutdownFunction(std::move(function)),
                       internal::MakeShutdownFunction(std::move(hard_stop)));
    }

    // Adds the drain of `object`, which outlives the plan, and as hard stop its `Close`, `Stop` or `Cancel`.
    template <internal::Drainable Object>
    Stage& Drain(std::string name, Object& object) {
      return Add(
          std::move(name), [&object](const Context& context) { return object.Drain(context); },
          [&object] { return internal::StopHard(object); });
    }

   private:
    friend class ShutdownPlan;

    Stage(ShutdownPlan& plan, std::string name, absl::Duration cap) : plan_(plan), name_(std::move(name)), cap_(cap) {}

    Stage& AddAction(std::string name, internal::ShutdownFunction function, internal::ShutdownFunction hard_stop);

    ShutdownPlan& plan_;
    const std::string name_;
    const absl::Duration cap_;
  };

  // `budget`, positive and finite, is how long `Run` takes at most. Fails at once if a duration is not as it says.
  explicit ShutdownPlan(absl::Duration budget, ShutdownPlanOptions options = {});
  ShutdownPlan(const ShutdownPlan&) = delete;
  ShutdownPlan& operator=(const ShutdownPlan&) = delete;
  ~ShutdownPlan();

  // A stage after those before. Fails at once after `Run`.
  Stage& AddStage(std::string name, ShutdownStageOptions options = {});

  // Runs the stages, and blocks until the last is over: never longer than the budget. The stages run once: who calls while
  // they run waits for the same end, and who calls later finds it, with the same report. `kResourceExhausted` without a message, and no
  // actions in the report, if memory ran out. Refused with `kFailedPrecondition` from inside an
  // action. Who waits may ask for the hard stop: with `hard_stop`, once that is done; with `signals`, such as those of a
  // `SignalContext`, once the second number has come, for the first was the reason to shut down. Nobody else should receive from it.
  ShutdownReport Run() { return RunOrJoin(Context::Background(), ReceiveChannel<int>()); }
  ShutdownReport Run(const Context& hard_stop) { return RunOrJoin(hard_stop, ReceiveChannel<int>()); }
  ShutdownReport Run(const ReceiveChannel<int>& signals) { return RunOrJoin(Context::Background(), signals); }

  // Asks for the hard stop: from any thread, before or while the stages run. Does not wait.
  void RequestHardStop() { hard_stop_.Happen(); }

 private:
  // The two functions that an action may consist of.
  enum class Part { kDrain, kHardStop };
  // What an action sends when one of them has returned.
  struct Ended {
    size_t action;
    Part part;
    DrainReport report;
  };
  struct Action {
    size_t stage;
    std::string name;
    internal::ShutdownFunction function;
    internal::ShutdownFunction hard_stop;
  };
  class Execution;

  ShutdownReport RunOrJoin(const Context& hard_stop, const ReceiveChannel<int>& signals);
  // One of `signals` has come.
  void CountSignal();

  const std::string name_;
  const absl::Duration budget_;
  const absl::Duration hard_stop_budget_;
  absl::AnyInvocable<void(const ShutdownProgress&)> on_progress_;
  std::deque<Stage> stages_;
  std::deque<Action> actions_;  // In the order of the stages.

  internal::Mutex mutex_;
  bool began_ ABSL_GUARDED_BY(mutex_) = false;
  int signals_ ABSL_GUARDED_BY(mutex_) = 0;

  internal::Event hard_stop_;
  ShutdownReport report_;  // Written before `finished_`, and read after it.
  internal::Event finished_;

  TaskGroup threads_;  // Of actions. Goes first: it waits for those that use the rest.
};

}  // namespace eventbus

#endif  // EVENTBUS_SHUTDOWN_PLAN_H_
