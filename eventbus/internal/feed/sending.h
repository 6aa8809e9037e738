// One send of a feed, from the moment it has the turn until it gives it up.

#ifndef EVENTBUS_INTERNAL_FEED_SENDING_H_
#define EVENTBUS_INTERNAL_FEED_SENDING_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/parker.h"
#include "eventbus/waiter_info.h"

namespace eventbus::internal {

class CalledSubscriber;
class ExecutorSubscriber;
class QueueSubscriber;

// The blocked operation that all deliveries without room belong to. Each delivery is claimed by taking it out of its
// queue; waking one counts it down. Its walk over the subscribers is in `sending.cc`, waiting for the slow ones in
// `sending_wait.cc`, what follows for each in `sending_outcome.cc`.
class FeedCore::Sending final : public SoleOperation {
 public:
  // The calling thread has the turn; destruction gives it up. `result` must outlive this.
  Sending(FeedCore& feed, const Element& element, const void* value, Waiting waiting, SendResult& result);
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;
  ~Sending();

  // Delivers the value to every subscriber, and fills in the result. What a copy of the value throws leaves here: those
  // before it have the value, those that wait for it are taken out.
  void Run(const Context& context);

  // Who has not taken the value. For who keeps this from going on, which is the sending thread while it is awake.
  std::vector<SlowSubscriber> NotTaken() const;

  void DescribeWait(WaiterInfo& info) const override;

  void Wake(Waiter& delivery, ReadyWork&) override {
    if (delivery.outcome != Outcome::kDone) SetNotAllDone();
    if (const uint64_t since = slept_since_.Get(); since != 0) CountBlocked(delivery, since);
    if (CountDown(1)) parker_.Unpark(kServed);
  }

 private:
  // Who may wake the sender.
  static constexpr Parker::Tokens kServed = 1;       // The last delivery.
  static constexpr Parker::Tokens kInterrupted = 2;  // The context.
  class Interruption;

  // What happened at one subscriber.
  enum class Offer {
    kTaken,
    kWaits,
    kFull,         // And the sender must not wait.
    kDropped,      // The policy gives the value up.
    kDisconnects,  // The policy gives the subscription up.
    kFailed,       // So does what its user's code threw, and the reason is in `failure_`.
    kClosed,
    kGone,
  };

