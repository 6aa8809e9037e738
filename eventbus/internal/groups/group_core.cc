#include "eventbus/internal/groups/group_core.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/draining/drain_rules.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

// One task. Deleted by who is last to need it: its executor, who joins its thread, or, if it failed, the group.
class GroupCore::Task final : public Work, public TaskEnd, public ListNode<GroupCore::Task> {
 public:
  Task(GroupCore& group, TaskFunction function) : group_(&group), function_(std::move(function)) {}

  // On an executor.
  void Run() override {
    group_->BeginTask();
    const Ref<GroupCore> group = Finish([this] { return Call(); });
    EndOnExecutor(*group);
  }
  void Abandon() override {
    group_->BeginTask();
    const Ref<GroupCore> group = Finish([this] {
      return SafeStatus(absl::StatusCode::kUnavailable,
                        [this] { return group_->Describe("the executor of a task was shut down", {}); });
    });
    EndOnExecutor(*group);
  }

  // On a thread of its own.
  void RunInThread() {
    runner = ThisThread();
    const ConsumerScope inside(group_.get());  // To the end: who destroys the group in here would join this thread.
    const Ref<GroupCore> group = Finish([this] { return Call(); });
    failed = group->Note(*this);
    group->LetGo(*this);
    MutexLock lock(&group->mutex);
    has_left = true;
  }

  std::optional<Thread> thread;
  // Guarded by the group's mutex.
  int parts = 2;          // G2
  bool has_left = false;  // Nothing of its thread is left to wait for but its end.
  // Written by the thread before it lets go.
  ThreadIdentity runner = nullptr;
  bool failed = false;
  bool ran = false;

 private:
  // Sets the outcome, and destroys the function while the task still counts. Hands over the reference to the group.
  template <typename Outcome>
  Ref<GroupCore> Finish(Outcome get_outcome) {
    outcome = get_outcome();
    function_ = nullptr;
    return std::move(group_);
  }

  void EndOnExecutor(GroupCore& group) {
    WakeList wakes;
    const bool has_run = ran;
    if (!group.Note(*this)) delete this;
    group.EndTask(has_run, wakes);
  }

  absl::Status Call() {
    if (group_->context().done()) return group_->context().status();  // Cancelled before it began.
    ran = true;
    const ConsumerScope inside(group_.get());
    try {
      return function_(group_->context());
    } catch (const std::exception& e) {
      thrown = std::current_exception();
      const absl::string_view what = e.what();
      return SafeStatus(absl::StatusCode::kInternal, [&] { return group_->Describe("a task threw", what); });
    } catch (...) {
      thrown = std::current_exception();
      return SafeStatus(absl::StatusCode::kInternal, [&] { return group_->Describe("a task threw", {}); });
    }
  }

  Ref<GroupCore> group_;
  TaskFunction function_;
};

GroupCore::GroupCore(absl::string_view kind, const Context& parent, GroupSettings settings)
    : kind_(kind), settings_(std::move(settings)), cancel_(parent.WithCancel()) {
  if (settings_.limit < 0) Fail(kind_, absl::StrCat("a negative limit: ", settings_.limit));
  if (settings_.limit > 0) limit_.emplace(settings_.limit);
}

GroupCore::~GroupCore() {
  List<TaskEnd> failed;  // What was thrown may be destroyed with it: not under the mutex.
  {
    MutexLock lock(&mutex);
    ModelCheck(ended_.empty(), "a thread of a group was never joined");  // G1
    failed.TakeAll(failed_);
  }
  while (TaskEnd* const end = failed.PopFront()) delete end;
}

std::string GroupCore::Describe(absl::string_view event, absl::string_view what) const {
  return absl::StrCat(kind_, " '", settings_.name, "': ", event, what.empty() ? "" : ": ", what);
}

bool GroupCore::AcceptFromHere(Accept accept) {
  return (this->*accept)(By::kAnyone) || (RunsHere() && (this->*accept)(By::kOwnTask));
}

absl::Status GroupCore::RefuseDraining() const {
  return absl::FailedPreconditionError(Describe("draining", "it accepts only what its own tasks start"));
}

