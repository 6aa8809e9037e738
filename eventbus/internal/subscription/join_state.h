// Many subscriptions as one, without a thread while they last: a waiter in the end of each.
//
// Invariants:
//   J1. From `Begin` until it is withdrawn or claimed, the waiter of each member is in the end of its subscription.
//   J2. Whoever ends a member counts it down, once. The first error, and the last member, call the activity: it is notified once
//       at most, and not before all waiters are enlisted.
//   J3. The end waits for the wakers of the members that were claimed: a waiter does not go before its waker.
//   J4. The end is announced when all members have been unsubscribed.
//
// Who wakes whom: the end of a member wakes this; the last waker that the end waits for wakes the end.

#ifndef EVENTBUS_INTERNAL_SUBSCRIPTION_JOIN_STATE_H_
#define EVENTBUS_INTERNAL_SUBSCRIPTION_JOIN_STATE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/subscription/end_signal.h"
#include "eventbus/internal/subscription/subscription_state.h"
#include "eventbus/internal/waiting/activity.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/receive_channel.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"

namespace eventbus::internal {

class JoinState final : public SubscriptionState, private Activity {
 public:
  // `subscriptions` are not empty.
  JoinState(Executor& executor, Label label, std::vector<Subscription> subscriptions);

  // Once, before anyone else knows of it.
  void Begin();

  void Unsubscribe() override;
  absl::Status UnsubscribeWithin(const Context& context) override;
  void RequestDrain() override;
  bool RunsHere() override;
  void AddDrained(std::vector<DrainEntry>& entries) const override;
  absl::Status Flush(const Context& context) override;
  SubscriptionStats stats() const override;
  ReceiveChannel<absl::Status> Err() override { return signal_.Err(); }
  bool ended() const override { return signal_.ended(); }
  Selectable& end() override { return signal_; }
  uint64_t id() const override { return id_; }
  const std::string& name() const override { return label_.name(); }
  SourceLocation location() const override { return label_.location(); }

 private:
  struct Member final : public SoleOperation {
    Member(JoinState& its_join, Subscription its_subscription);
    void Wake(Waiter&, ReadyWork& ready) override;

    JoinState& join;
    Subscription subscription;  // Only ever ended: that is thread-safe.
    const ReceiveChannel<absl::Status> err;
    Waiter waiter;
  };

  // One has ended, with an error or without. `claimed`: by the end of the subscription, whose wake-up this is.
  void MemberEnded(const absl::StatusOr<absl::Status>& error, bool claimed, ReadyWork& ready);
  // Whether the caller is to notify.
  bool CallLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the waiters out, and blocks until nobody is about to wake one (J3).
  void Withdraw();

  Next DoSome() override;
  void CleanUp(bool abandoned) override;
  void Keep() override { AddRef(); }
  void LetGo() override { DropRef(); }

  const uint64_t id_;
  const Label label_;
  std::deque<Member> members_;
  bool ran_ = false;  // For who holds `running`.
  EndSignal signal_;

  Mutex mutex_;  // Nothing is woken, and no other lock is taken, under it.
  bool beginning_ ABSL_GUARDED_BY(mutex_) = true;
  bool unsubscribed_ ABSL_GUARDED_BY(mutex_) = false;
  bool called_ ABSL_GUARDED_BY(mutex_) = false;
  size_t alive_ ABSL_GUARDED_BY(mutex_);
  size_t woken_ ABSL_GUARDED_BY(mutex_) = 0;                                     // How many wakers have been here.
  size_t awaited_ ABSL_GUARDED_BY(mutex_) = std::numeric_limits<size_t>::max();  // How many the end waits for.
  WaitQueue withdrawing_ ABSL_GUARDED_BY(mutex_);
  absl::Status reason_ ABSL_GUARDED_BY(mutex_);  // The first error before `Unsubscribe`.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_SUBSCRIPTION_JOIN_STATE_H_
