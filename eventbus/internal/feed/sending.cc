#include "eventbus/internal/feed/sending.h"

#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "eventbus/internal/feed/executor_subscriber.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/waiting/spin_backoff.h"

namespace eventbus::internal {

// The sender's place in the queue of its context.
class FeedCore::Sending::Interruption final : public SoleOperation {
 public:
  Interruption(ContextState* context, Parker& parker) : context_(context), parker_(parker) {
    waiter_.operation = this;
    if (context_ == nullptr) return;
    WakeList none;
    MutexLock lock(&context_->mutex);
    if (context_->TryComplete(waiter_, none)) {
      until_ = Instant::Past();
    } else {
      context_->Enlist(waiter_);
      enlisted_ = true;
      until_ = context_->ReadyAt(waiter_);
    }
  }

  ~Interruption() {
    if (!enlisted_) return;
    {
      MutexLock lock(&context_->mutex);
      if (waiter_.linked()) {
        waiter_.Unlink();
        return;
      }
    }
    parker_.Park(kInterrupted, Instant::Never());  // Taken out by who ends the context, and about to be woken.
  }

  Instant until() const { return until_; }

  void Wake(Waiter&, ReadyWork&) override { parker_.Unpark(kInterrupted); }

 private:
  ContextState* const context_;
  Parker& parker_;
  Waiter waiter_;
  bool enlisted_ = false;
  Instant until_ = Instant::Never();
};

FeedCore::Sending::Sending(FeedCore& feed, const Element& element, const void* value, Waiting waiting,
                           SendResult& result)
    : feed_(feed), element_(element), value_(value), waiting_(waiting), result_(result) {
  feed_.sender_.store(ThisThread(), std::memory_order_relaxed);
}

FeedCore::Sending::~Sending() {
  EndCalls();  // A copy may have thrown.
  LookAgain();
  wakes_.WakeAll();
  if (!settled_) Withdraw();
  feed_.arena_.DestroyValues(element_);
  feed_.arena_.Clear();
  if (begun_) {
    Members dropped;
    {
      MutexLock lock(&feed_.membership_);
      feed_.sending_ = false;
      while (Subscriber* removed = feed_.removed_.PopFront()) {
        dropped.PushBack(*feed_.TakeOutLocked(*removed).Release());
      }
    }
    while (Subscriber* subscriber = dropped.PopFront()) subscriber->DropRef();
  }
  feed_.sender_.store(nullptr, std::memory_order_relaxed);
  feed_.turn_.Release();
}

void FeedCore::Sending::Run(const Context& context) {
  if (!Begin()) return;
  Walk();
  const bool served = AwaitDeliveries(context);
  Tally();
  if (!served) {
    result_.status = context.status();
  } else if (!result_.missed.empty()) {
    result_.status = absl::Status(absl::StatusCode::kResourceExhausted, "");
  } else if (cut_short_ && feed_.closed()) {
    result_.status = absl::Status(absl::StatusCode::kFailedPrecondition, "");
  }
}

bool FeedCore::Sending::Begin() {
  MutexLock lock(&feed_.membership_);
  if (feed_.closed_) {
    result_.status = absl::Status(absl::StatusCode::kFailedPrecondition, "");
    return false;
  }
  while (Subscriber* subscriber = feed_.inbox_.front()) feed_.AdmitLocked(*subscriber);  // Takes it out, or throws.
  feed_.sending_ = begun_ = true;
  number_ = ++feed_.send_number_;
  slots_ = feed_.slots_;
  return true;
}

void FeedCore::Sending::Walk() {
  if (feed_.common_.HasReaders()) OfferToCommon();
  constexpr size_t kWakeEvery = 32;  // One delivery should not wait for the rest of a long walk.
  size_t unwoken = 0;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    PrefetchAfter(i);
    Subscriber& subscriber = *slot.subscriber;
    if (slot.has_filter && !PassesFilter(subscriber)) continue;
    if (slot.way == Subscriber::Way::kCall) {
      i = CallHandlers(i);
      continue;
    }
    EndCalls();
    Delivery& delivery = feed_.arena_.Next(element_);
    const Offer offer = slot.way == Subscriber::Way::kChannel
                            ? OfferTo(static_cast<ChannelSubscriber&>(subscriber), delivery)
                            : OfferTo(static_cast<ExecutorSubscriber&>(subscriber), delivery);
    switch (offer) {
      case Offer::kTaken:
        ++result_.delivered;
        break;
      case Offer::kWaits:
        feed_.arena_.Use();
        break;
      case Offer::kFull:
        AddMissed(subscriber);
        break;
      case Offer::kClosed:
        wakes_.WakeAll();  // Who hears of the end may run here, and wait for one of these.
        EndOfClosedChannel(subscriber);
        break;
      case Offer::kGone:
        cut_short_ = true;
        break;
    }
    if (++unwoken == kWakeEvery) {
      wakes_.WakeAll();
      unwoken = 0;
    }
  }
  EndCalls();
  LookAgain();
  wakes_.WakeAll();
}

