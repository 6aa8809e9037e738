// One subscription of a feed: what all kinds have in common, and the kind that is a channel.

#ifndef EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_
#define EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/event.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/feed/acknowledgements.h"
#include "eventbus/internal/feed/delivery_arena.h"
#include "eventbus/internal/feed/drain_record.h"
#include "eventbus/internal/feed/event_element.h"
#include "eventbus/internal/feed/feed_observer.h"
#include "eventbus/internal/feed/history.h"
#include "eventbus/internal/feed/progress.h"
#include "eventbus/internal/feed/readers_wait.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/ground/owned_element.h"
#include "eventbus/internal/ground/prefetch.h"
#include "eventbus/internal/ground/raw_elements.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/observing/statistic.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/subscription/end_signal.h"
#include "eventbus/internal/subscription/subscription_state.h"
#include "eventbus/overflow.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription_stats.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class Activity;
class FeedCore;

struct MembershipTag;  // A feed's inbox, or its list of those to be taken out.
struct EndingTag;      // Those whose end a feed waits for.

// Whether a subscriber wants `*value`. Empty: always.
using ErasedFilter = absl::AnyInvocable<bool(const void* value)>;

// Told of a value that was lost to a subscriber.
using LossHook = absl::AnyInvocable<void(const void* value)>;
// Gets a value back that was accepted and will not be handled.
using LeftHook = absl::AnyInvocable<void(const void* value)>;

// What every subscription consists of.
struct SubscriberParts {
  Label label = {};
  ErasedFilter filter = {};
  LossHook on_lost = {};
  uint64_t limit = 0;  // How many values it gets; 0: all.
  size_t replay = 0;   // With how many of those that were sent before it begins, if the feed has kept them.
  Ref<SubscriberOwner> owner = {};  // May be null.
};

// Small, for there may be a million: what most subscriptions do without is elsewhere.
class Subscriber : public SubscriptionState, public ListNode<MembershipTag>, public ListNode<EndingTag> {
 public:
  void Unsubscribe() final;
  absl::Status UnsubscribeWithin(const Context& context) final;
  ReceiveChannel<absl::Status> Err() final { return end_signal.Err(); }
  bool ended() const final { return end_signal.ended(); }
  Selectable& end() final { return end_signal; }
  void RequestDrain() final;
  bool RunsHere() final;
  void AddDrained(std::vector<DrainEntry>& entries) const final;
  absl::Status Flush(const Context& context) final;
  uint64_t id() const final { return id_; }
  const std::string& name() const final { return label_.name(); }
  SourceLocation location() const final { return label_.location(); }

  // How values reach it.
  enum class Way : uint8_t {
    kChannel,         // A `ChannelSubscriber` whose channel gets the value itself, when it has room.
    kSpecialChannel,  // Another one: with an overflow policy, or with events.
    kCall,            // A `CalledSubscriber`.
    kPickyCall,       // The same, of one that is picky.
    kCommon,          // An `ExecutorSubscriber` that reads the feed's broadcast.
    kOwn,             // An `ExecutorSubscriber` that reads one of its own.
    kQueue,           // A `QueueSubscriber`.
  };
  virtual Way way() const = 0;

  // Whether the handler runs in the sending thread.
  bool is_called_in_send() const { return way() == Way::kCall || way() == Way::kPickyCall; }

  // Whether a send runs code of this subscription in its own thread: a filter, a handler, a hook.
  bool runs_in_send() const {
    return filter != nullptr || on_lost != nullptr || is_called_in_send() || way() == Way::kQueue;
  }

  // Whether it does not get just what others get, from now on.
  bool picky() const { return picky_; }

  // Whether it is to handle what it has been given, and then to end. Set before it stops receiving.
  bool finishing() const { return finishing_.load(std::memory_order_acquire); }
  void SetFinishing() { finishing_.store(true, std::memory_order_release); }

  // Has what a send reads here fetched: it lies around `member`.
  void Prefetch() const {
    constexpr size_t kLine = 64;
    internal::Prefetch(&member);
    internal::Prefetch(reinterpret_cast<const std::byte*>(&member) + kLine);
  }

  // Of the feed's lists.
  void UnlinkIfLinked() {
    if (ListNode<MembershipTag>::linked()) ListNode<MembershipTag>::Unlink();
  }
  void UnlinkFromEndings() {
    if (ListNode<EndingTag>::linked()) ListNode<EndingTag>::Unlink();
  }

  // Begins with `event`, which its filter wants, before it is known to others. False if the subscription ends there, with `reason`.
  virtual bool Replay(Ref<KeptEvent> event, absl::Status& reason) = 0;

