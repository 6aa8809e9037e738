#include "eventbus/internal/owners/actor_core.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/draining/drain_rules.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"

namespace eventbus::internal {

absl::Status ActorCore::Threw(absl::string_view what) const {
  return SafeStatus(absl::StatusCode::kInternal, [&] {
    return absl::StrCat("actor '", name_, "': the call threw", what.empty() ? "" : ": ", what);
  });
}

void ActorCore::Report(const absl::Status& error) {
  if (error.ok() || !on_error_) return;
  StatusOfCall([&] { on_error_(error); }, [](absl::string_view) { return absl::OkStatus(); }).IgnoreError();
}

absl::Status ActorCore::RefusalLocked() const {
  const bool abandoned = abandoned_;
  const absl::string_view why = abandoned ? "its executor was shut down" : refusing_ ? "stopped" : "draining";
  return SafeStatus(abandoned ? absl::StatusCode::kUnavailable : absl::StatusCode::kFailedPrecondition,
                    [&] { return absl::StrCat("actor '", name_, "': ", why); });
}

absl::Status ActorCore::NotRun(const Context& context) const {
  return SafeStatus(context.status().code(),
                    [&] { return absl::StrCat("actor '", name_, "': the call has not begun, and will not"); });
}

absl::Status ActorCore::Enqueue(ActorRequest& request, Room room) {
  bool calls = false;
  {
    MutexLock lock(&mutex_);
    if (refusing_ || (draining_ && !RunsHere())) return RefusalLocked();  // R3, R5
    if (queued_ < capacity_) {
      AcceptLocked(request);
    } else if (room == Room::kAwaited) {
      request.phase_ = ActorRequest::Phase::kWaits;
      waiting_.PushBack(request);
    } else {
      return absl::Status(absl::StatusCode::kResourceExhausted, "");
    }
    request.AddRef();  // R1
    ++pending_;
    if (turn_ == Turn::kIdle) {  // R2
      turn_ = Turn::kCalled;
      calls = true;
    }
  }
  if (calls) {
    ReadyWork ready;
    Notify(ready);
  }
  return absl::OkStatus();
}

void ActorCore::AcceptLocked(ActorRequest& request) {
  request.phase_ = ActorRequest::Phase::kAccepted;
  request.accepted_ = true;
  queue_.PushBack(request);
  ++queued_;
}

Ref<ActorRequest> ActorCore::MoveUpLocked() {
  --queued_;
  ActorRequest* const next = waiting_.PopFront();
  if (next == nullptr) return {};
  AcceptLocked(*next);
  return next->settles_ == ActorRequest::Settles::kOnceAccepted ? Ref<ActorRequest>(next) : Ref<ActorRequest>();
}

bool ActorCore::Withdraw(ActorRequest& request) {
  Ref<ActorRequest> moved_up;
  {
    MutexLock lock(&mutex_);
    const bool accepted = request.phase_ == ActorRequest::Phase::kAccepted;
    if (!accepted && request.phase_ != ActorRequest::Phase::kWaits) return false;
    request.phase_ = ActorRequest::Phase::kGone;
    request.Unlink();
    --pending_;
    if (accepted) moved_up = MoveUpLocked();
  }
  if (moved_up) moved_up->settled_.Happen();
  request.DropRef();
  return true;
}

absl::Status ActorCore::Perform(const Context& context, ActorRequest& request, absl::string_view call) {
  if (RunsHere()) {
    return SafeStatus(absl::StatusCode::kFailedPrecondition, [&] {
      return absl::StrCat("actor '", name_, "': ", call, " from inside a call of the same actor would wait for itself");
    });
  }
  if (context.done()) return NotRun(context);
  if (absl::Status refused = Enqueue(request, Room::kAwaited); !refused.ok()) return refused;
  const Arm arms[] = {{.target = ContextAccess::state(context)}, {.target = &request.settled_}};
  SelectAmong(arms, Choice::kListed, Instant::Never());
  return Conclude(context, request);
}

absl::Status ActorCore::Conclude(const Context& context, ActorRequest& request) {
  if (request.settled_.has_happened()) return RefusalOf(request);
  if (Withdraw(request)) return NotRun(context);
  if (request.settled_.has_happened()) return RefusalOf(request);
  return SafeStatus(context.status().code(), [&] {
    return absl::StrCat("actor '", name_, "': the call has begun, its result will be dropped");
  });
}

absl::Status ActorCore::PerformPost(const Context& context, ActorRequest& request, Room room) {
  if (context.done()) return NotRun(context);
  if (RunsHere()) room = Room::kRequired;
  if (absl::Status refused = Enqueue(request, room); !refused.ok()) return refused;
  {
    MutexLock lock(&mutex_);
    if (request.accepted_) return absl::OkStatus();
  }
  const Arm arms[] = {{.target = ContextAccess::state(context)}, {.target = &request.settled_}};
  const Selected selected = SelectAmong(arms, Choice::kListed, Instant::Never());
  if (selected.index == 0 && Withdraw(request)) return NotRun(context);
  return RefusalOf(request);
}

absl::Status ActorCore::RefusalOf(const ActorRequest& request) const {
  MutexLock lock(&mutex_);
  const bool posted = request.accepted_ && request.settles_ == ActorRequest::Settles::kOnceAccepted;
  return posted ? absl::OkStatus() : request.refusal_;
}

DrainReport ActorCore::Drain(const Context& context) {
  const std::string self = absl::StrCat("actor '", name_, "'");
  if (RunsHere()) return {.status = RefuseDrainFromInside(self)};
  if (absl::Status refused = RefuseDrain(self, context); !refused.ok()) return {.status = std::move(refused)};
  RequestDrain();
  const bool ended = internal::AwaitEnd({.target = &end_}, context);
  DrainReport report = MakeReport();
  internal::Conclude(self, ended, context, report);
  return report;
}

void ActorCore::RequestDrain() {
  List<ActorRequest> refused;
  absl::Status why;
  bool calls = false;
  {
    MutexLock lock(&mutex_);
    if (draining_ || refusing_) return;
    draining_ = true;
    why = RefusalLocked();
    refused.TakeAll(waiting_);
    refused.ForEach([&why](ActorRequest& request) {
      request.phase_ = ActorRequest::Phase::kGone;
      request.refusal_ = why;
    });
    pending_ = queued_;
    if (turn_ == Turn::kIdle) {
      turn_ = Turn::kCalled;
      calls = true;
    }
  }
  Refuse(refused, why);
  if (calls) {
    ReadyWork ready;
    Notify(ready);
  }
}

DrainReport ActorCore::MakeReport() const {
  DrainReport report = {.entries = {{.name = name_}}};
  DrainEntry& entry = report.entries.front();
  MutexLock lock(&mutex_);
  entry.handled = handled_;
  entry.left = queued_ + never_ran_;
  entry.running = serves_ ? 1 : 0;
  return report;
}

void ActorCore::Refuse(List<ActorRequest>& refused, const absl::Status& why) {
  while (ActorRequest* next = refused.PopFront()) {
    const Ref<ActorRequest> request = Ref<ActorRequest>::Adopt(next);
    request->Drop();
    // Nobody waits for a post that had been accepted.
    if (request->settles_ == ActorRequest::Settles::kOnceAccepted && request->accepted_) Report(why);
    request->settled_.Happen();
  }
}

void ActorCore::Stop() {
  {
    MutexLock lock(&mutex_);
    refusing_ = true;
  }
  Activity::Stop();
}

size_t ActorCore::CountPending() const {
  MutexLock lock(&mutex_);
  return pending_;
}

Ref<ActorRequest> ActorCore::TakeOrIdle(Ref<ActorRequest>& moved_up, bool& ends) {
  MutexLock lock(&mutex_);
  if (std::exchange(serves_, false)) handled_ += draining_;
  ActorRequest* const request = queue_.PopFront();
  if (request == nullptr) {
    ends = draining_;                // R5
    if (!ends) turn_ = Turn::kIdle;  // R2
    return {};
  }
  serves_ = true;
  request->phase_ = ActorRequest::Phase::kBegun;
  --pending_;
  moved_up = MoveUpLocked();
  return Ref<ActorRequest>::Adopt(request);
}

Activity::Next ActorCore::DoSome() {
  {
    MutexLock lock(&mutex_);
    turn_ = Turn::kBusy;  // The notification, if that is what started this run, has arrived.
  }
  for (int i = 0; i < kBatch; ++i) {
    if (stopping()) return Next::kAgain;  // The rest is refused.
    Ref<ActorRequest> moved_up;
    bool ends = false;
    const Ref<ActorRequest> request = TakeOrIdle(moved_up, ends);
    if (moved_up) moved_up->settled_.Happen();
    if (!request) return ends ? Next::kEnds : Next::kWaits;
    request->Run(state());
    request->settled_.Happen();
  }
  return Next::kAgain;
}

void ActorCore::CleanUp(bool abandoned) {
  List<ActorRequest> refused;
  absl::Status why;
  bool called;
  {
    MutexLock lock(&mutex_);
    refusing_ = true;
    ended_ = true;
    abandoned_ = abandoned;
    called = std::exchange(turn_, Turn::kBusy) == Turn::kCalled;  // From now on nobody notifies.
    why = RefusalLocked();
    refused.TakeAll(queue_);
    refused.TakeAll(waiting_);
    refused.ForEach([&why](ActorRequest& request) {
      request.phase_ = ActorRequest::Phase::kGone;
      request.refusal_ = why;
    });
    never_ran_ = queued_;
    queued_ = pending_ = 0;
    if (std::exchange(serves_, false)) handled_ += draining_;
  }
  if (called) AwaitNotified();
  Refuse(refused, why);
  DestroyState();
}

}  // namespace eventbus::internal