void FeedCore::Sending::PrefetchAfter(size_t i) const {
  // What comes soon is fetched; what it points to, once that has come.
  constexpr size_t kSoon = 8;
  constexpr size_t kNext = 4;
  if (i + kSoon < slots_.size()) slots_[i + kSoon].subscriber->Prefetch();
  if (i + kNext < slots_.size() && slots_[i + kNext].way == Subscriber::Way::kChannel) {
    static_cast<ChannelSubscriber*>(slots_[i + kNext].subscriber)->PrefetchChannel();
  }
}

void FeedCore::Sending::OfferToCommon() {
  Broadcast& common = feed_.common_;
  std::vector<BroadcastReader*>& slow = feed_.slow_;
  common.FindSlow(slow);
  void* const value = common.NextSlot();
  element_.copy(value, value_);
  absl::Cleanup drop = [&] { element_.destroy(value); };
  for (BroadcastReader* reader : slow) {
    auto& subscriber = static_cast<ExecutorSubscriber&>(*reader);
    if (waiting_ == Waiting::kAllowed) {
      if (Await(subscriber, feed_.arena_.Next(element_), nullptr, common.head())) feed_.arena_.Use();
    } else if (Detach(subscriber, common.head(), /*waits=*/false)) {
      AddMissed(subscriber);
    }
  }
  if (waiting_ == Waiting::kRefused) slow.clear();
  published_ = common.Publish(slow, wakes_, result_.delivered) == Outcome::kDone;
  if (published_) {
    std::move(drop).Cancel();
  } else if (result_.missed.empty()) {
    cut_short_ = true;  // They have left since the send began.
  }
  wakes_.WakeAll();
}

void* FeedCore::Sending::Stage(Delivery& delivery) {
  if (element_.trivial) return const_cast<void*>(value_);  // Moving a trivial value only reads it.
  if (!delivery.holds_value) {  // Else the copy that the subscriber before this one did not take.
    element_.copy(delivery.memory, value_);
    delivery.holds_value = true;
  }
  return delivery.memory;
}

FeedCore::Sending::Offer FeedCore::Sending::OfferTo(ChannelSubscriber& subscriber, Delivery& delivery) {
  void* const value = Stage(delivery);
  {
    MutexLock lock(&subscriber.channel->mutex);
    if (!subscriber.receiving) return Offer::kGone;
    const Outcome outcome = subscriber.channel->TrySendLocked(value, wakes_);
    if (outcome == Outcome::kClosed) return Offer::kClosed;
    if (outcome == Outcome::kNotReady) {
      if (waiting_ == Waiting::kRefused) return Offer::kFull;
      Prepare(delivery, subscriber, value);
      subscriber.channel->Enlist(delivery);
      subscriber.delivery = &delivery;
      subscriber.waits_in_send = number_;
      return Offer::kWaits;
    }
  }
  DropShell(delivery);
  return Offer::kTaken;
}

FeedCore::Sending::Offer FeedCore::Sending::OfferTo(ExecutorSubscriber& subscriber, Delivery& delivery) {
  void* const value = Stage(delivery);
  Broadcast& own = *subscriber.own();
  bool taken = false;
  {
    MutexLock lock(&own.mutex);
    if (subscriber.has_left()) return Offer::kGone;
    if (!subscriber.HasRoomFor(own.head())) {
      if (waiting_ == Waiting::kRefused) return Offer::kFull;
    } else {
      own.Append(value, wakes_);
      taken = true;
    }
  }
  if (!taken) return Await(subscriber, delivery, value, own.head()) ? Offer::kWaits : Offer::kGone;
  DropShell(delivery);
  return Offer::kTaken;
}

