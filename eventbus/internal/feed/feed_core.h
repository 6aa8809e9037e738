// The feed, for elements of any type: who is subscribed, and how one send reaches all of them.
//
// A send takes the turn, writes the value once for all handlers with an executor (`broadcast.h`), walks over the other
// subscribers once, and leaves a waiter with each that has no room. Receivers complete their own deliveries and count down;
// the last one wakes the sender. So a send to n subscribers of which k are slow costs O(n + k), sleeps at most once, and
// allocates nothing that it did not allocate before.
//
// Invariants:
//   F1. `slots_` changes only under the membership mutex and while no send walks over it (`sending_` is false), or by
//       the sender itself before it starts. So the sender reads it without the mutex.
//   F2. A subscriber that joins during a send goes to the inbox, and to the slots when the next send begins:
//       `Subscribe` never waits for a send, and no subscriber gets half a send.
//   F3. `Subscriber::member` is set, and `StartReceiving` called, under one hold of the membership mutex, and so are the
//       reverse. Once `StopReceiving` has returned nothing more is sent: a sender gives a value to a channel only under the
//       channel's mutex and while `receiving` holds, and to a reader only under its broadcast's mutex and while it has not
//       left.
//   F4. A subscriber that leaves during a send keeps its slot, if it has one, and its reference until the send is over, and
//       its waiter is taken out and counted down by who removes it.
//   F5. `calling_` is the subscriber whose filter or handler the sender runs, or is about to run once it has seen that it
//       still is a member; outside all locks. Who removes it in another thread waits until it is not. The sender stores
//       `calling_` and then looks at `member`, or `receiving` of a handler that it calls; who removes does the reverse; so at
//       least one sees the other (`asymmetric_fence.h`). In the same way the sender clears `calling_` and then looks at
//       `call_waiters_`.
//   F6. `pending` of the send in progress is the number of its deliveries that wait; until the sender itself waits, plus more
//       than there can be of them, so that the sender counts them by itself and nobody comes to zero before.
//   F7. A handler with an executor is in the feed's broadcast from when others get a slot. If it is detached from that, as
//       having missed a value, it goes to the inbox, and has a slot from the next send on.
//   F8. Who ends without a reason, having handled what it has, says so once nothing of it runs: neither its consumer, nor what the
//       sender calls. The consumer's end comes to `HasFinished`, and finds by F5 whether the sender is in a call of it. If so, it goes
//       to `called_`, and the end of that call tells its end.
//   F9. In `alive_` are the consumers that have begun and not ended, and the channels that readers have yet to empty. Once
//       the feed is closed or drains, there are no members, and none will be; so the feed has ended when that is empty, each end has
//       been told, and nobody is replayed to or called.
//   F10. Nobody becomes a member, nor alive without having been one, once the feed is closed or drains. Both are looked at under one
//       hold of the membership mutex. What ends one that was a member is told within a `Telling`.
//
// Who wakes whom: a receiver that takes from an enlisted delivery, a channel's `Close`, and `Remove` each count a
// delivery down; who counts to zero wakes the sender. A context wakes the sender, which then takes out what is still
// enlisted. The end of a turn wakes the next sender, `Close` and a drain all that wait for one; the end of a filter or handler wakes
// those who remove its subscriber. The end of
// what is alive, of a replay and of a call each look whether that was the last, and wake those who wait for the end of the feed.
//
// Origin: the documented behaviour of `Feed` in go-ethereum's event package. Its walk over the slow subscribers is
// quadratic; this one, with a waiter for each, is not.

