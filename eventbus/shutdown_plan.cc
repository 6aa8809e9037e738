#include "eventbus/shutdown_plan.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/select.h"

namespace eventbus {

namespace {

// At the end of a stage, the time in which actions return that were told that theirs is up.
absl::Duration TimeToReturn(absl::Duration of_stage) { return of_stage / 10; }

Case OnEvent(internal::Event& event) { return Case({.target = &event}); }

DrainReport Threw(absl::string_view what) {
  return {.status = absl::InternalError(absl::StrCat("it threw", what.empty() ? "" : ": ", what))};
}

// Calls what a plan is made of: what it throws is a status.
DrainReport Call(internal::ShutdownFunction& function, const Context& context) {
  try {
    return function(context);
  } catch (const std::exception& e) {
    return Threw(e.what());
  } catch (...) {
    return Threw({});
  }
}

}  // namespace

// The one time that the stages run. Only the thread in `Run` uses it, but for what it gives to the threads of actions: those get what
// they need by value, and answer through `ended_`.
class ShutdownPlan::Execution {
 public:
  // `hard_stop` and `signals` are those of the caller.
  Execution(ShutdownPlan& plan, const Context& hard_stop, const ReceiveChannel<int>& signals)
      : plan_(plan),
        asked_(hard_stop),
        signals_(signals),
        budget_(internal::SteadyNow(), plan.budget_, Context::Background()),
        ended_(static_cast<int>(2 * plan.actions_.size() + 1)),
        parts_(plan.actions_.size()) {
    for (const Action& action : plan_.actions_) {
      report_.actions.push_back({.stage = plan_.stages_[action.stage].name_, .name = action.name});
    }
  }

  ShutdownReport Run() {
    for (size_t stage = 0; stage < plan_.stages_.size(); ++stage) RunStage(stage);
    while (true) {
      absl::StatusOr<Ended> ended = ended_.TryReceive();  // Of actions that were left behind.
      if (!ended.ok()) break;
      Note(*std::move(ended));
    }
    Conclude();
    return std::move(report_);
  }

 private:
  // A context that ends after some time, and how much of that is left.
  class Limit {
   public:
    Limit(internal::Instant now, absl::Duration time, const Context& parent)
        : end_(now + time), context_(parent.WithTimeout(time)) {}

    const Context& context() const { return context_.context(); }
    void Cancel() { context_.Cancel(); }
    absl::Duration Left() const {
      const int64_t left = end_.nanoseconds() - internal::SteadyNow().nanoseconds();
      return absl::Nanoseconds(std::max<int64_t>(left, 0));
    }

   private:
    internal::Instant end_;
    CancelHandle context_;
  };

  enum class State { kNotBegun, kRuns, kEnded };
  struct Parts {
    State drain = State::kNotBegun;
    State hard_stop = State::kNotBegun;
    bool left_behind = false;  // Its stage is over.
  };

  State& StateOf(size_t action, Part part) {
    return part == Part::kDrain ? parts_[action].drain : parts_[action].hard_stop;
  }

  // How long the stage may take.
  absl::Duration TimeOf(size_t stage) const {
    const size_t stages = plan_.stages_.size();
    if (hard_) return hard_->Left() / static_cast<int64_t>(stages - stage);
    absl::Duration time = budget_.Left();
    for (size_t later = stage + 1; later < stages; ++later) {
      time -= std::min(plan_.stages_[later].cap_, plan_.budget_ / static_cast<int64_t>(2 * stages));
    }
    return std::max(std::min(time, plan_.stages_[stage].cap_), absl::ZeroDuration());
  }

