// Whether a topic has subscribers, and who is told when the first comes and when the last goes.
//
// Invariants:
//   R1. `turns_` counts how often `members_` became one or zero again. So it is odd if and only if there are subscribers. Both
//       change under the feed's membership mutex and this one, in the order in which subscriptions join and leave.
//   R2. One thread at a time, the teller, calls the hooks, with no lock held: for turn n the first hook if n is odd, else the
//       last, and `told_` counts them. It stops only when every turn has been told, and says so under the mutex.
//   R3. So each turn is told once and in order, by the thread that made it or by one that was telling then: each that makes a
//       turn comes to tell afterwards.
//
// Who wakes whom: the teller that stops wakes those that wait for it in `Settle`.

#ifndef EVENTBUS_INTERNAL_BUS_PRESENCE_H_
#define EVENTBUS_INTERNAL_BUS_PRESENCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/internal/bus/bus_shared.h"
#include "eventbus/internal/feed/feed_observer.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

struct PresenceHooks {
  absl::AnyInvocable<void()> on_first;
  absl::AnyInvocable<void()> on_last;
};

class Presence final : public FeedObserver {
 public:
  // Of a feed that this will observe.
  explicit Presence(Ref<BusShared> shared) : shared_(std::move(shared)) { shared_->OneHasBegun(); }

  // Has `hooks` called from now on, and the first of them at once if there are subscribers. False if there are hooks already.
  bool SetHooks(PresenceHooks hooks);

  size_t subscribers() const;

  // Blocks until no hook runs, which then is so for ever if the feed has been closed: that tells every turn that is due. Not from
  // inside a hook of the same bus.
  void Settle();

  absl::Status JoinLocked(const Subscriber& subscriber) override;
  void LeaveLocked(const Subscriber& subscriber) override;
  void Ended(WakeList& wakes) override { shared_->OneHasEnded(wakes); }
  void AfterChange() override;

 private:
  ~Presence() override;

  // For the teller: the hook for the next turn; null if there is none, and then there is no teller any more.
  absl::AnyInvocable<void()>* NextHook();

  const Ref<BusShared> shared_;

  mutable Mutex mutex_;  // No other lock is taken, and nothing is woken, under it.
  size_t members_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t turns_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t told_ ABSL_GUARDED_BY(mutex_) = 0;
  bool telling_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<PresenceHooks> hooks_ ABSL_GUARDED_BY(mutex_);  // Set once. The teller calls what it points to.
  WaitQueue settling_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_PRESENCE_H_
