// What a blocked operation leaves behind, and how whoever can complete it does so exactly once.
//
// The protocol, in full. It is the only way to block in the library.
//
//   1. An operation (a send, a receive, a select, one feed send) enlists a `Waiter` with each selectable it waits on,
//      under that selectable's mutex and only after it found there, under the same hold of the mutex, nothing to do.
//   2. Whoever makes a case ready holds the selectable's mutex, takes the oldest waiter out of the queue and claims its
//      operation. Losing the claim means that another case of the same operation took effect: the waiter is dropped and
//      the next one is tried.
//   3. The winner completes the transfer between its own slot and `waiter.value`, sets `waiter.outcome`, and puts the
//      waiter on a `WakeList`.
//   4. With no lock held it wakes the operation. That is its last access to the operation and all its waiters.
//   5. An operation that gives up (deadline, cancellation) claims itself, or takes its waiter out of the queue when it
//      has only one. If it loses that race the transfer has happened: it waits for the wake-up, which is on its way and
//      depends on no user code, and reports the transfer.
//   6. Before it ends, an operation takes its remaining waiters out of their queues, and tells the selectable
//      (`Selectable::Withdrawn`), unless it is one of those that do not ask.
//
// Invariants:
//   W1. A waiter is linked only while its operation is alive, and only under its selectable's mutex.
//   W2. `outcome` and `*value` are written by the claimer alone, before the wake-up, and read by the owner after it.
//   W3. Every claimed operation is woken exactly once.

#ifndef EVENTBUS_INTERNAL_WAITING_WAITER_H_
#define EVENTBUS_INTERNAL_WAITING_WAITER_H_

#include <cstdint>

#include "absl/base/attributes.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/ready_work.h"
#include "eventbus/internal/waiting/wait_description.h"

namespace eventbus::internal {

class Operation;

// Which side of a channel a waiter is on. Selectables with one side ignore it.
enum class Role : uint8_t { kReceive, kSend };

// How one attempt at an operation ended.
enum class Outcome : uint8_t {
  kNotReady,   // Nothing happened yet.
  kDone,       // The transfer happened; an event that is waited for has occurred.
  kClosed,     // There will be no transfer: the channel is closed (and, for a receive, drained).
  kWithdrawn,  // Taken out by a third party that ended the matter: an unsubscription.
  kDeadline,   // The caller's deadline passed first; nothing happened.
  kCancelled,  // The caller's context ended first; nothing happened.
};

struct Waiter : ListNode<Waiter> {
  ~Waiter() { ModelCheck(!linked(), "a waiter was destroyed in its queue"); }  // W1

  Operation* operation = nullptr;
  // Where a send takes its value from, or where a receive constructs it: raw memory of the element's size.
  void* value = nullptr;
  Waiter* next_to_wake = nullptr;
  Role role = Role::kReceive;
  Outcome outcome = Outcome::kNotReady;
};

// A blocked operation of one owner.
class Operation : public WaitDescription {
 public:
  // Claims the operation for `waiter`. Called under the mutex of the waiter's selectable, once the waiter is unlinked.
  // True exactly once for all waiters of the operation.
  virtual bool TryClaim(Waiter& waiter) = 0;

  // Lets the owner go on: wakes its thread, or adds its work to `ready`. Called once for each successful claim, with no
  // lock held; runs no user code. May end the life of the operation and of `waiter`.
  virtual void Wake(Waiter& waiter, ReadyWork& ready) = 0;

  // By default says nothing: of those that nobody asks, being a consumer without a thread, or a part of something else.
  void DescribeWait(WaiterInfo&) const override {}

 protected:
  ~Operation() = default;
};

// An operation with one waiter needs no claim word: taking the waiter out of its queue, under the mutex, is the claim.
class SoleOperation : public Operation {
 public:
  bool TryClaim(Waiter&) final { return true; }

 protected:
  ~SoleOperation() = default;
};

// Claimed waiters whose owners are to be woken once no lock is held. Wakes what is left on destruction, so that an
// exception between the claim and the wake-up strands nobody (W3).
class WakeList {
 public:
  WakeList() = default;
  WakeList(const WakeList&) = delete;
  WakeList& operator=(const WakeList&) = delete;
  ~WakeList() { WakeAll(); }

  bool empty() const { return first_ == nullptr; }

  void Add(Waiter& claimed) {
    *end_ = &claimed;
    end_ = &claimed.next_to_wake;
    claimed.next_to_wake = nullptr;
  }

  // Wakes all, in the order in which they were added, then hands those that have no thread to their executors. Call
  // with no lock held: an executor may run user code at once.
  void WakeAll() {
    if (!empty()) WakeThese();
  }

  // The same for who is just waking others, and hands `ready` to the executors after that.
  void WakeAll(ReadyWork& ready) {
    Waiter* waiter = first_;
    first_ = nullptr;
    end_ = &first_;
    while (waiter != nullptr) {
      Waiter* const next = waiter->next_to_wake;  // `waiter` may be gone after the wake-up.
      waiter->operation->Wake(*waiter, ready);
      waiter = next;
    }
  }

 private:
  // Not inline: most lists are empty, and each send looks at several.
  ABSL_ATTRIBUTE_NOINLINE void WakeThese() {
    ReadyWork ready;
    WakeAll(ready);
  }

  Waiter* first_ = nullptr;
  Waiter** end_ = &first_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_WAITER_H_
