// One call on its way through an actor.

#ifndef EVENTBUS_INTERNAL_OWNERS_ACTOR_REQUEST_H_
#define EVENTBUS_INTERNAL_OWNERS_ACTOR_REQUEST_H_

#include <cstdint>

#include "absl/status/status.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/event.h"

namespace eventbus::internal {

class ActorCore;

// Shared by the actor, until it has run or refused it, and by whoever waits for it, who may go first.
class ActorRequest : public RefCounted, public ListNode<ActorRequest> {
 public:
  // What the caller waits for.
  enum class Settles : uint8_t {
    kOnceAccepted,  // Room in the queue.
    kOnceRun,       // The result.
  };

  // Happens once that is there, or once it has been refused.
  Event& settled() { return settled_; }

 protected:
  explicit ActorRequest(Settles settles) : settles_(settles) {}

  // Calls the function, keeps the result, and ends the life of the function. In the owner, with no lock held. Must not throw.
  virtual void Run(void* state) = 0;
  // Instead: ends the life of the function, which will never be called. Must not throw.
  virtual void Drop() = 0;

 private:
  friend ActorCore;

  enum class Phase : uint8_t {
    kNew,
    kWaits,     // For room in the queue.
    kAccepted,  // In the queue.
    kBegun,     // Runs, or has run.
    kGone,      // Withdrawn or refused.
  };

  const Settles settles_;
  // Guarded by the actor's mutex, as is the link.
  Phase phase_ = Phase::kNew;
  bool accepted_ = false;  // It was in the queue.
  absl::Status refusal_;   // Why it was not run. Not written once it is settled.
  EventCalled<"call of actor"> settled_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_ACTOR_REQUEST_H_