void FeedCore::Sending::DropShell(Delivery& delivery) {
  if (!std::exchange(delivery.holds_value, false)) return;
  element_.destroy(delivery.memory);
}

bool FeedCore::Sending::Await(ExecutorSubscriber& subscriber, Delivery& delivery, void* value, uint64_t position) {
  Prepare(delivery, subscriber, value);
  delivery.to_reader = readers_wait_ = true;
  if (subscriber.Await(delivery, position)) return true;
  --enlisted_;
  return false;
}

void FeedCore::Sending::LookAgain() {
  if (!std::exchange(readers_wait_, false)) return;
  AsymmetricFence::Heavy();
  for (size_t i = 0; i < feed_.arena_.used(); ++i) {
    Delivery& delivery = feed_.arena_[i];
    if (!delivery.to_reader) continue;
    auto& reader = static_cast<ExecutorSubscriber&>(*delivery.subscriber);
    Broadcast* const own = delivery.value != nullptr ? reader.own() : nullptr;
    if (own == nullptr && !published_) continue;  // All have left, or the send has failed.
    const uint64_t position = own != nullptr ? own->head() : feed_.common_.head() - 1;
    if (!reader.HasRoomFor(position) || reader.Claim() == nullptr) continue;
    --enlisted_;
    delivery.outcome = Outcome::kDone;
    if (own == nullptr) continue;
    MutexLock lock(&own->mutex);
    if (reader.has_left()) {
      delivery.outcome = Outcome::kWithdrawn;
      SetNotAllDone();
    } else {
      own->Append(delivery.value, wakes_);
    }
  }
}

bool FeedCore::Sending::TakeBack(Delivery& delivery) {
  if (!delivery.to_reader) {
    MutexLock lock(&static_cast<ChannelSubscriber&>(*delivery.subscriber).channel->mutex);
    if (!delivery.linked()) return false;
    delivery.Unlink();
    return true;
  }
  auto& reader = static_cast<ExecutorSubscriber&>(*delivery.subscriber);
  if (delivery.value != nullptr || !published_) return reader.Claim() != nullptr;
  const uint64_t missed = feed_.common_.head() - 1;
  if (!Detach(reader, missed, /*waits=*/true)) return false;
  feed_.common_.PassFor(missed);
  return true;
}

bool FeedCore::Sending::Detach(ExecutorSubscriber& subscriber, uint64_t missed, bool waits) {
  std::unique_ptr<Broadcast> own;
  try {
    own = subscriber.MakeOwn(element_, missed);
  } catch (const std::bad_alloc&) {  // It ends.
  }
  const bool ends = own == nullptr;
  {
    MutexLock lock(&feed_.membership_);
    // Who removed it has claimed what waited.
    if (!subscriber.member.load(std::memory_order_relaxed)) return false;
    if (!feed_.common_.Detach(subscriber, missed, waits, own, wakes_)) return false;
    if (!ends) {
      subscriber.UnlinkIfLinked();
      feed_.inbox_.PushBack(subscriber);  // F7
    }
  }
  if (ends) {
    wakes_.WakeAll();  // Who hears of the end may stop one of these, and wait for this thread.
    EndByItself(subscriber, SafeStatus(absl::StatusCode::kResourceExhausted, [&] {
                  return feed_.Describe("no memory for a queue of a handler that has missed a value");
                }));
  }
  return true;
}

void FeedCore::Sending::Prepare(Delivery& delivery, Subscriber& subscriber, void* value) {
  ++enlisted_;
  settled_ = false;
  delivery.subscriber = &subscriber;
  delivery.to_reader = false;
  delivery.operation = this;
  delivery.role = Role::kSend;
  delivery.value = value;
  delivery.outcome = Outcome::kNotReady;
}

void FeedCore::Sending::WakeBeforeACall() {
  EndCalls();
  wakes_.WakeAll();
}

void FeedCore::Sending::EndCalls() {
  if (!std::exchange(calls_, false)) return;
  if (AsymmetricFence::StoreThenLoad(feed_.calling_, nullptr, feed_.call_waiters_) != 0) WakeCallWaiters();
}

void FeedCore::Sending::WakeCallWaiters() {
  WakeList ended;
  MutexLock lock(&feed_.membership_);
  feed_.call_ended_.ClaimAll(Outcome::kDone, ended);
}