  void RunStage(size_t stage) {
    stage_ = stage;
    Tell({.step = ShutdownProgress::Step::kStageBegins});
    LookForHardStop();
    BeginTimes();
    for (size_t action = 0; action < parts_.size(); ++action) {
      if (plan_.actions_[action].stage == stage) Begin(action, hard_ ? Part::kHardStop : Part::kDrain);
    }
    bool in_time = !hard_;
    while (running_ > 0) {
      absl::StatusOr<Ended> ended;
      enum : int { kEnded, kRequested, kAsked, kSignal, kTimeIsUp, kOver };
      absl::StatusOr<int> signal;
      Case cases[] = {
          ended_.OnReceive(&ended),
          hard_ ? Case::Never() : OnEvent(plan_.hard_stop_),
          hard_ ? Case::Never() : asked_.OnDone(),
          hard_ || !listens_ ? Case::Never() : signals_.OnReceive(&signal),
          in_time ? time_->context().OnDone() : Case::Never(),
          Over().context().OnDone(),
      };
      switch (SelectInOrder(cases)) {
        case kEnded:
          Note(*std::move(ended));
          continue;
        case kSignal:
          listens_ = signal.ok();
          if (signal.ok()) plan_.CountSignal();
          continue;
        case kAsked:
          plan_.RequestHardStop();
          continue;
        case kRequested:
          LookForHardStop();
          BeginTimes();
          in_time = false;
          StopHardWhatRuns();
          continue;
        case kTimeIsUp:
          in_time = false;
          StopHardWhatRuns();
          continue;
        case kOver:
          LeaveBehind();
          continue;
      }
    }
    Tell({.step = ShutdownProgress::Step::kStageEnds});
  }

  // Whether the hard stop has been asked for, by whoever and in whatever way.
  void LookForHardStop() {
    while (!hard_ && listens_) {
      absl::StatusOr<int> signal;
      Case cases[] = {signals_.OnReceive(&signal)};
      if (TrySelect(cases) != 0) break;
      listens_ = signal.ok();
      if (signal.ok()) plan_.CountSignal();
    }
    if (asked_.done()) plan_.RequestHardStop();
    if (hard_ || !plan_.hard_stop_.has_happened()) return;
    hard_.emplace(internal::SteadyNow(), plan_.hard_stop_budget_, budget_.context());
    report_.hard_stopped = true;
    Tell({.step = ShutdownProgress::Step::kHardStop});
  }

  // Those of the present stage; after a hard stop the context of its actions is done.
  void BeginTimes() {
    const absl::Duration time = TimeOf(stage_);
    const internal::Instant now = internal::SteadyNow();
    if (!hard_) {
      over_.emplace(now, time, budget_.context());
      time_.emplace(now, time - TimeToReturn(time), over_->context());
      return;
    }
    if (time_) time_->Cancel();
    hard_over_.emplace(now, time, hard_->context());
  }

  const Limit& Over() const { return hard_over_ ? *hard_over_ : *over_; }

  // Has the function called in a thread of its own, if there is one.
  void Begin(size_t index, Part part) {
    Action& action = plan_.actions_[index];
    internal::ShutdownFunction& function = part == Part::kDrain ? action.function : action.hard_stop;
    if (!function) return;
    StateOf(index, part) = State::kRuns;
    ++running_;
    const Context context = part == Part::kDrain ? time_->context() : Over().context();
    const auto run = [&function, index, part, context, ended = ended_, plan = &plan_] {
      const internal::ConsumerScope inside(plan);
      ended.TrySend({.action = index, .part = part, .report = Call(function, context)})
          .IgnoreError();  // There is room.
    };
    try {
      plan_.threads_.Go(run).IgnoreError();  // Accepted: nobody cancels the group, or drains it.
    } catch (const std::system_error& e) {
      Note({.action = index,
            .part = part,
            .report = {.status = absl::ResourceExhaustedError(absl::StrCat("there is no thread for it: ", e.what()))}});
    }
  }

  void StopHard(size_t action) {
    if (parts_[action].hard_stop == State::kNotBegun) Begin(action, Part::kHardStop);
  }
  void StopHardWhatRuns() {
    for (size_t action = 0; action < parts_.size(); ++action) {
      if (!parts_[action].left_behind && parts_[action].drain == State::kRuns) StopHard(action);
    }
  }

