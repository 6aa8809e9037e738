// What a subscription has been given whose receiver says when it is done with each value, until it has said so.
//
// Invariants:
//   A1. A value is outstanding from the moment in which it is offered to the channel until it is settled: acknowledged; taken back,
//       because the channel did not take it; or left, because the subscription has ended, or its channel was closed. Settled once,
//       under `mutex_`.
//   A2. Only the handle of the newest attempt can acknowledge a value or send it back, and once. While the value is outstanding there
//       is just one: with a receiver, in the channel, in the hand of a sender, or waiting for room in the channel. So an
//       outstanding node has a reference.
//   A3. A value comes back to the channel, and waits for room there, only while `open_`, which the channel's mutex guards.
//   A4. What a node comes back by, its waiter and the memory for a handle, belongs to who has set `returning_`, until its waiter has
//       been woken. Who wants to return it meanwhile, being a receiver that has it already, leaves that to them.
//   A5. The channel owns the values in it, and they own this; so this lets go of the channel as the subscription ends.
//   A6. Who hands back what is left, which is one thread at a time, goes on until it finds nothing, and says so under the same hold of
//       both mutexes. So who finds another thread at it, after something was left, may rely on that.
//
// Who wakes whom: a receiver that takes from a node that waits for room, a channel's `Close`, and `CloseLocked` wake the node, which
// runs nothing but its own. Who settles the last value that a `Settling` waits for wakes that. Who has handed back wakes those who
// wait for that.
//
// Locks: the channel's mutex, or that of `handing_back_`; then `mutex_`.

#ifndef EVENTBUS_INTERNAL_FEED_ACKNOWLEDGEMENTS_H_
#define EVENTBUS_INTERNAL_FEED_ACKNOWLEDGEMENTS_H_

#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "eventbus/context.h"
#include "eventbus/event.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/feed/readers_wait.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/ready_work.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class Acknowledgements;

// A value, until its last handle has gone.
class DeliveryNode : public RefCounted, public ListNode<DeliveryNode>, private SoleOperation {
 public:
  virtual const void* value() const = 0;

  // For who has made it and has not yet offered it, and then constant.
  EventInfo info;

 protected:
  DeliveryNode(Ref<Acknowledgements> acknowledgements, const EventInfo& known);
  ~DeliveryNode() override;

  // Makes a handle for `attempt` in memory of this, to be moved from.
  virtual void* MakeHandle(uint32_t attempt) = 0;
  // Ends the life of that handle, or of what the move has left of it, without settling anything.
  virtual void DropHandle() = 0;

 private:
  friend Acknowledgements;
  friend class DeliveryHandle;

  void Wake(Waiter&, ReadyWork& ready) override;

  const Ref<Acknowledgements> acknowledgements_;
  Waiter waiter_;  // A4

  // All guarded by the mutex of the acknowledgements; and so is the place in the list of what is outstanding, or left.
  uint64_t serial_ = 0;
  uint32_t attempt_ = 1;
  bool outstanding_ = false;
  bool returning_ = false;
  bool returns_again_ = false;
};

// Waits until what was outstanding at its start has been settled.
class Settling : public ReadersWait, public ListNode<Settling>, private SoleOperation {
 public:
  explicit Settling(Ref<Acknowledgements> acknowledgements) : acknowledgements_(std::move(acknowledgements)) {
    waiter_.operation = this;
  }

  bool StartLocked() final;
  bool Stop() final;
  uint64_t left() const final;
  uint64_t queued() const final;

 private:
  friend Acknowledgements;

  void Wake(Waiter&, ReadyWork& ready) final { Emptied(ready); }

  const Ref<Acknowledgements> acknowledgements_;
  // All guarded by the mutex of the acknowledgements.
  uint64_t until_ = 0;  // The serial number of the last value that it waits for.
  uint64_t queued_ = 0;
  uint64_t left_ = 0;
  Waiter waiter_;
};

// What a subscription shares with the values that it has been given. Thread-safe.
class Acknowledgements final : public RefCounted {
 public:
  explicit Acknowledgements(Ref<ChannelCore> channel) : channel_(std::move(channel)) {}