bool FeedCore::Sending::PassesFilter(Subscriber& subscriber) {
  if (!BeginCall(subscriber)) return false;
  bool passes = false;
  const absl::Status filtered =
      StatusOfCall([&] { passes = (*subscriber.filter)(value_); },
                   [&](absl::string_view what) { return feed_.ThrewError("filter", subscriber, what); });
  // One bad filter costs its own subscription, not the others' value.
  if (!filtered.ok()) EndByItself(subscriber, filtered);
  return passes;
}

size_t FeedCore::Sending::CallHandlers(size_t i) {
  absl::Status reason;
  while (true) {
    auto& subscriber = static_cast<HandlerSubscriber&>(*slots_[i].subscriber);
    if (BeginCall(subscriber)) {
      ++result_.delivered;
      if (!subscriber.Handle(value_, reason)) EndByItself(subscriber, std::exchange(reason, absl::OkStatus()));
    }
    if (i + 1 == slots_.size() || slots_[i + 1].way != Subscriber::Way::kCall || slots_[i + 1].has_filter) return i;
    ++i;
    PrefetchAfter(i);
  }
}

bool FeedCore::Sending::AwaitDeliveries(const Context& context) {
  if (settled_) return true;
  if (CountDown(TakeOwnShare())) {
    settled_ = true;
    return true;
  }
  StayAwakeWhileTheyAreTaken();
  Parker::Tokens woken = 0;
  {
    Interruption interruption(ContextAccess::state(context), parker_);
    woken = parker_.Park(kServed | kInterrupted, interruption.until());
  }
  if (woken & kServed) {
    settled_ = true;
    return true;
  }
  return Withdraw();
}

void FeedCore::Sending::StayAwakeWhileTheyAreTaken() const {
  SpinBackoff backoff;
  // Relaxed: only to see it change.
  size_t seen = pending_.load(std::memory_order_relaxed);
  while (seen != 0 && backoff.Pause()) {
    const size_t now = pending_.load(std::memory_order_relaxed);
    if (std::exchange(seen, now) != now) backoff = SpinBackoff();
  }
}

bool FeedCore::Sending::Withdraw() {
  size_t withdrawn = 0;
  for (size_t i = 0; i < feed_.arena_.used(); ++i) {
    if (TakeBack(feed_.arena_[i])) ++withdrawn;
  }
  if (withdrawn > 0) SetNotAllDone();
  const size_t mine = withdrawn + TakeOwnShare();
  // Whoever counts to zero leaves the token; if that is not this thread, the token is or will be there, and its waker
  // has to be waited for.
  if (mine == 0 || !CountDown(mine)) parker_.Park(kServed, Instant::Never());
  settled_ = true;
  wakes_.WakeAll();
  return withdrawn == 0;
}

void FeedCore::Sending::Tally() {
  // Relaxed: ordered by the count.
  if (all_done_.load(std::memory_order_relaxed)) {
    result_.delivered += feed_.arena_.used();
    return;
  }
  for (size_t i = 0; i < feed_.arena_.used(); ++i) {
    const Delivery& delivery = feed_.arena_[i];
    switch (delivery.outcome) {
      case Outcome::kDone:
        ++result_.delivered;
        break;
      case Outcome::kClosed:
        EndOfClosedChannel(*delivery.subscriber);
        break;
      case Outcome::kWithdrawn:
        cut_short_ = true;
        break;
      default:
        AddMissed(*delivery.subscriber);
        break;
    }
  }
}

void FeedCore::Sending::AddMissed(const Subscriber& subscriber) {
  result_.missed.push_back({.subscription = subscriber.id(), .name = subscriber.name()});
}

void FeedCore::Sending::EndOfClosedChannel(Subscriber& subscriber) {
  EndByItself(subscriber, absl::FailedPreconditionError(feed_.Describe(
                              absl::StrCat("the channel of subscription '", subscriber.name(), "' was closed"))));
}

void FeedCore::Sending::EndByItself(Subscriber& subscriber, const absl::Status& reason) {
  EndCalls();  // Who hears of the end may run here, and wait for a call.
  // Its slot is in use by this send, and keeps its reference (F4).
  if (feed_.EndByItself(subscriber, reason)) ++result_.disconnected;
}

}  // namespace eventbus::internal