  bool Begin();
  void Walk();
  // Has what a walk needs soon fetched, being at slot `i`.
  void PrefetchAfter(size_t i) const;
  // Writes the value once for all readers of the feed's broadcast.
  void OfferToCommon();
  Offer OfferTo(ChannelSubscriber& subscriber, Delivery& delivery);
  Offer OfferTo(ExecutorSubscriber& subscriber, Delivery& delivery);
  Offer OfferTo(QueueSubscriber& subscriber, Delivery& delivery);
  Offer OfferToSpecial(ChannelSubscriber& subscriber, Delivery& delivery);
  // `*value`, which is not for a policy. `kFull` if the sender must not wait.
  Offer OfferLocked(ChannelSubscriber& subscriber, Delivery& delivery, void* value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(subscriber.channel->mutex);
  // The same to a channel that had no room for `*value`, and whose policy makes some.
  Offer MakeRoom(ChannelSubscriber& subscriber, void* value);
  // Does what follows from `offer`.
  void Account(Offer offer, Subscriber& subscriber);
  void AccountForOther(Offer offer, Subscriber& subscriber);
  // Says that a filter or handler of `subscriber` is about to run (F5), and that the one before it has ended. False if the
  // subscriber has left, and nothing of it must run.
  bool BeginCall(Subscriber& subscriber) {
    PrepareToCall();
    return BeginPreparedCall<AsymmetricFence>(subscriber, subscriber.member);
  }
  // Before one call or several, which may take their time: serves those that have room by now, and wakes those that were served.
  void PrepareToCall() {
    if (readers_wait_ || !wakes_.empty()) WakeThoseServed();
    calls_ = true;
  }
  void WakeThoseServed();
  // `BeginCall`, where there is nobody to serve or to wake. `member` is that of `subscriber`, or says the same. `Fence` is
  // `AsymmetricFence` or what that chooses.
  template <typename Fence>
  bool BeginPreparedCall(Subscriber& subscriber, const Atomic<bool>& member) {
    // With this the call before it, if any, has ended.
    if (Fence::StoreThenLoad(feed_.calling_, &subscriber, feed_.call_waiters_) != 0) [[unlikely]] {
      return BeginCallBesideWaiters(subscriber);
    }
    // Sequentially consistent for the case without the fence.
    if (member.load(std::memory_order_seq_cst)) [[likely]] {
      return true;
    }
    NoteNotCalled(subscriber);
    return false;
  }
  // Whether such a call has begun and not ended.
  bool IsInCallOf(const Subscriber& subscriber) const {
    // Relaxed: its own write.
    return calls_ && feed_.calling_.load(std::memory_order_relaxed) == &subscriber;
  }
  // The same where somebody waits for the call before it: says that none runs, and then begins anew.
  bool BeginCallBesideWaiters(Subscriber& subscriber);
  void NoteNotCalled(Subscriber& subscriber) { cut_short_ = subscriber.was_not_called = true; }
  // Says that none runs: before anything that may take its time, or that waits.
  void EndCalls() {
    if (calls_) EndTheCalls();
  }
  void EndTheCalls();
  bool PassesFilter(Subscriber& subscriber);
  // Whether it was called. To be prepared; it then still is.
  template <typename Fence>
  bool CallHandler(CalledSubscriber& subscriber);
  void CallPickyHandler(CalledSubscriber& subscriber);
  // Calls the handler at slot `i`, and those that follow it. Returns the last.
  size_t CallHandlers(size_t i);
  template <typename Fence>
  size_t CallHandlersBy(size_t i);

  // Makes `delivery` one that counts.
  void Prepare(Delivery& delivery, Subscriber& subscriber, void* value);
  // Has it wait for room in what `subscriber` reads, for the value at `position`. False if that has left.
  bool Await(ExecutorSubscriber& subscriber, Delivery& delivery, void* value, uint64_t position);
  // The second look that those who wait so need (B3 in `broadcast.h`), if there are any. Before they are taken out too: who has
  // room has the value, and must not be told that it has missed it (B5).
  void LookAgain();
  // As `Broadcast::Detach` says; `subscriber` goes on with a broadcast of its own, or ends if there is no memory for that. False
  // if it has left, or `waits` and has been claimed.
  bool Detach(ExecutorSubscriber& subscriber, uint64_t missed, bool waits);
  // Claims `delivery`, so that it did not happen. False if someone else has claimed it.
  bool TakeBack(Delivery& delivery);

  // Blocks until every enlisted delivery is over: true. Or until `context` is done and those that were left are taken
  // out: false.
  bool AwaitDeliveries(const Context& context);
  // Waits awake for as long as one delivery after the other is taken: sleeping and being woken costs as much as many of them.
  void StayAwakeWhileTheyAreTaken() const;
  // Sleeps until the last delivery or the context wakes it, or it is `until`, and reports meanwhile that it does. Which it was.
  Parker::Tokens Sleep(Instant until);
  // Takes out what is still enlisted and waits for what a receiver has taken and not yet counted down. True if there
  // was nothing to take out.
  bool Withdraw();
  // What the sender itself has to count down, if it has not yet.
  size_t TakeOwnShare() { return std::exchange(counts_itself_, false) ? kNotYetWaiting - enlisted_ : 0; }
  // Counts `n` deliveries, or the sender's share, down. True if that made it zero.
  bool CountDown(size_t n) {
    // Release, so that the outcome and the moved-from value are visible to the sender; acquire, so that who counts to
    // zero passes on what the others released.
    return pending_.fetch_sub(n, std::memory_order_acq_rel) == n;
  }

  // The wait of `delivery` is over, for which this has slept.
  static void CountBlocked(const Waiter& delivery, uint64_t since);

  void SetNotAllDone() { all_done_.store(false, std::memory_order_relaxed); }
  // What is known of the value, for `subscriber`.
  EventInfo InfoFor(const Subscriber& subscriber) const { return {.sequence = number_, .lost = subscriber.untold}; }
  // Counts that it was told of what it has lost, and that it got a value.
  void CountDelivered(Subscriber& subscriber) {
    ++result_.delivered;
    if ((subscriber.untold | subscriber.left) == 0) return;
    subscriber.untold = 0;
    CountDownLimit(subscriber);
  }
  void CountDownLimit(Subscriber& subscriber) {
    if (subscriber.left != 0 && --subscriber.left == 0) Finish(subscriber);
  }
  // Its limit was reached.
  void Finish(Subscriber& subscriber);
  // This send gives up, and its value did not get to the subscriber: counts it, to be told with the next one.
  void LoseToSend(Subscriber& subscriber);
  // Its policy has given `*value` up.
  void LoseToOverflow(Subscriber& subscriber, const void* value);
  // Tells its hook that `*value` is lost.
  void TellLoss(Subscriber& subscriber, const void* value);
  // Says in the result that it has missed this send's value.
  void AddMissed(const Subscriber& subscriber);
  void Tally();
  // Has the subscriber count how `delivery` has ended.
  void Settle(const Delivery& delivery);
  // The same for those that are left when the send ends with an exception.
  void TallyRest();
  // Ends the subscription with `reason`, if it has not ended.
  void EndByItself(Subscriber& subscriber, const absl::Status& reason);
  void EndOfClosedChannel(Subscriber& subscriber);
  void Disconnect(Subscriber& subscriber);

  // The value to give away for `delivery`: of a trivial type the sender's own, of any other a copy in the delivery.
  void* Stage(Delivery& delivery);
  // The same for a channel of events: one in memory of the subscriber's.
  void* StageEvent(ChannelSubscriber& subscriber, Delivery& delivery);
  // Ends the life of what the move out of it has left.
  void DropShell(Delivery& delivery) {
    if (staged_) EndShell(delivery);
  }
  void EndShell(Delivery& delivery);
  // Ends the lives of all that is still staged.
  void DropStaged();

  FeedCore& feed_;
  const Element& element_;
  const void* const value_;
  EventInfo info_;  // For who has lost nothing.
  const Waiting waiting_;
  SendResult& result_;

  absl::Span<const Slot> slots_;
  uint64_t number_ = 0;
  bool begun_ = false;
  bool cut_short_ = false;  // A subscriber left before it had the value.
  bool calls_ = false;      // `calling_` may say something.
  bool published_ = false;  // In the feed's broadcast.
  bool refused_ = false;    // Someone had no room, and the sender must not wait or does not wait any more.
  bool readers_wait_ = false;
  bool staged_ = false;  // Some delivery holds, or held, a value or an event.

  WakeList wakes_;
  absl::Status failure_;
  size_t enlisted_ = 0;
  bool counts_itself_ = true;
  bool settled_ = true;  // No delivery is enlisted or about to be counted down.
  size_t tallied_ = 0;   // How many deliveries have been counted, or are being.

  static constexpr size_t kNotYetWaiting = std::numeric_limits<size_t>::max() / 2;

  // What receivers write, on a line that the sender leaves alone until it waits.
  alignas(64) Atomic<size_t> pending_{kNotYetWaiting};  // F6
  Atomic<bool> all_done_{true};  // No delivery has ended in another way. Relaxed: ordered by `pending_`.
  Statistic slept_since_;        // 0 while it is awake. Who overlooks it has been quick.
  Parker parker_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_FEED_SENDING_H_
