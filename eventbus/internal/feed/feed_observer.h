// What the owner of a feed may know of its subscriptions: it is asked before each begins, told after each has ended, and called
// once no lock is held; and that the feed has ended. And what a subscription may be a part of.

#ifndef EVENTBUS_INTERNAL_FEED_FEED_OBSERVER_H_
#define EVENTBUS_INTERNAL_FEED_FEED_OBSERVER_H_

#include "absl/status/status.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/subscription/subscription_state.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class Subscriber;

class FeedObserver : public RefCounted {
 public:
  // `subscriber` is about to join: OK, and it does; or why it must not. Under the feed's membership mutex.
  virtual absl::Status JoinLocked(const Subscriber& subscriber) = 0;
  // `subscriber`, which had joined, has left. Under the same.
  virtual void LeaveLocked(const Subscriber& subscriber) = 0;
  // The feed has ended, as its event says; once, with no lock held. Whom that makes ready goes on `wakes`. Throws nothing.
  virtual void Ended(WakeList& wakes) = 0;
  // Some have joined or left since the last call, or none. In a thread that has just made one join or leave, and that holds no
  // lock; user code may run. Throws nothing.
  virtual void AfterChange() = 0;
};

// A subscription whose parts are subscriptions of several feeds.
class SubscriberOwner : public SubscriptionState {
 public:
  // Whether a part is a subscriber in the eyes of those who ask for them. One that only looks on is not.
  virtual bool counts() const = 0;

  // A part has ended by itself, but not by the end of its feed. With no lock held.
  virtual void PartEnded(const absl::Status& reason) = 0;
  // A part that drains, or whose feed was closed, has ended, with `reason` if that is not OK. Whom that makes ready goes on `wakes`.
  virtual void PartFinished(const absl::Status& reason, WakeList& wakes) = 0;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_FEED_OBSERVER_H_
