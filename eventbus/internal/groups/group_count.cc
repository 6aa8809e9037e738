#include "eventbus/internal/groups/group_count.h"

#include <set>
#include <utility>
#include <vector>

namespace eventbus::internal {

Mutex GroupCount::links_;

bool GroupCount::Accept(By by, const Delta& delta) {
  WakeList wakes;
  {
    MutexLock lock(&mutex);
    if (refuses_ && by == By::kAnyone) return false;
    if (!ChangeLocked(delta, wakes)) return true;
  }
  MutexLock lock(&links_);
  TellDependents(wakes);
  return true;
}

void GroupCount::Change(const Delta& delta, WakeList& wakes) {
  {
    MutexLock lock(&mutex);
    if (!ChangeLocked(delta, wakes)) return;
  }
  MutexLock lock(&links_);
  TellDependents(wakes);
}

bool GroupCount::ChangeLocked(const Delta& delta, WakeList& wakes) {
  const bool was_busy = open_ > 0;
  open_ += delta.open;
  tasks_ += delta.tasks;
  if (delta.queued != 0) queued_.fetch_add(delta.queued, std::memory_order_relaxed);
  linked_ += delta.linked;
  if (refuses_) {
    handled_ += delta.handled;
    never_ran_ += delta.never_ran;
  }
  ModelCheck(open_ >= tasks_ && tasks_ >= 0, "a group has ended more than it began");
  if (open_ == 0) idle_.ClaimAll(Outcome::kDone, wakes);
  if (tasks_ == 0) no_tasks_.ClaimAll(Outcome::kDone, wakes);
  return has_dependents_ && was_busy != (open_ > 0);
}

void GroupCount::RequestDrain() {
  WakeList wakes;
  MutexLock lock(&links_);
  DrainThisAndBelow(wakes);
}

void GroupCount::DrainThisAndBelow(WakeList& wakes) {
  {
    MutexLock lock(&mutex);
    if (std::exchange(refuses_, true)) return;
  }
  draining_.Happen(wakes);
  for (const auto& [group, waited_for] : waits_for_) {
    if (waited_for.bond == Bond::kBelow) group->DrainThisAndBelow(wakes);
  }
}

DrainReport GroupCount::Report() const {
  DrainReport report;
  std::set<const GroupCount*> seen;  // Many ways may lead to the same group.
  MutexLock lock(&links_);
  AddEntries(Bond::kBelow, seen, report);
  return report;
}

void GroupCount::AddEntries(Bond bond, std::set<const GroupCount*>& seen, DrainReport& report) const {
  if (!seen.insert(this).second) return;
  DrainEntry entry = {.name = drained_name()};
  bool busy;
  {
    MutexLock lock(&mutex);
    busy = open_ > 0;
    entry.handled = static_cast<uint64_t>(handled_);
    const int64_t queued = queued_.load(std::memory_order_relaxed);
    entry.left = static_cast<uint64_t>(queued + never_ran_);
    entry.running = static_cast<uint64_t>(open_ - linked_ - queued);
  }
  if (busy || bond == Bond::kBelow) report.entries.push_back(std::move(entry));
  for (const auto& [group, waited_for] : waits_for_) group->AddEntries(waited_for.bond, seen, report);
}

void GroupCount::TellDependents(WakeList& wakes) {
  bool busy;
  {
    // Not what the caller saw: changes may have come here in another order than they happened.
    MutexLock lock(&mutex);
    busy = open_ > 0;
  }
  if (busy != std::exchange(told_busy_, busy)) {
    const int64_t change = busy ? +1 : -1;
    for (GroupCount* const dependent : dependents_) {
      bool tells;
      {
        MutexLock lock(&dependent->mutex);
        tells = dependent->ChangeLocked({.open = change, .linked = change}, wakes);
      }
      if (tells) dependent->TellDependents(wakes);
    }
  }
  if (busy || !left_) return;
  // K5. The caller holds a reference to this.
  for (GroupCount* const dependent : std::exchange(dependents_, {})) dependent->waits_for_.erase(this);
}

bool GroupCount::Link(GroupCount& other, Bond bond) {
  WakeList wakes;
  MutexLock lock(&links_);
  if (other.WaitsFor(*this)) return false;
  if (!waits_for_.emplace(&other, WaitedFor{Ref<GroupCount>(&other), bond}).second) return true;
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
      tells = ChangeLocked({.open = +1, .linked = +1}, wakes);
    }
    if (tells) TellDependents(wakes);
  }
  other.TellDependents(wakes);
  if (bond == Bond::kBelow) {
    bool draining;
    {
      MutexLock own_lock(&mutex);
      draining = refuses_;
    }
    if (draining) other.DrainThisAndBelow(wakes);  // K6
  }
  return true;
}

bool GroupCount::WaitsFor(const GroupCount& other) const {
  std::set<const GroupCount*> seen = {this};  // Many ways may lead to the same group.
  std::vector<const GroupCount*> next = {this};
  while (!next.empty()) {
    const GroupCount& group = *next.back();
    next.pop_back();
    if (&group == &other) return true;
    for (const auto& [other_group, waited_for] : group.waits_for_) {
      if (seen.insert(other_group).second) next.push_back(other_group);
    }
  }
  return false;
}

void GroupCount::Leave() {
  std::map<GroupCount*, WaitedFor> waited_for;  // Goes after the locks.
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
    ChangeLocked({.open = -busy, .linked = -busy}, wakes);
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