#ifndef EVENTBUS_INTERNAL_FEED_FEED_CORE_H_
#define EVENTBUS_INTERNAL_FEED_FEED_CORE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/executor.h"
#include "eventbus/internal/feed/broadcast.h"
#include "eventbus/internal/feed/delivery_arena.h"
#include "eventbus/internal/feed/drain_record.h"
#include "eventbus/internal/feed/feed_observer.h"
#include "eventbus/internal/feed/handler_subscriber.h"
#include "eventbus/internal/feed/history.h"
#include "eventbus/internal/feed/subscriber.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/observing/statistic.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/internal/waiting/turn.h"
#include "eventbus/internal/waiting/wait_queue.h"
#include "eventbus/send_result.h"
#include "eventbus/stall_report.h"
#include "eventbus/subscription.h"
#include "eventbus/subscription_stats.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class FeedCore final : public RefCounted {
 public:
  // `element` may be null: then the first `Subscribe` or send decides.
  // `held`: sends wait until `Release`. The last `history` values are kept for those who subscribe later.
  FeedCore(Label label, const Element* element, bool held, size_t history);

  // Lets sends go on, if they were held: true for the first call then.
  bool Release();

  // Has `observer` know of every subscription. Before anyone else knows of this feed.
  void SetObserver(Ref<FeedObserver> observer) { observer_ = std::move(observer); }

  // `kInvalidArgument`, saying `what` of this feed.
  absl::Status Refuse(absl::string_view what) const { return absl::InvalidArgumentError(Describe(what)); }

  absl::StatusOr<Subscription> Subscribe(const Element& element, SubscriberParts parts, ChannelParts channel_parts);
  // Without an executor the handler is called by the sending thread.
  absl::StatusOr<Subscription> Subscribe(const Element& element, SubscriberParts parts, HandlerParts handler_parts,
                                         QueueParts queue_parts);

  enum class Waiting {
    kAllowed,
    kRefused,  // Only what needs no waiting.
  };
  SendResult Send(const Context& context, const Element& element, const void* value, Waiting waiting);

  // Refuses sends and subscriptions, ends all subscriptions with `reason`, also those that drain. True for the first call.
  bool Close(const absl::Status& reason) {
    if (!BeginToClose()) return false;
    FinishClosing(reason);
    return true;
  }
  // Its halves, for who closes several feeds, of which a handler at one may send to another. The first refuses and frees sends, and
  // waits for nobody; after a true of that, the second ends the subscriptions, and waits for what runs of them.
  bool BeginToClose();
  void FinishClosing(const absl::Status& reason);

  // Whether it refuses sends: it has been closed, or drains.
  bool closed() const;

  // Drains (`feed_drain.cc`) ------------------------------------------------------------------------------------------

  // As `FeedBase` says. `RequestDrain` throws `std::bad_alloc`, and then did nothing.
  DrainReport Drain(const Context& context);
  void RequestDrain();
  absl::Status Flush(const Context& context);
  // Whether the calling thread runs what a drain would wait for.
  bool WouldAwaitItself() const;
  // Happens once nothing of it runs, and nothing will.
  Event& end() { return end_; }
  // What has become of the subscriptions, of a drain that has begun.
  void AddDrained(std::vector<DrainEntry>& entries) const;

  // The same of one subscription.
  void RequestDrain(Subscriber& subscriber);
  absl::Status Flush(Subscriber& subscriber, const Context& context);
  bool WouldAwaitItself(Subscriber& subscriber) const;
  DrainEntry EntryOf(const Subscriber& subscriber) const;

  // `subscriber`, which has left in order to finish, has nothing left of what it was given: it ends, with `reason` if that is not
  // OK, when no call of it is in progress.
  void HasFinished(Subscriber& subscriber, const absl::Status& reason, WakeList& wakes);
  // A value has been handled for which somebody waits.
  void HasHandled();

  // Relaxed: a count, not a synchronisation.
  size_t subscribers() const { return member_count_.load(std::memory_order_relaxed); }

  const std::string& name() const { return label_.name(); }

  FeedStats stats() const;

  // Those that last, in order of age. O(n log n).
  std::vector<Ref<Subscriber>> Subscribers() const;

  // As `Subscription::Unsubscribe`.
  absl::Status Unsubscribe(Subscriber& subscriber, const Context& context);
  // Sets `ended`, of `subscriber`, and wakes who waits for that. If it has finished, it ends with `*reason`; null: it was stopped.
  void ConsumerEnded(Subscriber& subscriber, bool& ended, const absl::Status* reason, WakeList& wakes);

  // Ends the subscription with `reason`, if it lasts: true. Does not wait for its handler.
  bool EndByItself(Subscriber& subscriber, const absl::Status& reason);
  // Drops what is left for one that is no member any more, as `Unsubscribe` does, but does not wait for its handler.
  void StopSoon(Subscriber& subscriber);
  // The same because its executor was shut down, with the `reason` that this gives. True if it was about to finish, and so is to end
  // with that when its consumer has.
  bool EndAbandoned(Subscriber& subscriber, absl::Status& reason);
  // Sends nothing more to it; it ends without a reason once it has handled what it was given. True if it lasted.
  bool Finish(Subscriber& subscriber);

  // As `Broadcast::Leave` says.
  void LeaveCommon(BroadcastReader& reader, bool finish, WakeList& wakes) { common_.Leave(reader, finish, wakes); }
  // The largest capacity that the broadcast has room for. Never becomes less.
  size_t CommonCapacity() const { return common_.capacity(); }
  uint64_t CommonHead() const { return common_.head(); }

  // How many values the channel of `subscriber` has taken, without what the send in progress waits for.
  uint64_t CountTaken(const ChannelSubscriber& subscriber) const;

  // How many values wait for `reader`.
  size_t CountWaiting(const BroadcastReader& reader) const;

  // That the `part` of `subscriber` threw `what`, which may be empty. Throws nothing.
  absl::Status ThrewError(absl::string_view part, const Subscriber& subscriber, absl::string_view what) const;

  // How many sends have begun: in what a send calls, the number of that send.
  uint64_t CountSends() const;

  // How many sends wait for their turn. O(n): for tests and reports.
  size_t CountWaitingSends() const { return turn_.CountWaiting(); }

 private:
  friend class Subscriber;
  class Sending;

  struct Slot {
    Subscriber* subscriber;  // Owns one reference.
    Subscriber::Way way;
    bool picky;  // As it says of itself.
  };
  using Members = List<Subscriber, MembershipTag>;
  using Endings = List<Subscriber, EndingTag>;

  ~FeedCore() override;

  // Fixes the element type if this is the first to name one; `kInvalidArgument`, naming both, if it is another one.
  absl::Status CheckElement(const Element& element) {
    // Relaxed: elements are constants, there is nothing to publish.
    return element_.load(std::memory_order_relaxed) == &element ? absl::OkStatus() : CheckElementSlow(element);
  }
  // The same where it is not known to be that.
  absl::Status CheckElementSlow(const Element& element);

  // Makes `subscriber` a member, or says why not; first it gets up to `replay` of the last values, and what is sent meanwhile.
  absl::StatusOr<Subscription> Join(const Element& element, Ref<Subscriber> subscriber, size_t replay);
  absl::Status CheckOpen(const Element& element) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);
  absl::Status JoinLocked(Subscriber& subscriber, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);
  absl::Status JoinAfterReplay(const Element& element, Subscriber& subscriber, size_t replay);
  // Gives it `events`; false if it has ended by that. Refused if that was its last value, and the feed has been closed.
  absl::StatusOr<bool> ReplayTo(const Element& element, Subscriber& subscriber, const KeptEvents& events);
  // The same of one with an executor, which must be stopped if it cannot join.
  template <typename ConsumingSubscriber>
  absl::StatusOr<Subscription> Begin(const Element& element, Ref<ConsumingSubscriber> subscriber, size_t replay);

  absl::Status TakeTurn(const Context& context, Waiting waiting);

  // Calls `visit` with every member, which it leaves one.
  template <typename Visit>
  void VisitMembersLocked(Visit visit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);
  // The same with one that ends the membership of each.
  template <typename Remove>
  void RemoveMembersLocked(Remove remove) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);

  // Ends the membership of `subscriber` as F3 and F4 say; what that wakes goes on `wakes`. If a reference is to be
  // dropped, it goes to `dropped`. False if it was no member.
  bool RemoveLocked(Subscriber& subscriber, WakeList& wakes, Ref<Subscriber>& dropped)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);
  // Takes the subscriber's slot out, if it has one, and returns the reference that the feed owned. O(1).
  Ref<Subscriber> TakeOutLocked(Subscriber& subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);
  // A send that waits for its turn because the one before it runs user code that does not return.
  class SlowTurn;
  // The stall of which it is the reason; about nobody if no call is in progress.
  StallReport DescribeCall(absl::Duration waited);
  StallReport StartReport(StallReport::Cause cause, absl::Duration waited) const;

  // Of all that ever were members.
  LostValues CountLostLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);

  // Has the next send reach `subscriber`: by a slot or by the broadcast. Throws `std::bad_alloc`, and then did nothing.
  void AdmitLocked(Subscriber& subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);

  void Unsubscribe(Subscriber& subscriber);
  // Blocks while another thread's send runs user code of `subscriber`, or, if null, of any (F5).
  void AwaitUserCode(const Subscriber* subscriber);
  // Enlists `waiter` for the end of that call: false, and nothing happened, if there is none.
  bool EnlistForCall(const Subscriber* subscriber, Waiter& waiter);

  // Whether the calling thread is the sender in progress, in a filter or a copy.
  bool IsSending() const { return sender_.load(std::memory_order_relaxed) == ThisThread(); }

  std::string Describe(absl::string_view what) const;

  // What follows when some have joined or left, with no lock held.
  void AfterChange() {
    if (observer_) observer_->AfterChange();
  }

  // Has `subscriber` begin to drain under `record`, before it leaves.
  void BeginDrainLocked(Subscriber& subscriber, Ref<DrainRecord> record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_, endings_);
  // The record of one that has none.
  Ref<DrainRecord> MakeRecord(const Subscriber& subscriber) const;
  void FillIn(const DrainRecord& record, DrainEntry& entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(endings_);
  // What `subscriber` drains of is as it will stay.
  void SettleLocked(Subscriber& subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(endings_);
  // Says that it has ended, with no lock held.
  void TellEnd(Subscriber& subscriber, const absl::Status& reason, WakeList& wakes);
  // Takes the first out of a list of those that end, each with a reference. Null if there is none.
  Ref<Subscriber> PopEnding(Endings& list);
  // Keeps the end of the feed from being told before the ends of those that the scope ends (F9).
  class Telling {
   public:
    explicit Telling(FeedCore& feed);
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;
    ~Telling();

   private:
    FeedCore& feed_;
  };
  // It does not wait for readers of its channel any more, if it did; and what they have not taken is handed back. `until`, and what is
  // returned, as `Subscriber::HandBackLeftWithin` says; without it, waits however long that takes.
  bool GiveUpReadersWithin(Subscriber& subscriber, const Context* until);
  void GiveUpReaders(Subscriber& subscriber);
  // There are no members any more, and will be none.
  void EndWhenNothingRuns();
  // The ends of `told` have been told. Tells the end of the feed, if that was the last (F9).
  void LookForEnd(WakeList& wakes, size_t told = 0);
  // Stops what is alive though it has left, and ends it with `reason`.
  void StopAlive(const absl::Status& reason);
  // A call of the sender has ended, and none is in progress: tells those who wait for that. That of `not_called` has not begun.
  void CallHasEnded(const Subscriber* not_called);

  // What is waited for in `UserCodeEnd`: the end of what runs of `subscriber`, or before that, that it is `done` so far. `by_sender`: in
  // the sending thread, which does not wait for what it runs itself.
  struct Awaited {
    const Subscriber* subscriber;
    uint64_t done = std::numeric_limits<uint64_t>::max();
    bool by_sender = false;
  };
  // One of those for whom a flush waits.
  struct FlushTarget;
  struct FlushTargets;
  // Adds what `subscriber` has yet to handle, if anything.
  void AddTarget(Subscriber& subscriber, FlushTargets& flush) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);
  absl::Status AwaitTargets(const FlushTargets& targets, const Context& context);
  absl::Status RefuseFlush() const;

  // Of the senders.
  class SendTurn final : public Turn {
   public:
    explicit SendTurn(const FeedCore& feed) : feed_(feed) {}
    void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override {
      feed_.DescribeAs("turn to send to feed", thing);
    }

   private:
    const FeedCore& feed_;
  };
  // Says for people that `what` of this feed is waited for.
  void DescribeAs(const char* what, WaitedFor& thing) const;

  // Complete, for an arm whose `value` is an `Awaited`, when that is so. The subscriber is no member any more, but for flushes.
  class UserCodeEnd final : public Selectable {
   public:
    explicit UserCodeEnd(const FeedCore& feed) : feed_(feed) {}

    // Something has ended: wakes those for whom that was all.
    void Changed(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

    bool TryComplete(Waiter& arm, WakeList&) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { waiting_.PushBack(arm); }
    void DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const override;

   private:
    bool IsSo(const Waiter& arm) const;

    const FeedCore& feed_;
    WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
  };

  const Label label_;
  Ref<FeedObserver> observer_;  // Null if there is none. Set before the feed is known.
  SendTurn turn_{*this};
  UserCodeEnd user_code_end_{*this};
  Atomic<bool> held_;  // `turn_` is, by nobody. Relaxed: who gets the turn is ordered by that.

  // Set once.
  Atomic<const Element*> element_;

  mutable Mutex membership_;  // Channels' mutexes may be taken under it. User code may not run under it.
  bool closed_ ABSL_GUARDED_BY(membership_) = false;   // Or draining.
  bool stopped_ ABSL_GUARDED_BY(membership_) = false;  // `Close` was called.
  bool sending_ ABSL_GUARDED_BY(membership_) = false;
  uint64_t send_number_ ABSL_GUARDED_BY(membership_) = 0;
  std::vector<Slot> slots_ ABSL_GUARDED_BY(membership_);  // But for F1.
  // Each subscriber has a slot or is in one of the first two, and the feed owns one reference.
  Members inbox_ ABSL_GUARDED_BY(membership_);
  Members in_common_ ABSL_GUARDED_BY(membership_);
  Members removed_ ABSL_GUARDED_BY(membership_);          // They go when the send is over.
  LostValues lost_to_gone_ ABSL_GUARDED_BY(membership_);  // To those that have been taken out.
  WaitQueue call_ended_ ABSL_GUARDED_BY(membership_);
  const std::unique_ptr<History> history_ ABSL_PT_GUARDED_BY(membership_);  // Null if none is kept.
  Atomic<size_t> member_count_{0};                                          // Written under `membership_`.

  Atomic<Subscriber*> calling_{nullptr};  // Written by who has the turn.
  // Those in `call_ended_`, `user_code_end_` or `called_`, or about to be, and the feed itself once it is to end.
  Atomic<uint32_t> call_waiters_{0};

  // Rank: below `membership_`. Mutexes of channels, of broadcasts and of queues may be taken under it.
  mutable Mutex endings_ ABSL_ACQUIRED_AFTER(membership_);
  Endings alive_ ABSL_GUARDED_BY(endings_);        // F9
  Endings called_ ABSL_GUARDED_BY(endings_);       // Those that end with a call of theirs (F8). Each with a reference.
  Endings closing_ ABSL_GUARDED_BY(endings_);      // Those without a consumer, between the halves of `Close`. The same.
  size_t telling_ ABSL_GUARDED_BY(endings_) = 0;   // Those that have ended, and are just being told to have.
  size_t replays_ ABSL_GUARDED_BY(endings_) = 0;   // In progress.
  bool ending_ ABSL_GUARDED_BY(endings_) = false;  // There are no members any more, and will be none.
  std::vector<Ref<DrainRecord>> drained_ ABSL_GUARDED_BY(endings_);
  uint64_t dropped_ ABSL_GUARDED_BY(endings_) = 0;  // Values that `Close` left of those that did not drain.
  EventCalled<"end of feed"> end_;

  // The thread that has the turn. Relaxed: a thread asks only whether it is itself, and its own writes it sees.
  Atomic<ThreadIdentity> sender_{nullptr};

  Broadcast common_;  // Of the handlers with an executor that take every value.

  // Belong to who has the turn.
  Statistic slow_sends_;
  Statistic blocked_;  // In nanoseconds.
  DeliveryArena arena_;
  std::vector<BroadcastReader*> slow_;
};

template <typename Visit>
void FeedCore::VisitMembersLocked(Visit visit) {
  inbox_.ForEach(visit);
  in_common_.ForEach(visit);
  for (const Slot& slot : slots_) {
    if (slot.subscriber->member.load(std::memory_order_relaxed)) visit(*slot.subscriber);
  }
}

template <typename Remove>
void FeedCore::RemoveMembersLocked(Remove remove) {
  while (Subscriber* subscriber = inbox_.front()) remove(*subscriber);
  while (Subscriber* subscriber = in_common_.front()) remove(*subscriber);
  // Backwards: taking out the last slot moves no other.
  for (size_t i = slots_.size(); i > 0; --i) {
    Subscriber& subscriber = *slots_[i - 1].subscriber;
    if (subscriber.member.load(std::memory_order_relaxed)) remove(subscriber);
  }
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_FEED_CORE_H_
