#include "eventbus/service.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/select.h"

namespace eventbus {

Service::Service(absl::Duration close_budget, ServiceOptions options)
    : name_(std::move(options.name)),
      close_budget_(close_budget),
      stopped_(Context::Background().WithCancel()),
      plan_(close_budget, {.name = name_,
                           .hard_stop_budget = options.hard_stop_budget,
                           .on_progress = std::move(options.on_progress)}) {}

Service::~Service() {
  if (internal::ConsumerScope::IsInside(this)) internal::Fail("~Service", "destroyed by one of its own starts");
  Close();
}

std::string Service::Say(absl::string_view what) const { return absl::StrCat("service '", name_, "': ", what); }

Service& Service::AddPart(Part part) {
  internal::MutexLock lock(&mutex_);
  if (phase_ != Phase::kNew) internal::Fail("Service::Add", "the service was started, or closed");
  parts_.push_back(std::move(part));
  return *this;
}

absl::Status Service::Start(const Context& context) {
  {
    internal::MutexLock lock(&mutex_);
    if (phase_ != Phase::kNew) return absl::FailedPreconditionError(Say("it was started, or closed"));
    phase_ = Phase::kStarting;
  }
  absl::Status status = StartParts(context);
  {
    internal::MutexLock lock(&mutex_);
    if (status.ok()) {
      phase_ = Phase::kRunning;
    } else {
      PreparePlanLocked();
    }
  }
  start_is_over_.Happen();
  if (!status.ok()) plan_.Run();  // The plan keeps the report for `Close`.
  return status;
}

absl::Status Service::StartParts(const Context& context) {
  CancelHandle limit = context.WithCancel();
  const CancelCallback on_stop =
      stopped_.context().OnCancel([&limit, this] { limit.Cancel(stopped_.context().cause()); });
  for (Part& part : parts_) {
    if (limit.context().done()) {
      return absl::Status(limit.context().status().code(),
                          Say(absl::StrCat("stopped before the start of '", part.name, "'")));
    }
    if (absl::Status status = StartPart(part, limit.context()); !status.ok()) return status;
    internal::MutexLock lock(&mutex_);
    ++started_;
  }
  return absl::OkStatus();
}

absl::Status Service::StartPart(Part& part, const Context& context) {
  const internal::ConsumerScope inside(this);
  const absl::Status status =
      internal::StatusOfCall([&] { return part.start(context); },
                             [](absl::string_view what) {
                               return absl::InternalError(absl::StrCat("it threw", what.empty() ? "" : ": ", what));
                             });
  if (status.ok()) return status;
  return absl::Status(status.code(), Say(absl::StrCat("start of '", part.name, "': ", status.message())));
}

void Service::PreparePlanLocked() {
  phase_ = Phase::kClosing;
  for (size_t i = started_; i > 0; --i) {
    Part& part = parts_[i - 1];
    ShutdownPlan::Stage& stage = plan_.AddStage(part.name);
    if (part.hard_stop) {
      stage.Add("close", std::move(part.close), std::move(part.hard_stop));
    } else {
      stage.Add("close", std::move(part.close));
    }
  }
}

absl::Status Service::Wait(const Context& context) {
  Case cases[] = {stopped_.context().OnDone(), context.OnDone()};
  if (SelectInOrder(cases) == 1) return absl::OkStatus();
  internal::MutexLock lock(&mutex_);
  return why_;
}

void Service::Stop(const absl::Status& why) {
  {
    internal::MutexLock lock(&mutex_);
    if (std::exchange(stop_requested_, true)) return;
    why_ = why;
  }
  stopped_.Cancel(why);
}

ShutdownReport Service::Close(const ReceiveChannel<int>& signals) {
  if (internal::ConsumerScope::IsInside(this) || internal::ConsumerScope::IsInside(&plan_)) {
    return {.status = absl::FailedPreconditionError(
                Say("Close from inside one of its parts would wait for itself; Stop does not wait"))};
  }
  Stop();
  while (true) {
    {
      internal::MutexLock lock(&mutex_);
      if (phase_ != Phase::kStarting) {
        if (phase_ != Phase::kClosing) PreparePlanLocked();
        break;
      }
    }
    const CancelHandle budget = Context::Background().WithTimeout(close_budget_);
    Case cases[] = {Case({.target = &start_is_over_}), budget.context().OnDone()};
    if (SelectInOrder(cases) == 1) return ReportOfHungStart();
  }
  return plan_.Run(signals);
}

ShutdownReport Service::ReportOfHungStart() const {
  ShutdownReport report;
  internal::MutexLock lock(&mutex_);
  if (started_ < parts_.size()) {
    report.actions.push_back({.stage = parts_[started_].name,
                              .name = "start",
                              .outcome = ShutdownOutcome::kHung,
                              .status = absl::DeadlineExceededError("it has not returned")});
  }
  report.status = absl::DeadlineExceededError(Say("the start has not ended"));
  return report;
}

int Service::Main(const SignalContext& stop) {
  absl::Status status = Start(stop.context());
  if (status.ok()) {
    status = Wait(stop.context());
  } else if (stop.context().done() && absl::IsCancelled(status)) {
    status = absl::OkStatus();  // Who was told to stop has nothing to report.
  }
  return FinishMain(Close(stop.signals()), status);
}

}  // namespace eventbus