  // Values may be sent to it from now on; those that were replayed come first. Called under the feed's membership mutex. Its
  // consumer goes on `wakes`, if it has to begin.
  virtual void StartReceiving(WakeList& wakes) = 0;
  // Nothing is sent to it once this has returned. `send` is the number of the send in progress, 0 if there is none; the delivery
  // that it has enlisted here, and that nobody has claimed, goes on `wakes` as withdrawn. So does its consumer, if it is to finish
  // and waits.
  virtual void StopReceiving(uint64_t send, WakeList& wakes) = 0;

  // Before it stops receiving to drain: what it needs for that. Throws `std::bad_alloc`.
  virtual void PrepareToDrain() {}
  // It has stopped receiving to drain, and is not a handler with an executor: whether others have to take what it has been given,
  // and will tell the feed when they have.
  virtual bool AwaitsReaders() const { return false; }
  // Does not wait for that any more: true, if it did and nobody is telling the feed.
  virtual bool StopAwaitingReaders() { return false; }
  // It neither receives nor waits any more: hands back what others have not taken. With no lock held, any number of times. Waits for
  // another thread that is at it until `*until` is done: false, if that came first; null: not at all, for that thread hands all
  // back. Without it, waits however long that takes.
  virtual bool HandBackLeftWithin(const Context* until);
  void HandBackLeft();

  // How far it is, for those who wait for what it was given. Under the feed's membership mutex, or once it is no member.
  virtual Progress progress() const { return {}; }
  // `progress().done`, of one with an executor, whenever it is asked.
  virtual uint64_t done() const { return 0; }
  // For who waits until it has handled something: to be counted there while it does. Null if there is nobody to wait for.
  virtual Atomic<uint32_t>* flushers() { return nullptr; }

  // How many values wait in what it has of its own.
  virtual size_t Queued() const { return 0; }

  // Who receives from the channel, if that is a handler with an executor; else null.
  virtual Activity* consumer() { return nullptr; }

  SubscriptionStats stats() const override;
  // The delivery for which a send has slept since `since` is over.
  void CountBlocked(Instant since) { blocked_.Add(CoarseNow().nanoseconds() - since.nanoseconds()); }

  // The most that `Fill` was seen to be.
  virtual size_t HighWater() const { return 0; }
  // Whether no call of its handler is in progress, nor will be, in an executor. For `FeedCore::UserCodeEnd`.
  virtual bool ConsumerHasEnded() const { return true; }

  // Says for people that the end of its handler is waited for.
  void DescribeHandler(WaitedFor& thing) const;

  // How many values may wait in what its values wait in: the largest `size_t` if there is no limit. Never changes.
  virtual size_t Room() const = 0;
  // How full that is.
  virtual QueueFill Fill() const = 0;
  // Whether `offered`, of the send in progress, still waits for it. For who keeps that send from ending.
  virtual bool HasNotTaken(const Delivery& offered) const = 0;

  static constexpr size_t kNoSlot = std::numeric_limits<size_t>::max();

  const Ref<FeedCore> feed;
  const std::unique_ptr<ErasedFilter> filter;  // Null if it has none. Called by the sender only.
  const std::unique_ptr<LossHook> on_lost;     // The same.
  const Ref<SubscriberOwner> owner;            // Null if it is no part of anything.
  EndSignal end_signal;

  // By who has the turn.
  Statistic filtered;
  Statistic waits;
  Statistic lost_to_overflow;
  Statistic lost_to_sends;

  Statistic lost_to_replay;  // By who makes it a member.

  LostValues lost() const {
    return {.to_overflow = lost_to_overflow.Get(), .to_sends = lost_to_sends.Get(), .to_replay = lost_to_replay.Get()};
  }

  // Guarded by the feed's `endings_`: its part in the report of its drain, or of the feed's. Null: it has not begun to drain.
  Ref<DrainRecord> drain;

  // Its place among the feed's slots, if it has one. Guarded by the feed's membership mutex.
  size_t slot = kNoSlot;

 protected:
  Subscriber(Ref<FeedCore> feed_core, SubscriberParts parts);
  ~Subscriber() override;

 private:
  const uint64_t id_;
  const bool picky_;
  Atomic<bool> finishing_{false};  // Release and acquire: says why it left.
  const Label label_;
  Statistic blocked_;  // In nanoseconds. By who ends the delivery.

 public:
  // Belong to who has the feed's turn: how many values it still gets, 0 for all; what was lost and not yet told.
  uint64_t left;
  uint64_t untold = 0;
  // The same: its handler was to be called by the sender, but it had left.
  bool was_not_called = false;
  // Whether the subscription lasts. Written under the feed's membership mutex.
  Atomic<bool> member{false};
};

