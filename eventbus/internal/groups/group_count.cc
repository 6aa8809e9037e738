#include "eventbus/internal/groups/group_count.h"

#include <set>
#include <utility>
#include <vector>

namespace eventbus::internal {

Mutex GroupCount::links_;

void GroupCount::Change(int64_t open, int64_t tasks, WakeList& wakes) {
  {
    MutexLock lock(&mutex);
    if (!ChangeLocked(open, tasks, wakes)) return;
  }
  MutexLock lock(&links_);
  TellDependents(wakes);
}

bool GroupCount::ChangeLocked(int64_t open, int64_t tasks, WakeList& wakes) {
  const bool was_busy = open_ > 0;
  open_ += open;
  tasks_ += tasks;
  ModelCheck(open_ >= tasks_ && tasks_ >= 0, "a group has ended more than it began");
  if (open_ == 0) idle_.ClaimAll(Outcome::kDone, wakes);
  if (tasks_ == 0) no_tasks_.ClaimAll(Outcome::kDone, wakes);
  return has_dependents_ && was_busy != (open_ > 0);
}

void GroupCount::TellDependents(WakeList& wakes) {
  bool busy;
  {
    // Not what the caller saw: changes may have come here in another order than they happened.
    MutexLock lock(&mutex);
    busy = open_ > 0;
  }
  if (busy != std::exchange(told_busy_, busy)) {
    for (GroupCount* const dependent : dependents_) {
      bool tells;
      {
        MutexLock lock(&dependent->mutex);
        tells = dependent->ChangeLocked(busy ? +1 : -1, 0, wakes);
      }
      if (tells) dependent->TellDependents(wakes);
    }
  }
  if (busy || !left_) return;
  // K5. The caller holds a reference to this.
  for (GroupCount* const dependent : std::exchange(dependents_, {})) dependent->waits_for_.erase(this);
}

bool GroupCount::Link(GroupCount& other) {
  WakeList wakes;
  MutexLock lock(&links_);
  if (other.WaitsFor(*this)) return false;
  if (!waits_for_.emplace(&other, &other).second) return true;
  try {
    other.dependents_.insert(this);
  } catch (...) {
    waits_for_.erase(&other);  // Not the last reference.
    throw;
  }
  {
    MutexLock other_lock(&other.mutex);
    other.has_dependents_ = true;
  }
  if (other.told_busy_) {
    bool tells;
    {
      MutexLock own_lock(&mutex);
      tells = ChangeLocked(+1, 0, wakes);
    }
    if (tells) TellDependents(wakes);
  }
  other.TellDependents(wakes);
  return true;
}

bool GroupCount::WaitsFor(const GroupCount& other) const {
  std::set<const GroupCount*> seen = {this};  // Many ways may lead to the same group.
  std::vector<const GroupCount*> next = {this};
  while (!next.empty()) {
    const GroupCount& group = *next.back();
    next.pop_back();
    if (&group == &other) return true;
    for (const auto& [waited_for, owned] : group.waits_for_) {
      if (seen.insert(waited_for).second) next.push_back(waited_for);
    }
  }
  return false;
}

void GroupCount::Leave() {
  std::map<GroupCount*, Ref<GroupCount>> waited_for;  // Goes after the locks.
  WakeList wakes;
  MutexLock lock(&links_);
  left_ = true;
  waited_for.swap(waits_for_);
  int64_t busy = 0;
  for (const auto& [other, owned] : waited_for) {
    other->dependents_.erase(this);
    busy += other->told_busy_;
  }
  {
    MutexLock own_lock(&mutex);
    ChangeLocked(-busy, 0, wakes);
  }
  TellDependents(wakes);
}

int64_t GroupCount::ApproxCount() const {
  MutexLock lock(&mutex);
  return open_;
}

size_t GroupCount::CountWaiting() const {
  MutexLock lock(&mutex);
  return idle_.CountLinked() + no_tasks_.CountLinked();
}

size_t GroupCount::CountLinked() const {
  MutexLock lock(&links_);
  return waits_for_.size();
}

bool GroupCount::TryComplete(Waiter& arm, WakeList&) {
  if ((arm.role == kIdle ? open_ : tasks_) != 0) return false;
  arm.outcome = Outcome::kDone;
  return true;
}

void GroupCount::Enlist(Waiter& arm) { (arm.role == kIdle ? idle_ : no_tasks_).PushBack(arm); }

}  // namespace eventbus::internal
