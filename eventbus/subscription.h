// The right to receive from a feed, and the duty to stop.
//
//   absl::StatusOr<Subscription> subscription = feed.Subscribe(channel);
//   ...
//   Select({channel.OnReceive(&event), subscription->Err().OnReceive(&reason)});
//
// To leave and still handle what has arrived:
//
//   DrainReport report = subscription->Drain(budget.context());   // nothing more is sent, and what was sent is handled
//
//   subscription->Unsubscribe();               // or, with a channel, by hand: nothing more is sent
//   channel.Close();                           // what is in the channel stays
//   for (Event& event : channel) Handle(event);
//
// A subscription ends in one of two ways: its owner unsubscribes (or destroys it), or it ends by itself, because the
// feed was closed or destroyed or the subscribed channel was closed.
//
// | | active | ended by `Unsubscribe` | ended by itself |
// |---|---|---|---|
// | `ended()` | false | true | true |
// | `OnEnd()` in a select | not ready | ready | ready |
// | `Err()` receives | blocks | `kOutOfRange` | the reason, if there is one, then `kOutOfRange` |
// | `Unsubscribe()` | ends it | returns | returns |
// | `Drain()` | ends it, once all is handled | returns | returns |
//
// Guarantees: at most one status comes from `Err()`, and it closes however the subscription ends. When `Unsubscribe`
// has returned, in whichever thread, nothing more is sent to the channel and no filter or handler of the subscription
// runs, with two exceptions. One may unsubscribe its own subscription, and runs to its end. And what the sender runs, a filter,
// a hook or a handler without an executor, may unsubscribe another subscription of the same feed whose handler runs in an
// executor: that may be waiting for the very send, so it is not waited for, and the call that runs is the last.
// `Unsubscribe(context)` waits for it there too, if the context may end. What was in a channel of yours stays there, what was in
// the queue of a handler is gone. What the caller did before `Unsubscribe` is visible to a sender that no longer finds the
// subscription.
//
// Origin: the subscription of go-ethereum's event package.

#ifndef EVENTBUS_SUBSCRIPTION_H_
#define EVENTBUS_SUBSCRIPTION_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/internal/subscription/subscription_state.h"
#include "eventbus/receive_channel.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription_stats.h"