  // Of the sender, under the channel's mutex: `node` is about to be offered; and the channel has not taken it, or no longer waits
  // for it.
  void Offer(DeliveryNode& node);
  void TakeBack(DeliveryNode& node, WakeList& wakes);

  // The receiver of `attempt` is done with it, or sends it back. False if that is not the newest attempt, or has said so before, or
  // the value was settled otherwise.
  bool Acknowledge(DeliveryNode& node, uint32_t attempt);
  bool Return(DeliveryNode& node, uint32_t attempt);

  // Under the channel's mutex: values come back from now on; and none does any more, and what is outstanding is left.
  void OpenLocked() { open_ = true; }
  void CloseLocked(WakeList& wakes);
  // Takes out what is left, and calls `see` with each value, with no lock held and one thread at a time: true when nothing is left
  // and nobody is in such a call, unless it was called from there. Where another thread is at it, waits for that until `*until` is
  // done: false, if that came first; null: does not wait, for that thread takes out all.
  bool HandBack(absl::FunctionRef<void(const void* value)> see, const Context* until);

  uint64_t outstanding() const;
  uint64_t acknowledged() const;
  uint64_t returned() const;
  // How many were left in all.
  uint64_t left() const;

 private:
  friend DeliveryNode;
  friend Settling;

  enum class Offered { kTaken, kWaits, kRefused };

  ~Acknowledgements() override = default;

  // Has `node`, whose `returning_` the caller has set, come back.
  void GoBack(DeliveryNode& node, ReadyWork* ready);
  Offered OfferAgain(DeliveryNode& node, ReadyWork* ready);
  // The wait of `node` for room is over.
  void HasWaited(DeliveryNode& node, ReadyWork& ready);
  // Nobody will take it.
  void Leave(DeliveryNode& node, ReadyWork* ready);

  // Of the thread that hands back. Null: nothing is left, and it does not any more.
  Ref<DeliveryNode> NextToHandBack();

  void LeaveLocked(DeliveryNode& node, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SettleLocked(DeliveryNode& node, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Complete when no thread hands back.
  class HandingBack final : public Selectable {
   public:
    bool TryComplete(Waiter& arm, WakeList&) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { waiting.PushBack(arm); }
    void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override {
      thing.what = "deliveries to be handed back";
    }

    ThreadIdentity by ABSL_GUARDED_BY(mutex) = nullptr;  // The one that does. A6
    WaitQueue waiting ABSL_GUARDED_BY(mutex);
  };

  bool open_ = false;  // Guarded by the channel's mutex.
  HandingBack handing_back_;

  mutable Mutex mutex_;
  Ref<ChannelCore> channel_ ABSL_GUARDED_BY(mutex_);  // A5
  List<DeliveryNode> outstanding_ ABSL_GUARDED_BY(mutex_);
  List<DeliveryNode> left_ ABSL_GUARDED_BY(mutex_);  // With a reference each.
  List<Settling> settlings_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_serial_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t outstanding_count_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t acknowledged_count_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t returned_count_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t left_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// What a receiver holds: of one attempt, and the only one of that. Empty once moved from.
class DeliveryHandle {
 public:
  DeliveryHandle(DeliveryHandle&& other) noexcept = default;
  DeliveryHandle& operator=(DeliveryHandle&& other) noexcept;
  ~DeliveryHandle();

  // Of the sender, as `Acknowledgements` has them.
  void Offer();
  void TakeBack(WakeList& wakes);

  // Not of an empty one.
  DeliveryNode& node() const { return *node_; }

 protected:
  DeliveryHandle(Ref<DeliveryNode> node, uint32_t attempt) : node_(std::move(node)), attempt_(attempt) {}

  bool Acknowledge();
  bool Return();
  // Lets go of the value without settling it.
  void Disown() { node_ = nullptr; }

  // Fails, naming `call`, if it is empty.
  const DeliveryNode& NodeFor(const char* call) const;
  uint32_t attempt_number() const { return attempt_; }

 private:
  Ref<DeliveryNode> node_;
  uint32_t attempt_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_ACKNOWLEDGEMENTS_H_
