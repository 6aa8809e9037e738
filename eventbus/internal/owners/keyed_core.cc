#include "eventbus/internal/owners/keyed_core.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

KeyedTask::KeyedTask(Ref<KeyedCore> core, size_t hash, Executor* executor, const Context& parent)
    : StoppableTask(executor, parent), core_(std::move(core)), hash_(hash) {}

void KeyedTask::Body(const Context& context) {
  const ConsumerScope inside(core_.get());
  result_ = StatusOfCall([&] { return Call(context); }, [this](absl::string_view what) { return core_->Threw(what); });
}

void KeyedTask::Concluded(Ran ran) {
  if (ran == Ran::kAbandoned) result_ = core_->Abandoned();
  {
    const ConsumerScope inside(core_.get());
    Finish(result_);
  }
  core_->Remove(*this);
}

absl::Status KeyedCore::Say(absl::StatusCode code, absl::string_view what) const {
  return SafeStatus(code, [&] { return absl::StrCat("keyed tasks '", name_, "': ", what); });
}

absl::Status KeyedCore::Threw(absl::string_view what) const {
  return Say(absl::StatusCode::kInternal, what.empty() ? "a task threw" : absl::StrCat("a task threw: ", what));
}

absl::Status KeyedCore::Abandoned() const { return Say(absl::StatusCode::kUnavailable, "the executor was shut down"); }

KeyedCore::~KeyedCore() {
  JoinEnded(Threads::kAll);
  // The last task may have been the last to need this: its thread ends alone.
  MutexLock lock(&mutex);
  if (OwnThread* const own = ended_.PopFront()) own->DropRef();
}

KeyedTask* KeyedCore::FindLocked(size_t hash, const void* key) const {
  const auto [first, last] = tasks_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (it->second->HasKey(key)) return it->second;
  }
  return nullptr;
}

absl::Status KeyedCore::Start(const Ref<KeyedTask>& task, const void* key) {
  JoinEnded(Threads::kLeft);
  {
    MutexLock lock(&mutex);
    if (closed_) return Say(absl::StatusCode::kFailedPrecondition, "closed");
    if (FindLocked(task->hash(), key) != nullptr) {  // K2
      return Say(absl::StatusCode::kAlreadyExists, "a task with this key has not ended");
    }
    tasks_.emplace(task->hash(), task.get());
    task->Prepare();  // K3
  }
  task->Go();
  return absl::OkStatus();
}

void KeyedCore::Remove(KeyedTask& task) {
  WakeList wakes;
  MutexLock lock(&mutex);
  const auto [first, last] = tasks_.equal_range(task.hash());
  for (auto it = first; it != last; ++it) {
    if (it->second != &task) continue;
    tasks_.erase(it);
    break;
  }
  if (task.thread() != nullptr) ended_.PushBack(*Ref<OwnThread>(task.thread()).Release());  // K4
  if (tasks_.empty()) waiting_.ClaimAll(Outcome::kDone, wakes);
}

Ref<OwnThread> KeyedCore::FirstEnded(Threads which) const {
  OwnThread* first = nullptr;
  MutexLock lock(&mutex);
  ended_.ForEach([&](OwnThread& thread) {
    // Whom its end woke may run in its thread (an `InlineExecutor`), and come here.
    if (first != nullptr || thread.RunsHere()) return;
    if (which == Threads::kAll || thread.has_left()) first = &thread;
  });
  return Ref<OwnThread>(first);
}

void KeyedCore::JoinEnded(Threads which) {
  while (const Ref<OwnThread> thread = FirstEnded(which)) {
    thread->Join();
    MutexLock lock(&mutex);
    if (!thread->linked()) continue;  // Another has joined it too.
    thread->Unlink();
    thread->DropRef();  // Not the last, which is `thread`.
  }
}

absl::Status KeyedCore::StopThese(const Context& context, const std::vector<Ref<KeyedTask>>& tasks) {
  for (const Ref<KeyedTask>& task : tasks) task->RequestStop();
  if (ConsumerScope::IsInside(this)) {
    if (tasks.empty()) return absl::OkStatus();
    return Say(absl::StatusCode::kFailedPrecondition, "asked to stop; a task does not wait for itself and its like");
  }
  for (const Ref<KeyedTask>& task : tasks) {
    const Arm arms[] = {{.target = &task->end()}, {.target = ContextAccess::state(context)}};
    if (SelectAmong(arms, Choice::kListed, Instant::Never()).index == 1) return context.status();
  }
  JoinEnded(Threads::kAll);  // Also if one has ended by itself just before.
  return absl::OkStatus();
}

absl::Status KeyedCore::Stop(const Context& context, size_t hash, const void* key) {
  std::vector<Ref<KeyedTask>> tasks;
  tasks.reserve(1);
  {
    MutexLock lock(&mutex);
    if (KeyedTask* const task = FindLocked(hash, key)) tasks.push_back(Ref<KeyedTask>(task));  // K3
  }
  return StopThese(context, tasks);
}

absl::Status KeyedCore::StopAll(const Context& context) {
  std::vector<Ref<KeyedTask>> tasks;
  {
    MutexLock lock(&mutex);
    tasks.reserve(tasks_.size());
    for (const auto& [hash, task] : tasks_) tasks.push_back(Ref<KeyedTask>(task));
  }
  return StopThese(context, tasks);
}

absl::Status KeyedCore::AwaitNone(const Context& context) {
  if (ConsumerScope::IsInside(this)) {
    return Say(absl::StatusCode::kFailedPrecondition, "a task that waits for all would wait for itself");
  }
  if (context.done()) return context.status();
  const Arm arms[] = {{.target = ContextAccess::state(context)}, {.target = this}};
  if (SelectAmong(arms, Choice::kListed, Instant::Never()).index == 0) return context.status();
  JoinEnded(Threads::kAll);
  return absl::OkStatus();
}

void KeyedCore::Close() {
  KeyedTask* first = nullptr;  // Linked, each with a reference: this must not need memory.
  {
    MutexLock lock(&mutex);
    if (!std::exchange(closed_, true)) {
      for (const auto& [hash, task] : tasks_) {
        task->AddRef();
        task->next_to_stop_ = std::exchange(first, task);
      }
    }
  }
  while (first != nullptr) {
    const Ref<KeyedTask> task = Ref<KeyedTask>::Adopt(std::exchange(first, first->next_to_stop_));
    task->RequestStop();
  }
  AwaitNone(Context::Background()).IgnoreError();  // From inside, it does not wait.
}

bool KeyedCore::Has(size_t hash, const void* key) const {
  MutexLock lock(&mutex);
  return FindLocked(hash, key) != nullptr;
}

size_t KeyedCore::Count() const {
  MutexLock lock(&mutex);
  return tasks_.size();
}

bool KeyedCore::TryComplete(Waiter& arm, WakeList&) {
  if (!tasks_.empty()) return false;
  arm.outcome = Outcome::kDone;
  return true;
}

void KeyedCore::DescribeWaitFor(const Waiter&, WaitedFor& thing) const {
  thing.what = "end of keyed tasks";
  thing.name = name_;
}

}  // namespace eventbus::internal