absl::Status GroupCore::AwaitTurn(const Context& context, bool waits) {
  // The contexts come first.
  if (context.done()) return context.status();
  if (cancel_.context().done()) return cancel_.context().status();
  if (!limit_) return absl::OkStatus();
  SemaphoreRequest request = {&*limit_, 1};
  const Arm unit = {.target = &*limit_, .value = &request};
  if (Await(unit, Instant::Past()) == Outcome::kDone) return absl::OkStatus();
  if (!waits) return absl::Status(absl::StatusCode::kResourceExhausted, absl::string_view());
  const Arm arms[] = {{.target = ContextAccess::state(context)},
                      {.target = ContextAccess::state(cancel_.context())},
                      {.target = RunsHere() ? nullptr : &draining()},
                      unit};
  switch (SelectAmong(arms, Choice::kListed, Instant::Never()).index) {
    case 0:
      return context.status();
    case 1:
      return cancel_.context().status();
    case 2:
      return RefuseDraining();
    default:
      return absl::OkStatus();
  }
}

absl::Status GroupCore::AwaitPlace(const Context& context, bool waits, Accept accept) {
  if (absl::Status status = AwaitTurn(context, waits); !status.ok()) return status;
  if (AcceptFromHere(accept)) return absl::OkStatus();
  if (limit_) limit_->Release(1);
  return RefuseDraining();
}

absl::Status GroupCore::Start(TaskFunction function, const Context& context, bool waits) {
  Reap(Threads::kLeft);
  auto task = std::make_unique<Task>(*this, std::move(function));
  const auto accept = settings_.executor != nullptr ? &GroupCount::TryAddQueuedTask : &GroupCount::TryAddTask;
  if (absl::Status status = AwaitPlace(context, waits, accept); !status.ok()) return status;
  if (settings_.executor != nullptr) {
    settings_.executor->Submit(*task.release());
    return absl::OkStatus();
  }
  try {
    Task& started = *task;
    started.thread.emplace([&started] { started.RunInThread(); });
  } catch (...) {
    WakeList wakes;
    if (limit_) limit_->Release(1);
    ForgetTask(wakes);
    throw;
  }
  LetGo(*task.release());
  return absl::OkStatus();
}

absl::Status GroupCore::Admit(GroupMember& member, const Context& context, bool waits) {
  Reap(Threads::kLeft);
  if (absl::Status status = AwaitPlace(context, waits, &GroupCount::TryAddTask); !status.ok()) return status;
  MutexLock lock(&mutex);
  starting_.PushBack(member);
  return absl::OkStatus();
}

bool GroupCore::MayGoOn(GroupMember& started) {
  MutexLock lock(&mutex);
  if (!started.linked()) return true;  // It has ended.
  if (ending_) return false;
  started.Unlink();
  members_.PushBack(started);
  return true;
}

void GroupCore::EndMember(GroupMember& member, std::unique_ptr<TaskEnd> end, WakeList& wakes) {
  {
    MutexLock lock(&mutex);
    member.Unlink();
  }
  if (Note(*end)) end.release();
  EndTask(/*ran=*/true, wakes);
}

void GroupCore::EndTask(bool ran, WakeList& wakes) {
  if (limit_) limit_->Release(1);
  RemoveTask(ran, wakes);
}

bool GroupCore::Note(TaskEnd& end) {
  if (end.outcome.ok()) return false;
  bool first;
  {
    MutexLock lock(&mutex);
    first = failed_.empty();
    failed_.PushBack(end);
  }
  if (first && settings_.cancels_on_error) cancel_.Cancel(end.outcome);
  return true;
}

void GroupCore::LetGo(Task& task) {
  WakeList wakes;
  bool ran;
  {
    MutexLock lock(&mutex);
    if (--task.parts > 0) return;
    ran = task.ran;
    ended_.PushBack(task);
  }
  EndTask(ran, wakes);
}

