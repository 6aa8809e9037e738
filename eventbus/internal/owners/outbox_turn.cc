#include "eventbus/internal/owners/outbox_turn.h"

#include "eventbus/internal/choosing/select_core.h"

namespace eventbus::internal {

absl::Status OutboxTurn::Take(const Context& context, uint64_t& goal) {
  if (context.done()) return context.status();
  const bool may_wait = ThreadPointer() == nullptr;  // No handler runs in this thread.
  const Arm arms[] = {{.target = ContextAccess::state(context)}, {.target = this}};
  const Selected selected = SelectAmong(arms, Choice::kListed, may_wait ? Instant::Never() : Instant::Past());
  if (selected.index == 0) return context.status();
  if (selected.index < 0) return absl::Status(absl::StatusCode::kUnavailable, "");
  MutexLock lock(&mutex);
  goal = added_;
  return absl::OkStatus();
}

bool OutboxTurn::HandOverLocked(WakeList& wakes) {
  Waiter* const next = waiting_.PopClaimed();
  if (next == nullptr) return false;
  next->outcome = Outcome::kDone;
  wakes.Add(*next);
  return true;
}

bool OutboxTurn::GiveUpLocked(uint64_t goal, WakeList& wakes) {
  const bool empty = added_ == removed_;
  if (!empty && removed_ < goal) return false;
  if (HandOverLocked(wakes)) return true;
  if (empty) taken_ = false;  // O1
  return empty;
}

void OutboxTurn::Abort() {
  WakeList wakes;
  MutexLock lock(&mutex);
  if (!HandOverLocked(wakes)) taken_ = false;
}

size_t OutboxTurn::CountWaiting() const {
  MutexLock lock(&mutex);
  return waiting_.CountLinked();
}

size_t OutboxTurn::CountValues() const {
  MutexLock lock(&mutex);
  return static_cast<size_t>(added_ - removed_);
}

bool OutboxTurn::TryComplete(Waiter& arm, WakeList&) {
  if (taken_) return false;
  taken_ = true;
  arm.outcome = Outcome::kDone;
  return true;
}

}  // namespace eventbus::internal
