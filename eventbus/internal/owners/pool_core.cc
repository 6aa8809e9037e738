#include "eventbus/internal/owners/pool_core.h"

#include <new>

#include "absl/strings/str_cat.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/ground/safe_status.h"

namespace eventbus::internal {

PoolGrant::PoolGrant(Ref<PoolCore> core, PoolEntry* entry) : core_(std::move(core)), entry_(entry) {}

void PoolGrant::GiveBack() {
  if (!core_) return;
  const Ref<PoolCore> core = std::move(core_);
  core->GiveBack(std::exchange(entry_, nullptr));
}

void PoolGrant::Discard() {
  if (!core_) return;
  const Ref<PoolCore> core = std::move(core_);
  core->Discard(std::exchange(entry_, nullptr));
}

absl::Status PoolCore::StatusOf(Outcome outcome) const {
  switch (outcome) {
    case Outcome::kDone:
      return absl::OkStatus();
    case Outcome::kClosed:
      return SafeStatus(absl::StatusCode::kFailedPrecondition,
                        [&] { return absl::StrCat("pool '", name_, "': closed"); });
    default:
      return absl::Status(absl::StatusCode::kDeadlineExceeded, "");
  }
}

absl::Status PoolCore::Threw(absl::string_view what) const {
  return SafeStatus(absl::StatusCode::kInternal, [&] {
    return absl::StrCat("pool '", name_, "': the factory threw", what.empty() ? "" : ": ", what);
  });
}

absl::Status PoolCore::Acquire(const Context& context, Instant deadline, PoolGrant& grant) {
  alignas(PoolGrant) std::byte memory[sizeof(PoolGrant)];
  const Arm arms[] = {{.target = ContextAccess::state(context)}, {.target = this, .value = memory}};
  const Selected selected = SelectAmong(arms, Choice::kListed, deadline);
  if (selected.index == 0) return context.status();
  if (selected.outcome == Outcome::kDone) {
    auto* const granted = std::launder(reinterpret_cast<PoolGrant*>(memory));
    grant = std::move(*granted);
    granted->~PoolGrant();
  }
  return StatusOf(selected.outcome);
}

void PoolCore::GrantLocked(Waiter& waiter, PoolEntry* entry) {
  ::new (waiter.value) PoolGrant(Ref<PoolCore>(this), entry);
  waiter.outcome = Outcome::kDone;
}

bool PoolCore::HandOverLocked(PoolEntry* entry, WakeList& wakes) {
  Waiter* const next = waiting_.PopClaimed();
  if (next == nullptr) return false;
  GrantLocked(*next, entry);  // P2
  wakes.Add(*next);
  return true;
}

void PoolCore::GiveBack(PoolEntry* entry) {
  if (entry != nullptr) {
    WakeList wakes;
    MutexLock lock(&mutex);
    if (!closed_) {
      if (HandOverLocked(entry, wakes)) return;
      if (idle_count_ < max_idle_) {
        entry->next_idle_ = std::exchange(idle_, entry);
        ++idle_count_;
        return;
      }
    }
  }
  Discard(entry);
}

void PoolCore::Discard(PoolEntry* entry) {
  delete entry;  // Before its place is free, and with no lock held.
  WakeList wakes;
  MutexLock lock(&mutex);
  if (!HandOverLocked(nullptr, wakes)) --places_;
}

bool PoolCore::Close() {
  PoolEntry* idle;
  size_t count;
  {
    WakeList wakes;
    MutexLock lock(&mutex);
    if (std::exchange(closed_, true)) return false;
    waiting_.ClaimAll(Outcome::kClosed, wakes);
    idle = std::exchange(idle_, nullptr);
    count = std::exchange(idle_count_, 0);
  }
  while (idle != nullptr) delete std::exchange(idle, idle->next_idle_);
  MutexLock lock(&mutex);
  places_ -= count;
  return true;
}

bool PoolCore::TryComplete(Waiter& arm, WakeList&) {
  if (closed_) {
    arm.outcome = Outcome::kClosed;
    return true;
  }
  if (idle_ != nullptr) {
    PoolEntry* const entry = std::exchange(idle_, idle_->next_idle_);
    --idle_count_;
    GrantLocked(arm, entry);
    return true;
  }
  if (places_ == max_size_) return false;
  ++places_;
  GrantLocked(arm, nullptr);
  return true;
}

void PoolCore::Enlist(Waiter& arm) { waiting_.PushBack(arm); }

size_t PoolCore::CountIdle() const {
  MutexLock lock(&mutex);
  return idle_count_;
}

size_t PoolCore::CountPlaces() const {
  MutexLock lock(&mutex);
  return places_;
}

size_t PoolCore::CountWaiting() const {
  MutexLock lock(&mutex);
  return waiting_.CountLinked();
}

bool PoolCore::closed() const {
  MutexLock lock(&mutex);
  return closed_;
}

void PoolCore::DescribeWaitFor(const Waiter&, WaitedFor& thing) const {
  thing.what = "resource of pool";
  thing.name = name_;
}

}  // namespace eventbus::internal