  // Keeps what one has returned.
  void Note(Ended ended) {
    ShutdownActionReport& told = report_.actions[ended.action];
    const bool late = parts_[ended.action].left_behind;
    StateOf(ended.action, ended.part) = State::kEnded;
    absl::Status& status = ended.report.status;
    if (late && status.ok()) status = absl::DeadlineExceededError("it returned after its stage was over");
    const ShutdownOutcome outcome = status.ok() ? ShutdownOutcome::kDone : ShutdownOutcome::kFailed;
    if (!ended.report.entries.empty()) told.drained = std::move(ended.report.entries);
    if (ended.part == Part::kDrain) {
      told.outcome = outcome;
      told.status = status;
    } else {
      told.hard_stop = outcome;
      told.hard_stop_status = status;
    }
    Tell({.step =
              ended.part == Part::kDrain ? ShutdownProgress::Step::kActionEnds : ShutdownProgress::Step::kHardStopEnds,
          .stage = told.stage,
          .action = told.name,
          .status = status});
    if (late) return;
    --running_;
    if (ended.part == Part::kDrain && !status.ok()) StopHard(ended.action);
  }

  // The stage is over: goes on without those that have not returned.
  void LeaveBehind() {
    for (size_t action = 0; action < parts_.size(); ++action) {
      Parts& parts = parts_[action];
      if (parts.left_behind || (parts.drain != State::kRuns && parts.hard_stop != State::kRuns)) continue;
      parts.left_behind = true;
      Tell({.step = ShutdownProgress::Step::kHangs, .action = plan_.actions_[action].name});
    }
    running_ = 0;
  }

  // What is said of those that have not returned, and of all together.
  void Conclude() {
    absl::Status first_error;
    bool skipped = false;
    for (size_t action = 0; action < parts_.size(); ++action) {
      ShutdownActionReport& told = report_.actions[action];
      if (parts_[action].drain == State::kRuns) {
        told.outcome = ShutdownOutcome::kHung;
        told.status = absl::DeadlineExceededError("it has not returned");
      }
      if (parts_[action].hard_stop == State::kRuns) {
        told.hard_stop = ShutdownOutcome::kHung;
        told.hard_stop_status = absl::DeadlineExceededError("it has not returned");
      }
      skipped = skipped || told.outcome == ShutdownOutcome::kSkipped;
      if (first_error.ok() && !told.status.ok()) {
        first_error = Say(told.status.code(), absl::StrCat(told.stage, "/", told.name, ": ", told.status.message()));
      }
    }
    const std::vector<std::string> hung = report_.Hung();
    if (!hung.empty()) {
      report_.status = Say(absl::StatusCode::kDeadlineExceeded, absl::StrCat("hung: ", absl::StrJoin(hung, ", ")));
    } else if (!first_error.ok()) {
      report_.status = first_error;
    } else if (skipped) {
      report_.status = Say(absl::StatusCode::kAborted, "skipped to the hard stop");
    }
  }

  absl::Status Say(absl::StatusCode code, absl::string_view what) const {
    return absl::Status(code, absl::StrCat("shutdown plan '", plan_.name_, "': ", what));
  }

  void Tell(ShutdownProgress progress) {
    if (!plan_.on_progress_) return;
    if (progress.stage.empty()) progress.stage = plan_.stages_[stage_].name_;
    internal::StatusOfCall([&] { plan_.on_progress_(progress); }, [](absl::string_view) { return absl::OkStatus(); })
        .IgnoreError();
  }