// The channel of a subscription, and what is put into it.
struct ChannelParts {
  Ref<ChannelCore> channel;
  const EventElement* event = nullptr;  // Null: plain values.
  Overflow overflow = Overflow::kBlock;
  Ref<Acknowledgements> acknowledgements = {};  // Null unless receivers acknowledge the values.
  LeftHook on_left = {};                        // Then, perhaps.
};

// One whose values go to a channel of the user's.
class ChannelSubscriber final : public Subscriber {
 public:
  ChannelSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, ChannelParts channel_parts);

  Way way() const override {
    return event == nullptr && overflow == Overflow::kBlock ? Way::kChannel : Way::kSpecialChannel;
  }
  bool Replay(Ref<KeptEvent> event, absl::Status& reason) override;
  void StartReceiving(WakeList& wakes) override;
  void StopReceiving(uint64_t send, WakeList& wakes) override;

  void PrepareToDrain() override;
  bool AwaitsReaders() const override { return awaits_readers_; }
  bool StopAwaitingReaders() override;
  bool HandBackLeftWithin(const Context* until) override;
  Progress progress() const override;

  size_t Queued() const override { return channel->ApproxSize(); }
  size_t Room() const override { return channel->capacity(); }
  QueueFill Fill() const override { return {.size = channel->ApproxSize(), .capacity = channel->capacity()}; }
  bool HasNotTaken(const Delivery& offered) const override {
    MutexLock lock(&channel->mutex);
    return offered.linked();
  }

  SubscriptionStats stats() const override;
  size_t HighWater() const override { return high_water_.Get(); }

  // A value was taken at once. Now and then looks how full the channel is, which of a large one costs a look at what receivers
  // write.
  void CountTakenLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(channel->mutex) {
    if ((++taken & look_mask_) == 0) high_water_.RaiseTo(channel->SizeLocked());
  }
  // `waiting` has been enlisted by the send of that number. What the one before waited for was taken, or else is settled.
  void WaitLocked(Delivery& waiting, uint64_t send) ABSL_EXCLUSIVE_LOCKS_REQUIRED(channel->mutex) {
    taken += waits_in_send != 0;
    delivery = &waiting;
    waits_in_send = send;
  }
  // The delivery that was enlisted is over, and was `done` or not. Needed only where another one of the same send was not.
  void SettleWait(bool done, WakeList& wakes);
  // How many values the channel has taken; `send` is the number of the send in progress, 0 if there is none.
  uint64_t CountTaken(uint64_t send) const;

  void PrefetchChannel() const { internal::Prefetch(&channel->mutex); }

  const Ref<ChannelCore> channel;
  const EventElement* const event;
  const Ref<Acknowledgements> acknowledgements;
  const Overflow overflow;

  // Whether the policy takes values out of the channel.
  bool evicts() const { return overflow == Overflow::kDropOldest || overflow == Overflow::kLatest; }

  // Memory for two values of the channel, which who has the turn uses: the event that is given away, and what is evicted. Only
  // if there are such.
  void* staged() const { return (*hands_)[0]; }
  void* evicted() const { return (*hands_)[1]; }
  // What answers for the event that is given away; null if nobody does.
  DeliveryHandle* StagedHandle() const { return event != nullptr ? event->handle(staged()) : nullptr; }

  // Values that the channel took. The one that a send waited for comes on top of that until the next waits or it is settled, so
  // that a send at whose end all is well need not look at each subscriber again.
  uint64_t taken ABSL_GUARDED_BY(channel->mutex) = 0;
  // The delivery that waits for room, if `waits_in_send` is the number of the send in progress. 0 once that is settled.
  Delivery* delivery ABSL_GUARDED_BY(channel->mutex) = nullptr;
  uint64_t waits_in_send ABSL_GUARDED_BY(channel->mutex) = 0;
  // Whether values may be sent to the channel: the same as `member`, for who holds the other lock.
  bool receiving ABSL_GUARDED_BY(channel->mutex) = false;

 private:
  ~ChannelSubscriber() override;

  const std::unique_ptr<RawElements> hands_;
  std::unique_ptr<std::deque<OwnedElement>> replayed_;  // Until it starts to receive.
  std::unique_ptr<ReadersWait> emptying_;               // Set before it stops receiving, if it does so to drain.
  const std::unique_ptr<LeftHook> on_left_;             // Null if there is none.
  bool awaits_readers_ = false;                         // Written as it stops receiving.
  const uint64_t look_mask_;
  mutable Statistic high_water_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_SUBSCRIBER_H_