namespace eventbus {

// Move-only; destruction unsubscribes. Default-constructed or moved from, it is an ended subscription that never had a
// reason. Thread-safe but for moving and destroying. May outlive its feed.
class [[nodiscard]] Subscription {
 public:
  Subscription() = default;
  Subscription(Subscription&&) = default;
  Subscription& operator=(Subscription&& other) {
    if (this != &other) {
      Drop();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~Subscription() { Drop(); }

  // Ends the subscription. Any number of times, from any thread, also from a filter or handler of the same feed. Frees a
  // send that is blocked on this subscription. Waits for a filter or handler of this subscription that is running in another
  // thread, so do not hold a lock that it takes; and two handlers that unsubscribe one another at once wait for ever, unless
  // one is called by the sender, which does not wait for one in an executor. O(1), and the values in the queue of a handler.
  void Unsubscribe() {
    const internal::Ref<internal::SubscriptionState> state = state_;  // A handler may own this, and goes with its end.
    if (state) state->Unsubscribe();
  }

  // The same, but waits for a filter, a handler or another thread in `on_left` only until `context` is done: then its status. The
  // subscription is refused further values in any case, and the call that runs is the last; but the subscription has not ended before
  // a later `Unsubscribe` has waited for that, as its destruction does. OK if nothing runs, whatever the context. In a filter, hook or
  // handler that the sender runs, it waits for a handler in an executor too, unless the context is `Context::Background()`: that
  // handler may be waiting for this very send, so such a wait must have an end.
  absl::Status Unsubscribe(const Context& context) {
    const internal::Ref<internal::SubscriptionState> state = state_;
    return state ? state->UnsubscribeWithin(context) : absl::OkStatus();
  }

  // Ends the subscription once what it has accepted has been handled: nothing more is sent to it, a send that is blocked on it is
  // freed, and the values that its handler has not yet got are handled first. Blocks until it has ended, or `context` is done,
  // which must have a deadline; `drain_report.h` says what each outcome is. Without an executor a handler has accepted nothing but
  // the value that it is called with. Of a channel, what is in it at the beginning must be received: until somebody has, it counts
  // as left; so do not drain from the thread that is to receive it. A producer is asked to stop.
  //
  // Any number of times, from any thread: all share one drain. Refused with `kFailedPrecondition` from inside a handler, filter or
  // producer of its own. One entry for each subscription that it consists of, none if it was null. May throw `std::bad_alloc`, and
  // then did nothing.
  DrainReport Drain(const Context& context);
  // Begins that and does not wait: for its own handler, and for who waits with `OnEnd`.
  void RequestDrain() {
    const internal::Ref<internal::SubscriptionState> state = state_;
    if (state) state->RequestDrain();
  }

  // Blocks until everything that was sent to it before has been handled, or taken out of its channel: OK. Ends nothing, and others
  // may send meanwhile. `kDeadlineExceeded` or `kCancelled` once `context` is done, which is checked first: the message says
  // how much is left. `kFailedPrecondition` inside its own handler or filter. "Before" are the sends that have returned. Of those
  // that an overflow policy gave up, none is waited for; and for one that has ended, nothing is.
  absl::Status Flush(const Context& context) {
    const internal::Ref<internal::SubscriptionState> state = state_;
    return state ? state->Flush(context) : absl::OkStatus();
  }

  // What has become of its values. Of a joined subscription, the sums of what it consists of, but for the queues; of one
  // that is not of a feed, nothing. Takes locks for a moment.
  SubscriptionStats stats() const { return state_ ? state_->stats() : SubscriptionStats(); }

  // Where the reason arrives if the subscription ends by itself; closed once it has ended for any reason. Always the
  // same channel; allocates it the first time.
  ReceiveChannel<absl::Status> Err() const;

  // A case that is ready once the subscription has ended, however often it is chosen. With a handler: runs it once
  // chosen. It keeps what it needs; the subscription may be moved or destroyed meanwhile.
  Case OnEnd() const { return EndCase({}); }
  template <std::invocable Handler>
  Case OnEnd(Handler handler) const {
    return EndCase([handler = std::move(handler)](void*, internal::Outcome) mutable { handler(); });
  }

  bool ended() const { return !state_ || state_->ended(); }

  // Unique in the process, never 0; as in `SendResult::missed`. 0 if this never was a subscription.
  uint64_t id() const { return state_ ? state_->id() : 0; }

  // What its options said, for people; may be empty.
  std::string name() const { return state_ ? state_->name() : std::string(); }

  // Where it was made. Nowhere, its line 0, if it never was one.
  SourceLocation location() const { return state_ ? state_->location() : SourceLocation(); }

 private:
  friend struct SubscriptionAccess;

  explicit Subscription(internal::Ref<internal::SubscriptionState> state) : state_(std::move(state)) {}

  // Ends it; nobody will ask for it any more.
  void Drop() {
    const internal::Ref<internal::SubscriptionState> state = state_;  // As in `Unsubscribe`.
    if (state) state->HandleGoes();
  }

  Case EndCase(absl::AnyInvocable<void(void*, internal::Outcome)> finish) const;

  internal::Ref<internal::SubscriptionState> state_;
};

// For the library itself: makes subscriptions, and looks behind them.
struct SubscriptionAccess {
  static Subscription Make(internal::Ref<internal::SubscriptionState> state) { return Subscription(std::move(state)); }
  static internal::Selectable& end(const Subscription& subscription);
  static bool RunsHere(const Subscription& subscription) {
    return subscription.state_ && subscription.state_->RunsHere();
  }
  static void AddDrained(const Subscription& subscription, std::vector<DrainEntry>& entries) {
    if (subscription.state_) subscription.state_->AddDrained(entries);
  }
  // What is behind it, which lasts on.
  static internal::Ref<internal::SubscriptionState> Release(Subscription subscription) {
    return std::move(subscription.state_);
  }
};

}  // namespace eventbus

#endif  // EVENTBUS_SUBSCRIPTION_H_