  ShutdownPlan& plan_;
  const Context asked_;
  const ReceiveChannel<int> signals_;
  bool listens_ = true;  // `signals_` is open.
  const Limit budget_;
  const Channel<Ended> ended_;  // Has room for all that may ever be sent.
  std::vector<Parts> parts_;    // Of each action.
  size_t running_ = 0;          // How many parts of the present stage have not returned.
  size_t stage_ = 0;            // The present one.
  std::optional<Limit> over_;   // Until the present stage is over.
  std::optional<Limit> time_;   // For its actions.
  std::optional<Limit> hard_;   // Once the hard stop was asked for: the time for all that is left.
  std::optional<Limit>
      hard_over_;  // Then until the present stage is over. `over_` stays, for hard stops that have begun.
  ShutdownReport report_;
};

ShutdownPlan::ShutdownPlan(absl::Duration budget, ShutdownPlanOptions options)
    : name_(std::move(options.name)),
      budget_(budget),
      hard_stop_budget_(options.hard_stop_budget),
      on_progress_(std::move(options.on_progress)) {
  if (budget <= absl::ZeroDuration() || budget == absl::InfiniteDuration()) {
    internal::Fail("ShutdownPlan",
                   absl::StrCat("a budget that is not positive and finite: ", absl::FormatDuration(budget)));
  }
  if (hard_stop_budget_ <= absl::ZeroDuration()) internal::Fail("ShutdownPlan", "a hard stop needs time");
}

ShutdownPlan::~ShutdownPlan() {
  if (internal::ConsumerScope::IsInside(this)) internal::Fail("~ShutdownPlan", "destroyed by one of its own actions");
  // What was begun is done, even if its thread has not come to it yet: the destructor of the group would cancel that.
  threads_.Wait().IgnoreError();
}

ShutdownPlan::Stage& ShutdownPlan::AddStage(std::string name, ShutdownStageOptions options) {
  if (options.cap <= absl::ZeroDuration()) internal::Fail("ShutdownPlan::AddStage", "a stage needs time");
  {
    internal::MutexLock lock(&mutex_);
    if (began_) internal::Fail("ShutdownPlan::AddStage", "the plan has run");
  }
  return stages_.emplace_back(Stage(*this, std::move(name), options.cap));
}

ShutdownPlan::Stage& ShutdownPlan::Stage::AddAction(std::string name, internal::ShutdownFunction function,
                                                    internal::ShutdownFunction hard_stop) {
  {
    internal::MutexLock lock(&plan_.mutex_);
    if (plan_.began_) internal::Fail("ShutdownPlan::Stage::Add", "the plan has run");
  }
  const auto own =
      std::find_if(plan_.stages_.begin(), plan_.stages_.end(), [this](const Stage& s) { return &s == this; });
  plan_.actions_.push_back({.stage = static_cast<size_t>(own - plan_.stages_.begin()),
                            .name = std::move(name),
                            .function = std::move(function),
                            .hard_stop = std::move(hard_stop)});
  return *this;
}

void ShutdownPlan::CountSignal() {
  bool again;
  {
    internal::MutexLock lock(&mutex_);
    again = ++signals_ > 1;
  }
  if (again) RequestHardStop();
}

ShutdownReport ShutdownPlan::RunOrJoin(const Context& hard_stop, const ReceiveChannel<int>& signals) {
  if (internal::ConsumerScope::IsInside(this)) {
    return {.status = absl::FailedPreconditionError(
                absl::StrCat("shutdown plan '", name_, "': Run from one of its own actions would wait for itself"))};
  }
  bool first;
  {
    internal::MutexLock lock(&mutex_);
    first = !std::exchange(began_, true);
  }
  if (first) {
    // Stages may have been filled in another order than that in which they run.
    std::stable_sort(actions_.begin(), actions_.end(),
                     [](const Action& a, const Action& b) { return a.stage < b.stage; });
    try {
      report_ = Execution(*this, hard_stop, signals).Run();
    } catch (const std::bad_alloc&) {
      report_ = {.status =
                     absl::Status(absl::StatusCode::kResourceExhausted, "")};  // Who joins must not wait for ever.
    }
    finished_.Happen();
    return report_;
  }
  bool asks = true;
  bool listens = true;
  while (true) {
    absl::StatusOr<int> signal;
    Case cases[] = {OnEvent(finished_), asks ? hard_stop.OnDone() : Case::Never(),
                    listens ? signals.OnReceive(&signal) : Case::Never()};
    switch (SelectInOrder(cases)) {
      case 0:
        return report_;
      case 1:
        asks = false;
        RequestHardStop();
        break;
      case 2:
        listens = signal.ok();
        if (signal.ok()) CountSignal();
        break;
    }
  }
}

}  // namespace eventbus
