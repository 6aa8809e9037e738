#include "eventbus/internal/subscription/join_state.h"

#include <algorithm>
#include <utility>

#include "eventbus/internal/subscription/subscription_id.h"
#include "eventbus/internal/waiting/thread_wait.h"

namespace eventbus::internal {

JoinState::Member::Member(JoinState& its_join, Subscription its_subscription)
    : join(its_join), subscription(std::move(its_subscription)), err(subscription.Err()) {
  waiter.operation = this;
}

JoinState::JoinState(Executor& executor, Label label, std::vector<Subscription> subscriptions)
    : Activity(executor), id_(NextCompositeId()), label_(std::move(label)), alive_(subscriptions.size()) {
  for (Subscription& subscription : subscriptions) members_.emplace_back(*this, std::move(subscription));
}

void JoinState::Begin() {
  StartWaiting();
  ReadyWork ready;
  for (Member& member : members_) {
    Selectable& end = SubscriptionAccess::end(member.subscription);
    bool has_ended;
    {
      WakeList wakes;
      MutexLock lock(&end.mutex);
      has_ended = end.TryComplete(member.waiter, wakes);
      if (has_ended) {
        member.waiter.outcome = Outcome::kWithdrawn;  // Nobody has claimed it.
      } else {
        end.Enlist(member.waiter);  // J1
      }
    }
    // Its reason may still be on its way.
    if (has_ended) MemberEnded(member.err.Receive(), /*claimed=*/false, ready);
  }
  bool calls;
  {
    MutexLock lock(&mutex_);
    beginning_ = false;
    calls = CallLocked();
  }
  if (calls) Notify(ready);
}

bool JoinState::CallLocked() {
  if (beginning_ || unsubscribed_ || called_ || (alive_ > 0 && reason_.ok())) return false;
  called_ = true;  // J2
  return true;
}

void JoinState::Member::Wake(Waiter&, ReadyWork& ready) {
  // The reason, if there is one, is there before who waits for the end is woken.
  join.MemberEnded(err.TryReceive(), /*claimed=*/true, ready);
}

void JoinState::MemberEnded(const absl::StatusOr<absl::Status>& error, bool claimed, ReadyWork& ready) {
  WakeList wakes;
  bool calls;
  {
    MutexLock lock(&mutex_);
    if (error.ok() && reason_.ok() && !unsubscribed_) reason_ = *error;
    --alive_;
    calls = CallLocked();
    if (claimed && ++woken_ == awaited_) withdrawing_.ClaimAll(Outcome::kDone, wakes);
  }
  // Who calls is waited for by `AwaitNotified`; for who does not, the lock was the last access to this.
  if (calls) Notify(ready);
}

void JoinState::Withdraw() {
  size_t claimed = 0;
  for (Member& member : members_) {
    Selectable& end = SubscriptionAccess::end(member.subscription);
    MutexLock lock(&end.mutex);
    if (member.waiter.linked()) {
      member.waiter.Unlink();
      member.waiter.outcome = Outcome::kWithdrawn;
    } else if (member.waiter.outcome == Outcome::kDone) {
      ++claimed;
    }
  }
  ThreadWait wait;
  {
    MutexLock lock(&mutex_);
    if (woken_ == claimed) return;
    awaited_ = claimed;
    withdrawing_.PushBack(wait.waiter());
  }
  wait.Await(mutex_, Instant::Never());
}

Activity::Next JoinState::DoSome() {
  ran_ = true;
  return Next::kEnds;
}

void JoinState::CleanUp(bool) {
  Withdraw();
  bool called;
  absl::Status reason;
  {
    MutexLock lock(&mutex_);
    called = called_;
    reason = reason_;
  }
  if (called && !ran_) AwaitNotified();
  for (Member& member : members_) member.subscription.Unsubscribe();
  signal_.End(reason);  // J4
}

void JoinState::Unsubscribe() {
  absl::Status reason;
  {
    MutexLock lock(&mutex_);
    unsubscribed_ = true;
    reason = reason_;
  }
  // Each here, and not by waiting for another thread that is at it: this may be called by what that waits for.
  for (Member& member : members_) member.subscription.Unsubscribe();
  RequestStop();
  signal_.End(reason);
}

absl::Status JoinState::UnsubscribeWithin(const Context& context) {
  absl::Status reason;
  {
    MutexLock lock(&mutex_);
    unsubscribed_ = true;
    reason = reason_;
  }
  absl::Status late;
  for (Member& member : members_)
    late.Update(member.subscription.Unsubscribe(context));  // All, for none gets more values.
  if (!late.ok()) return late;
  RequestStop();
  signal_.End(reason);
  return absl::OkStatus();
}

// The end of the last member ends this.
void JoinState::RequestDrain() {
  for (Member& member : members_) member.subscription.RequestDrain();
}

bool JoinState::RunsHere() {
  return std::any_of(members_.begin(), members_.end(),
                     [](const Member& member) { return SubscriptionAccess::RunsHere(member.subscription); });
}

void JoinState::AddDrained(std::vector<DrainEntry>& entries) const {
  for (const Member& member : members_) SubscriptionAccess::AddDrained(member.subscription, entries);
}

absl::Status JoinState::Flush(const Context& context) {
  if (RunsHere()) {
    return absl::FailedPreconditionError(
        "joined subscriptions: Flush from inside a filter or handler would wait for itself");
  }
  absl::Status late;
  for (Member& member : members_) late.Update(member.subscription.Flush(context));
  return late;
}

SubscriptionStats JoinState::stats() const {
  SubscriptionStats sum;
  for (const Member& member : members_) sum += member.subscription.stats();
  return sum;
}

}  // namespace eventbus::internal
