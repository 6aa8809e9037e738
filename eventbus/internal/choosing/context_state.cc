#include "eventbus/internal/choosing/context_state.h"

#include <algorithm>
#include <utility>

namespace eventbus::internal {

ContextState::ContextState(Ref<ContextState> parent, Instant deadline, absl::Time wall_deadline)
    : parent_(std::move(parent)),
      deadline_(parent_ ? std::min(deadline, parent_->deadline_) : deadline),
      wall_deadline_(parent_ && parent_->deadline_ <= deadline ? parent_->wall_deadline_ : wall_deadline) {
  if (!parent_) return;
  absl::Status status;
  absl::Status cause;
  {
    MutexLock lock(&parent_->mutex);
    if (!parent_->done_.load(std::memory_order_relaxed)) {
      parent_->children_.PushBack(*this);
      return;
    }
    status = parent_->status_;
    cause = parent_->cause_;
  }
  // Born done, as its parent ended, whatever the time is now. Nobody else knows this node yet; its own mutex is taken
  // for the analysis, after the parent's is released (C3).
  MutexLock lock(&mutex);
  status_ = std::move(status);
  cause_ = std::move(cause);
  done_.store(true, std::memory_order_release);
}

ContextState::~ContextState() {
  // Ancestors that only this node kept alive go one after the other, not inside one another: a line of them may be long.
  ContextState* ancestor = LeaveParent();
  while (ancestor != nullptr && ancestor->DropRefWasLast()) {
    ContextState* const next = ancestor->LeaveParent();
    delete ancestor;
    ancestor = next;
  }
}

ContextState* ContextState::LeaveParent() {
  if (!parent_) return nullptr;
  MutexLock lock(&parent_->mutex);  // Also waits for a parent that is just looking at this node (C2).
  ListNode<SiblingTag>& node = *this;
  if (node.linked()) node.Unlink();
  return parent_.Release();
}

bool ContextState::Cancel(const absl::Status& cause) {
  if (IsDone()) return false;
  const absl::Status status(absl::StatusCode::kCancelled, "");
  return End(status, cause.ok() ? status : cause);
}

bool ContextState::IsDone() {
  // Acquire pairs with the release in `EndOne`: what was done before the cancellation is visible.
  if (done_.load(std::memory_order_acquire)) return true;
  if (!DeadlineHasPassed()) return false;
  End(absl::OkStatus(), absl::OkStatus());  // Which finds it late.
  return true;
}

absl::Status ContextState::GetStatus() {
  if (!IsDone()) return absl::OkStatus();
  MutexLock lock(&mutex);
  return status_;
}

absl::Status ContextState::GetCause() {
  if (!IsDone()) return absl::OkStatus();
  MutexLock lock(&mutex);
  return cause_;
}

size_t ContextState::CountWaiting() const {
  MutexLock lock(&mutex);
  return waiting_.CountLinked();
}

bool ContextState::End(const absl::Status& status, const absl::Status& cause) {
  // One look at the clock for all: a deadline that passes meanwhile must not give a child another reason than this node.
  const Instant now = SteadyNow();
  Ending ending;
  Ending calling;
  const bool ended = EndOne(now, status, cause, ending, calling);
  while (ContextState* child = ending.PopFront()) {
    const Ref<ContextState> owned = Ref<ContextState>::Adopt(child);
    child->EndOne(now, status, cause, ending, calling);
  }
  // User code, so it comes last. It may end the life of any node but these.
  while (ContextState* node = calling.PopFront()) {
    const Ref<ContextState> owned = Ref<ContextState>::Adopt(node);
    node->CallBack();
  }
  return ended;
}

void ContextState::CallBack() {
  while (true) {
    EndCallback* next;
    {
      MutexLock lock(&mutex);
      next = callbacks_.PopFront();
      if (next == nullptr) return;
      next->Taken();
    }
    next->Call();
  }
}

bool ContextState::AddCallback(EndCallback& callback) {
  if (IsDone()) return false;
  {
    MutexLock lock(&mutex);
    if (!done_.load(std::memory_order_relaxed) && !DeadlineHasPassed()) {
      callbacks_.PushBack(callback);
      return true;
    }
  }
  IsDone();  // Ends it, if its deadline has just passed: the callback finds it done.
  return false;
}

bool ContextState::RemoveCallbackLocked(EndCallback& callback) {
  ListNode<CallbackTag>& node = callback;
  const bool linked = node.linked();
  if (linked) node.Unlink();
  return linked;
}

bool ContextState::EndOne(Instant now, const absl::Status& status, const absl::Status& cause, Ending& ending,
                          Ending& calling) {
  WakeList wakes;
  MutexLock lock(&mutex);
  if (done_.load(std::memory_order_relaxed)) return false;
  // A cancellation that comes after the deadline changes nothing: the deadline was first, even if nobody looked.
  const bool late = now >= deadline_;
  status_ = late ? absl::Status(absl::StatusCode::kDeadlineExceeded, "") : status;
  cause_ = late ? status_ : cause;
  // Release pairs with the acquire in `IsDone` (C1).
  done_.store(true, std::memory_order_release);
  waiting_.ClaimAll(Outcome::kDone, wakes);
  while (ContextState* child = children_.PopFront()) {
    // A child whose last reference has gone is in its destructor, waiting for this mutex.
    if (child->TryAddRef()) ending.PushBack(*child);
  }
  // Who was late is called back by the alarm: this thread may only have asked.
  if (!late && !callbacks_.empty()) {
    AddRef();
    calling.PushBack(*this);
  }
  return !late;
}

bool ContextState::TryComplete(Waiter& arm, WakeList&) {
  // A deadline that has passed completes the arm; the node itself is ended by the next question for its status, outside
  // this lock, because its children have to be ended too.
  if (!done_.load(std::memory_order_relaxed) && !DeadlineHasPassed()) return false;
  arm.outcome = Outcome::kDone;
  return true;
}

void ContextState::Enlist(Waiter& arm) { waiting_.PushBack(arm); }

Instant ContextState::ReadyAt(const Waiter&) const { return deadline_; }

}  // namespace eventbus::internal