GroupCore::Task* GroupCore::TakeEnded(Threads which) {
  Task* first = nullptr;
  MutexLock lock(&mutex);
  ended_.ForEach([&first, which](Task& task) {
    // Whom the end of a task woke may run in its thread (an `InlineExecutor`), and come here.
    if (first != nullptr || task.runner == ThisThread()) return;
    if (which == Threads::kAll || task.has_left) first = &task;
  });
  if (first != nullptr) static_cast<ListNode<Task>*>(first)->Unlink();
  return first;
}

void GroupCore::Reap(Threads which) {
  if (settings_.executor != nullptr) return;  // No task has a thread.
  while (Task* const task = TakeEnded(which)) {
    task->thread->join();
    task->thread.reset();
    if (!task->failed) delete task;
  }
}

void GroupCore::StopMembers() {
  while (true) {
    GroupMember* member;
    {
      MutexLock lock(&mutex);
      ending_ = true;
      member = members_.front();
      if (member != nullptr) member->Hold();
    }
    if (member == nullptr) return;
    member->StopAndDrop();  // By the end of which it is no member.
  }
}

bool GroupCore::RunsHere() const {
  if (ConsumerScope::IsInside(this)) return true;
  bool runs = false;
  const auto ask = [&runs](GroupMember& member) { runs = runs || member.RunsHere(); };
  MutexLock lock(&mutex);
  starting_.ForEach(ask);
  members_.ForEach(ask);
  return runs;
}

absl::Status GroupCore::RefuseOwnTask() const {
  if (!RunsHere()) return absl::OkStatus();
  return absl::FailedPreconditionError(Describe("Wait from one of its own tasks would wait for itself", {}));
}

absl::Status GroupCore::WaitUntil(Instant deadline) {
  if (absl::Status refused = RefuseOwnTask(); !refused.ok()) return refused;
  const Outcome outcome = Await({.target = this, .role = kIdle}, deadline);
  if (outcome == Outcome::kDone) Reap(Threads::kAll);
  return WaitStatus(outcome);
}

absl::Status GroupCore::Wait(const Context& context) {
  if (absl::Status refused = RefuseOwnTask(); !refused.ok()) return refused;
  const Outcome outcome = Await({.target = this, .role = kIdle}, context);
  if (outcome == Outcome::kDone) Reap(Threads::kAll);
  return WaitStatus(outcome, context);
}

DrainReport GroupCore::Drain(const Context& context) {
  const std::string self = absl::StrCat(kind_, " '", settings_.name, "'");
  if (RunsHere()) return {.status = RefuseDrainFromInside(self)};
  if (absl::Status refused = RefuseDrain(self, context); !refused.ok()) return {.status = std::move(refused)};
  RequestDrain();
  const bool ended = AwaitEnd({.target = this, .role = kIdle}, context);
  if (ended) Reap(Threads::kAll);
  DrainReport report = Report();
  if (ended) {
    // A group that this is only linked to goes on, and may be busy again.
    std::erase_if(report.entries, [](const DrainEntry& entry) { return entry.running > 0; });
  }
  Conclude(self, ended, context, report);
  return report;
}

absl::Status GroupCore::FirstError() const {
  MutexLock lock(&mutex);
  return failed_.empty() ? absl::OkStatus() : failed_.front()->outcome;
}

void GroupCore::RethrowFirst() const {
  std::exception_ptr thrown;
  {
    MutexLock lock(&mutex);
    if (!failed_.empty()) thrown = failed_.front()->thrown;
  }
  if (thrown) std::rethrow_exception(thrown);
}

std::vector<absl::Status> GroupCore::Errors() const {
  std::vector<absl::Status> errors;
  MutexLock lock(&mutex);
  failed_.ForEach([&errors](TaskEnd& end) { errors.push_back(end.outcome); });
  return errors;
}

void GroupCore::End() {
  if (RunsHere()) Fail(absl::StrCat("~", kind_), "destroyed by one of its own tasks");
  cancel_.Cancel();
  StopMembers();
  Await({.target = this, .role = kNoTasks}, Instant::Never());
  Reap(Threads::kAll);
  Leave();
}

}  // namespace eventbus::internal
