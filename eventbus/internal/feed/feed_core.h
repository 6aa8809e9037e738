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
//       `calling_` and then looks at `member`; who removes does the reverse; so at least one sees the other
//       (`asymmetric_fence.h`). In the same way the sender clears `calling_` and then looks at `call_waiters_`.
//   F6. `pending` of the send in progress is the number of its deliveries that wait; until the sender itself waits, plus more
//       than there can be of them, so that the sender counts them by itself and nobody comes to zero before.
//   F7. A handler with an executor is in the feed's broadcast from when others get a slot. If it is detached from that, as
//       having missed a value, it goes to the inbox, and has a slot from the next send on.
//
// Who wakes whom: a receiver that takes from an enlisted delivery, a channel's `Close`, and `Remove` each count a
// delivery down; who counts to zero wakes the sender. A context wakes the sender, which then takes out what is still
// enlisted. The end of a turn wakes the next sender, the end of a filter or handler those who remove its subscriber.
//
// Origin: the documented behaviour of `Feed` in go-ethereum's event package. Its walk over the slow subscribers is
// quadratic; this one, with a waiter for each, is not.

#ifndef EVENTBUS_INTERNAL_FEED_FEED_CORE_H_
#define EVENTBUS_INTERNAL_FEED_FEED_CORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/context.h"
#include "eventbus/executor.h"
#include "eventbus/internal/feed/broadcast.h"
#include "eventbus/internal/feed/delivery_arena.h"
#include "eventbus/internal/feed/feed_observer.h"
#include "eventbus/internal/feed/handler_subscriber.h"
#include "eventbus/internal/feed/history.h"
#include "eventbus/internal/feed/subscriber.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/observing/statistic.h"
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

  // Refuses sends and subscriptions, ends all subscriptions with `reason`. True for the first call.
  bool Close(const absl::Status& reason);

  bool closed() const;

  // Relaxed: a count, not a synchronisation.
  size_t subscribers() const { return member_count_.load(std::memory_order_relaxed); }

  const std::string& name() const { return label_.name(); }

  FeedStats stats() const;

  // Those that last, in order of age. O(n log n).
  std::vector<Ref<Subscriber>> Subscribers() const;

  // As `Subscription::Unsubscribe`.
  absl::Status Unsubscribe(Subscriber& subscriber, const Context& context);
  // Sets `ended`, of a subscriber, and wakes who waits for that.
  void ConsumerEnded(bool& ended, WakeList& wakes);

  // Ends the subscription with `reason`, if it lasts: true. Does not wait for its handler.
  bool EndByItself(Subscriber& subscriber, const absl::Status& reason);
  // The same because its executor was shut down, even if it was about to finish.
  void EndAbandoned(Subscriber& subscriber);
  // Sends nothing more to it; it ends without a reason once it has handled what it was given. True if it lasted.
  bool Finish(Subscriber& subscriber);

  // As `Broadcast::Leave` says.
  void LeaveCommon(BroadcastReader& reader, bool finish, WakeList& wakes) { common_.Leave(reader, finish, wakes); }
  // The largest capacity that the broadcast has room for. Never becomes less.
  size_t CommonCapacity() const { return common_.capacity(); }

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

  ~FeedCore() override;

  // Fixes the element type if this is the first to name one; `kInvalidArgument`, naming both, if it is another one.
  absl::Status CheckElement(const Element& element);

  // Makes `subscriber` a member, or says why not; first it gets up to `replay` of the last values, and what is sent meanwhile.
  absl::StatusOr<Subscription> Join(const Element& element, Ref<Subscriber> subscriber, size_t replay);
  absl::Status CheckOpen(const Element& element) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);
  absl::Status JoinLocked(Subscriber& subscriber, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_);
  absl::Status JoinAfterReplay(const Element& element, Subscriber& subscriber, size_t replay);
  // Gives it `events`; false if it has ended by that.
  bool ReplayTo(Subscriber& subscriber, const KeptEvents& events);
  // The same of one with an executor, which must be stopped if it cannot join.
  template <typename ConsumingSubscriber>
  absl::StatusOr<Subscription> Begin(const Element& element, Ref<ConsumingSubscriber> subscriber, size_t replay);

  absl::Status TakeTurn(const Context& context, Waiting waiting);

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

  // Complete, for an arm whose `value` is a subscriber that is no member any more, when no user code of that runs.
  class UserCodeEnd final : public Selectable {
   public:
    explicit UserCodeEnd(const FeedCore& feed) : feed_(feed) {}

    // Something has ended: wakes those for whom that was all.
    void Changed(WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

    bool TryComplete(Waiter& arm, WakeList&) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
    void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { waiting_.PushBack(arm); }
    void DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const override;

   private:
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
  bool closed_ ABSL_GUARDED_BY(membership_) = false;
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
  Atomic<uint32_t> call_waiters_{0};      // Those in `call_ended_`, or about to be.

  // The thread that has the turn. Relaxed: a thread asks only whether it is itself, and its own writes it sees.
  Atomic<ThreadIdentity> sender_{nullptr};

  Broadcast common_;  // Of the handlers with an executor that take every value.

  // Belong to who has the turn.
  Statistic slow_sends_;
  Statistic blocked_;  // In nanoseconds.
  DeliveryArena arena_;
  std::vector<BroadcastReader*> slow_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_FEED_CORE_H_
