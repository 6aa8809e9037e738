// A gate that can be held for a while: who comes meanwhile waits in a line, and is let in a few at a time afterwards.
//
//   GatedQueue primary({.name = "primary", .capacity = 1000, .drain_concurrency = 10});
//
//   absl::StatusOr<GatedQueue::Pass> pass = primary.Enter(context);   // at once, unless the gate is held
//   if (!pass.ok()) return pass.status();                             // late, cancelled, evicted, or closed
//   Query(...);                                                       // the next of the line enters when the pass goes
//
//   primary.Hold(absl::Seconds(10));                                  // the primary is failing over: nobody enters
//   ...
//   primary.Release();                                                // there is a new one
//
// Use it where a short outage is better waited for than reported, and where all who waited must not come back in one instant.
// To limit how many do something at all times, use a semaphore; to pass values along, a channel.
//
// | | open | held | closed |
// |---|---|---|---|
// | `Enter` | at once | waits in the line | `kFailedPrecondition` |
// | `TryEnter` | at once | `kUnavailable` | `kFailedPrecondition` |
// | `Hold` | holds | begins a new hold, with its own deadline | holds, to no effect |
// | `Release` | false | lets in the line; true | false, or true |
//
// Guarantees:
//   - Whether the gate is held, and lining up, is one step: nobody enters a held gate, and nobody lines up at an open one.
//   - The line is first in, first out, and holds `capacity`. Who comes to a full one has the oldest evicted, whose call returns
//     `kResourceExhausted` at once: its client has waited longest and is the likeliest to have gone.
//   - After a hold, `drain_concurrency` of the line are inside at a time; each that is done lets in the next. Who comes then,
//     and did not wait, enters at once: the limit is for the burst, not for the usual traffic.
//   - A hold with a deadline ends by then, as by `Release`. The deadline of a hold that was released, or followed by another,
//     ends nothing.
//   - Who gives up while in the line leaves it and lets nobody in that may not; who is let in in the instant in which it gives
//     up has entered, or lets in the next.
//   - What was done before `Release` is visible to those that it lets in.
//
// Cost: O(1), and no allocation at an open gate; one for each that waits. Deadlines of holds are kept by a thread that the
// process has for all of them.
//
// Origin: the buffering of requests during a failover in Vitess, a database proxy.

#ifndef EVENTBUS_GATED_QUEUE_H_
#define EVENTBUS_GATED_QUEUE_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/gate_core.h"
#include "eventbus/internal/owners/hold_deadline.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus {

struct GatedQueueOptions {
  // For people: in statuses.
  std::string name = {};
  // How many wait at most. 0: nobody, and whoever comes to a held gate gets `kResourceExhausted`.
  size_t capacity = 64;
  // How many of those that waited are inside at a time; at least 1.
  size_t drain_concurrency = 1;
};

// Not movable. Thread-safe but for destruction, which closes it.
class GatedQueue {
 public:
  // The right to be inside. Move-only; destruction says that it is done. May outlive the queue.
  class [[nodiscard]] Pass {
   public:
    Pass() = default;
    Pass(Pass&&) = default;
    Pass& operator=(Pass&& other) {
      if (this != &other) {
        Done();
        gate_ = std::move(other.gate_);
      }
      return *this;
    }
    ~Pass() { Done(); }

    // The holder is done, and the next of the line may enter. Later calls do nothing.
    void Done() {
      const internal::Ref<internal::GateCore> gate = std::move(gate_);
      if (gate) gate->Done();
    }

   private:
    friend class GatedQueue;
    explicit Pass(internal::Ref<internal::GateCore> gate) : gate_(std::move(gate)) {}

    internal::Ref<internal::GateCore> gate_;  // Null if nobody waits for the end of it.
  };

  // A place in the line, for who waits for more than this. Move-only; destruction leaves the line. May outlive the queue.
  class [[nodiscard]] Place {
   public:
    Place(Place&&) = default;
    Place& operator=(Place&& other) {
      if (this != &other) {
        Leave();
        gate_ = std::move(other.gate_);
        ticket_ = std::move(other.ticket_);
      }
      return *this;
    }
    ~Place() { Leave(); }

    // A case that is ready once `Take` has an answer. Keeps what it needs.
    Case OnTurn() const;

    // Never blocks: the pass, once; `kUnavailable` while it is not its turn; `kResourceExhausted`: evicted;
    // `kFailedPrecondition`: closed, or the pass has been taken.
    absl::StatusOr<Pass> Take();

    // Blocks until `Take` has an answer, and gives that; or until `context` is done, which is checked first: `kCancelled` or
    // `kDeadlineExceeded`, and the place in the line is kept.
    absl::StatusOr<Pass> Await(const Context& context);

   private:
    friend class GatedQueue;
    Place(internal::Ref<internal::GateCore> gate, internal::Ref<internal::GateTicket> ticket)
        : gate_(std::move(gate)), ticket_(std::move(ticket)) {}

    absl::StatusOr<Pass> AwaitUntil(const Context& context, internal::Instant deadline);
    void Leave();

    internal::Ref<internal::GateCore> gate_;
    internal::Ref<internal::GateTicket>
        ticket_;  // Null: it passed without waiting. With a null gate too: moved from, or taken.
  };

  // Fails at once if the concurrency is 0.
  explicit GatedQueue(GatedQueueOptions options = {});
  GatedQueue(const GatedQueue&) = delete;
  GatedQueue& operator=(const GatedQueue&) = delete;
  ~GatedQueue();

  // Blocks until inside. Status:
  //   kResourceExhausted    evicted: too many came after
  //   kFailedPrecondition   closed
  absl::StatusOr<Pass> Enter() { return Enter(Context::Background()); }

  // As above, but ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which is checked first.
  absl::StatusOr<Pass> Enter(const Context& context);
  absl::StatusOr<Pass> EnterUntil(absl::Time deadline);

  // Never blocks, and never lines up: `kUnavailable` if the gate is held.
  absl::StatusOr<Pass> TryEnter();

  // Never blocks: a place in the line or, at an open gate, one whose turn it is.
  absl::StatusOr<Place> LineUp();

  // Holds the gate, until `Release` or for `at_most`, whichever is first. Throws `std::system_error` if there has to be a
  // thread for the deadline and the system refuses it; then the gate is not held.
  void Hold(absl::Duration at_most = absl::InfiniteDuration());

  // Ends the hold, and lets in the line. False if the gate was not held.
  bool Release();

  // Refuses who waits and who comes, with `kFailedPrecondition`. Passes stay valid. True for the first call.
  bool Close() { return gate_->Close(); }

  bool held() const { return gate_->held(); }

  // How many are in the line. Other threads may change it at any time.
  size_t ApproxWaiting() const { return gate_->CountInLine(); }

 private:
  absl::StatusOr<Pass> EnterUntilInstant(const Context& context, internal::Instant deadline);

  const internal::Ref<internal::GateCore> gate_;
  internal::HoldDeadline deadline_;
};

}  // namespace eventbus

#endif  // EVENTBUS_GATED_QUEUE_H_
