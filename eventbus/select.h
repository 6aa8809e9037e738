// Waiting for the first of several things, of which exactly one takes effect.
//
//   absl::StatusOr<Order> order;
//   switch (Select({orders.OnReceive(&order), acks.OnSend(&ack), context.OnDone()})) {
//     case 0: ...   // `order` holds the order, or kOutOfRange once `orders` is closed and drained
//     case 1: ...   // `ack` was sent
//     case 2: ...   // the context is done
//   }
//
// Use it when a thread has more than one thing to wait for. For one channel and a context, `ch.Receive(context)` says
// the same with less; for one channel and a deadline, `ch.ReceiveUntil(time)`.
//
// | call | nothing is ready | several are ready |
// |---|---|---|
// | `Select` | waits | a fair random choice |
// | `TrySelect` | returns -1 at once | a fair random choice |
// | `SelectUntil` | waits, -1 once the deadline has passed | a fair random choice |
// | `SelectInOrder` | waits | the first listed |
//
// All return the index of the case that took effect. The others did nothing: their values are still the caller's, their
// slots are untouched. A case is ready when its operation would not block, closed channels included. The same channel
// may appear more than once and in both directions; a select never pairs with itself. What the peer did before it made
// the case ready is visible afterwards.
//
// Thread-safe: any number of threads may select over the same channels, each with its own cases. User code runs only in
// handlers, after the choice, with no lock held. A handler's exception leaves the call; the choice stands.
//
// Cost: O(n) if a case is ready, O(n log n) otherwise; allocates nothing for up to 8 cases and values of up to 256
// bytes.
//
// Origin: Go's select statement, with three additions: a deadline, a run-time list, and the ordered form.

#ifndef EVENTBUS_SELECT_H_
#define EVENTBUS_SELECT_H_

#include <cstddef>
#include <span>

#include "absl/time/time.h"
#include "eventbus/case.h"

namespace eventbus {

// Blocks until one of `cases` took effect and returns its index. Fails at once if none of them can ever be ready.
int Select(std::span<Case> cases);

// Never blocks: -1 if no case was ready, all of them seen at one moment.
int TrySelect(std::span<Case> cases);

// As `Select`, but gives up with -1 when `deadline` has passed; a case that is ready by then is still taken.
int SelectUntil(absl::Time deadline, std::span<Case> cases);

// As `Select`, but where several cases are ready takes the first listed: put the cancellation first, or the urgent
// queue.
int SelectInOrder(std::span<Case> cases);

// The same for a list written in place: `Select({a.OnReceive(&x), b.OnSend(&y)})`.
template <size_t n>
int Select(Case (&&cases)[n]) {
  return Select(std::span<Case>(cases));
}
template <size_t n>
int TrySelect(Case (&&cases)[n]) {
  return TrySelect(std::span<Case>(cases));
}
template <size_t n>
int SelectUntil(absl::Time deadline, Case (&&cases)[n]) {
  return SelectUntil(deadline, std::span<Case>(cases));
}
template <size_t n>
int SelectInOrder(Case (&&cases)[n]) {
  return SelectInOrder(std::span<Case>(cases));
}

}  // namespace eventbus

#endif  // EVENTBUS_SELECT_H_
