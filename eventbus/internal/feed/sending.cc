#include "eventbus/internal/feed/sending.h"

#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/cleanup/cleanup.h"
#include "eventbus/internal/feed/executor_subscriber.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"

namespace eventbus::internal {

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
  TallyRest();
  DropStaged();
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
  } else if (refused_) {
    result_.status = absl::Status(absl::StatusCode::kResourceExhausted, "");
  } else if (cut_short_ && feed_.closed()) {
    result_.status = absl::Status(absl::StatusCode::kFailedPrecondition, "");
  }
}

bool FeedCore::Sending::Begin() {
  KeptEvents too_old;
  Ref<KeptEvent> kept;
  if (feed_.history_) kept = MakeRef<KeptEvent>(element_, value_);
  MutexLock lock(&feed_.membership_);
  if (feed_.closed_) {
    result_.status = absl::Status(absl::StatusCode::kFailedPrecondition, "");
    return false;
  }
  while (Subscriber* subscriber = feed_.inbox_.front()) feed_.AdmitLocked(*subscriber);  // Takes it out, or throws.
  if (kept) {
    kept->info.sequence = feed_.send_number_ + 1;
    feed_.history_->Add(std::move(kept), too_old);
  }
  feed_.sending_ = begun_ = true;
  result_.sequence = info_.sequence = number_ = ++feed_.send_number_;
  slots_ = feed_.slots_;
  return true;
}

inline void FeedCore::Sending::Account(Offer offer, Subscriber& subscriber) {
  if (offer == Offer::kTaken) {
    CountDelivered(subscriber);
  } else if (offer == Offer::kWaits) {
    feed_.arena_.Use();
    // Someone has to look at it afterwards.
    if ((subscriber.untold | subscriber.left) != 0) SetNotAllDone();
  } else {
    AccountForOther(offer, subscriber);
  }
}

void FeedCore::Sending::Walk() {
  if (feed_.common_.HasReaders()) OfferToCommon();
  // One delivery should not wait for the rest of a long walk, but who is woken for each few may catch up and sleep again: so at
  // most for as much of it as came before.
  size_t wake_at = 32;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    PrefetchAfter(i);
    Subscriber& subscriber = *slot.subscriber;
    if (slot.picky && subscriber.filter != nullptr && !PassesFilter(subscriber)) continue;
    if (slot.way == Subscriber::Way::kCall) {
      i = CallHandlers(i);
      continue;
    }
    if (slot.way == Subscriber::Way::kPickyCall) {
      CallPickyHandler(static_cast<CalledSubscriber&>(subscriber));
      continue;
    }
    EndCalls();
    Delivery& delivery = feed_.arena_.Next(element_);
    switch (slot.way) {
      case Subscriber::Way::kChannel:
        Account(OfferTo(static_cast<ChannelSubscriber&>(subscriber), delivery), subscriber);
        break;
      case Subscriber::Way::kSpecialChannel:
        Account(OfferToSpecial(static_cast<ChannelSubscriber&>(subscriber), delivery), subscriber);
        break;
      case Subscriber::Way::kQueue:
        Account(OfferTo(static_cast<QueueSubscriber&>(subscriber), delivery), subscriber);
        break;
      default:
        Account(OfferTo(static_cast<ExecutorSubscriber&>(subscriber), delivery), subscriber);
        break;
    }
    if (i >= wake_at) {
      wakes_.WakeAll();
      wake_at = 2 * i;
    }
  }
  EndCalls();
  LookAgain();
  wakes_.WakeAll();
}

void FeedCore::Sending::AccountForOther(Offer offer, Subscriber& subscriber) {
  switch (offer) {
    case Offer::kFull:
      refused_ = true;
      LoseToSend(subscriber);
      AddMissed(subscriber);
      return;
    case Offer::kGone:
      cut_short_ = true;
      return;
    default:
      break;
  }
  wakes_.WakeAll();  // User code may run here from now on, and wait for one of these.
  switch (offer) {
    case Offer::kDropped:
      ++result_.dropped;
      ++subscriber.untold;
      LoseToOverflow(subscriber, value_);
      AddMissed(subscriber);
      break;
    case Offer::kDisconnects:
      Disconnect(subscriber);
      break;
    case Offer::kFailed:
      EndByItself(subscriber, std::exchange(failure_, absl::OkStatus()));
      break;
    default:
      EndOfClosedChannel(subscriber);
      break;
  }
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
      refused_ = true;
      LoseToSend(subscriber);
      AddMissed(subscriber);
    }
  }
  if (waiting_ == Waiting::kRefused) slow.clear();
  published_ = common.Publish(number_, slow, wakes_, result_.delivered) == Outcome::kDone;
  if (published_) {
    std::move(drop).Cancel();
  } else if (!refused_) {
    cut_short_ = true;  // They have left since the send began.
  }
  wakes_.WakeAll();
}

void* FeedCore::Sending::Stage(Delivery& delivery) {
  if (element_.trivial) return const_cast<void*>(value_);  // Moving a trivial value only reads it.
  if (!delivery.holds_value) {  // Else the copy that the subscriber before this one did not take.
    element_.copy(delivery.memory, value_);
    staged_ = delivery.holds_value = true;
  }
  return delivery.memory;
}

// A quarter of what a delivery to a channel with room costs would be this call.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline FeedCore::Sending::Offer FeedCore::Sending::OfferLocked(
    ChannelSubscriber& subscriber, Delivery& delivery, void* value) {
  if (!subscriber.receiving) return Offer::kGone;
  const Outcome outcome = subscriber.channel->TrySendLocked(value, wakes_);
  if (outcome == Outcome::kDone) {
    subscriber.CountTakenLocked();
    return Offer::kTaken;
  }
  if (outcome == Outcome::kClosed) return Offer::kClosed;
  if (waiting_ == Waiting::kRefused || subscriber.overflow != Overflow::kBlock) return Offer::kFull;
  Prepare(delivery, subscriber, value);
  subscriber.channel->Enlist(delivery);
  subscriber.WaitLocked(delivery, number_);
  return Offer::kWaits;
}

FeedCore::Sending::Offer FeedCore::Sending::OfferTo(ChannelSubscriber& subscriber, Delivery& delivery) {
  void* const value = Stage(delivery);
  {
    MutexLock lock(&subscriber.channel->mutex);
    const Offer offer = OfferLocked(subscriber, delivery, value);
    if (offer != Offer::kTaken) return offer;
  }
  DropShell(delivery);
  return Offer::kTaken;
}

FeedCore::Sending::Offer FeedCore::Sending::OfferToSpecial(ChannelSubscriber& subscriber, Delivery& delivery) {
  const bool is_event = subscriber.event != nullptr;
  void* const value = is_event ? StageEvent(subscriber, delivery) : Stage(delivery);
  Offer offer;
  {
    DeliveryHandle* const handle = subscriber.StagedHandle();
    MutexLock lock(&subscriber.channel->mutex);
    if (handle != nullptr) handle->Offer();
    absl::Cleanup take_back = [&] {  // Also if there is no memory for it.
      if (handle != nullptr) handle->TakeBack(wakes_);
    };
    offer = OfferLocked(subscriber, delivery, value);
    if (offer == Offer::kTaken || offer == Offer::kWaits) std::move(take_back).Cancel();
  }
  if (offer == Offer::kFull) {
    if (subscriber.overflow == Overflow::kDropNewest) offer = Offer::kDropped;
    if (subscriber.overflow == Overflow::kDisconnect) offer = Offer::kDisconnects;
    if (subscriber.evicts()) {
      // As for a queue.
      offer = subscriber.on_lost == nullptr || BeginCall(subscriber) ? MakeRoom(subscriber, value) : Offer::kGone;
      EndCalls();
    }
  }
  if (offer == Offer::kTaken || (is_event && offer != Offer::kWaits)) DropShell(delivery);
  return offer;
}

FeedCore::Sending::Offer FeedCore::Sending::MakeRoom(ChannelSubscriber& subscriber, void* value) {
  ChannelCore& channel = *subscriber.channel;
  const EventElement* const event = subscriber.event;
  // Others who send to the channel may take what comes free, but not for ever.
  size_t to_evict = channel.capacity();
  size_t least = subscriber.overflow == Overflow::kLatest ? to_evict : 1;
  while (true) {
    bool evicted = false;
    Outcome outcome = Outcome::kNotReady;
    {
      MutexLock lock(&subscriber.channel->mutex);
      if (!subscriber.receiving) return Offer::kGone;
      bool others_wait = false;
      evicted = subscriber.channel->EvictLocked(subscriber.evicted(), wakes_, [&](void* next) {
        if (event != nullptr) event->info(next).lost += event->info(subscriber.evicted()).lost + 1;
        others_wait = true;
      });
      if (!others_wait || least <= 1) {
        if (event != nullptr && evicted && !others_wait) {
          event->info(value).lost += event->info(subscriber.evicted()).lost + 1;
        }
        outcome = subscriber.channel->TrySendLocked(value, wakes_);
        if (outcome == Outcome::kDone) subscriber.CountTakenLocked();
      }
    }
    if (evicted) {
      const void* const lost = event != nullptr ? event->value(subscriber.evicted()) : subscriber.evicted();
      LoseToOverflow(subscriber, lost);
      channel.element().destroy(subscriber.evicted());
      if (least > 0) --least;
      --to_evict;
    }
    if (outcome == Outcome::kDone) return Offer::kTaken;
    if (outcome == Outcome::kClosed) return Offer::kClosed;
    if (to_evict == 0) return Offer::kDropped;
  }
}

FeedCore::Sending::Offer FeedCore::Sending::OfferTo(QueueSubscriber& subscriber, Delivery& delivery) {
  if (KeyIndex* const keys = subscriber.keys()) {
    if (!BeginCall(subscriber)) return Offer::kGone;
    failure_ = StatusOfCall([&] { keys->Prepare(value_); },
                            [&](absl::string_view what) { return feed_.ThrewError("key", subscriber, what); });
    EndCalls();
    if (!failure_.ok()) return Offer::kFailed;
  }
  // Begun before anything is taken out: what is lost to one that begins to drain is told too, before it ends.
  if (subscriber.on_lost != nullptr && !BeginCall(subscriber)) return Offer::kGone;
  const absl::Cleanup told = [this] { EndCalls(); };
  void* const value = Stage(delivery);
  while (true) {
    const OverflowQueue::Offered offered = subscriber.Offer(value, InfoFor(subscriber), wakes_);
    switch (offered) {
      case OverflowQueue::Offered::kFull:
        return subscriber.overflow() == Overflow::kDisconnect ? Offer::kDisconnects : Offer::kDropped;
      case OverflowQueue::Offered::kLeft:
        return Offer::kGone;
      case OverflowQueue::Offered::kTaken:
        DropShell(delivery);
        return Offer::kTaken;
      default:
        break;
    }
    LoseToOverflow(subscriber, subscriber.evicted());
    element_.destroy(subscriber.evicted());
    if (offered == OverflowQueue::Offered::kEvicted) continue;
    DropShell(delivery);
    return Offer::kTaken;
  }
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
      own.Append(value, InfoFor(subscriber), wakes_);
      taken = true;
    }
  }
  if (!taken) return Await(subscriber, delivery, value, own.head()) ? Offer::kWaits : Offer::kGone;
  DropShell(delivery);
  return Offer::kTaken;
}

void* FeedCore::Sending::StageEvent(ChannelSubscriber& subscriber, Delivery& delivery) {
  DropShell(delivery);  // Of a copy that the subscriber before this one did not take.
  delivery.subscriber = &subscriber;
  subscriber.event->make(subscriber.staged(), InfoFor(subscriber), value_, subscriber.acknowledgements);
  staged_ = delivery.holds_event = true;
  return subscriber.staged();
}

void FeedCore::Sending::DropStaged() {
  if (!staged_) return;
  feed_.arena_.ForEachUsedAndNext([this](Delivery& delivery) { DropShell(delivery); });
}

void FeedCore::Sending::EndShell(Delivery& delivery) {
  if (std::exchange(delivery.holds_event, false)) {
    auto& subscriber = static_cast<ChannelSubscriber&>(*delivery.subscriber);
    subscriber.channel->element().destroy(subscriber.staged());
  }
  if (std::exchange(delivery.holds_value, false)) element_.destroy(delivery.memory);
}

bool FeedCore::Sending::Await(ExecutorSubscriber& subscriber, Delivery& delivery, void* value, uint64_t position) {
  Prepare(delivery, subscriber, value);
  delivery.to_reader = readers_wait_ = true;
  if (subscriber.Await(delivery, InfoFor(subscriber), position)) return true;
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
      own->Append(delivery.value, reader.awaited_info(), wakes_);
    }
  }
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
  subscriber.waits.Add(1);
  delivery.subscriber = &subscriber;
  delivery.to_reader = false;
  delivery.operation = this;
  delivery.role = Role::kSend;
  delivery.value = value;
  delivery.outcome = Outcome::kNotReady;
}

void FeedCore::Sending::WakeThoseServed() {
  EndCalls();
  LookAgain();
  wakes_.WakeAll();
}

void FeedCore::Sending::EndTheCalls() {
  calls_ = false;
  if (AsymmetricFence::StoreThenLoad(feed_.calling_, nullptr, feed_.call_waiters_) != 0) {
    feed_.CallHasEnded(nullptr);
  }
}

bool FeedCore::Sending::BeginCallBesideWaiters(Subscriber& subscriber) {
  // Who hears of the end may run here, and wait for that of this call.
  feed_.calling_.store(nullptr, std::memory_order_seq_cst);
  feed_.CallHasEnded(&subscriber);
  const bool member = AsymmetricFence::StoreThenLoad(feed_.calling_, &subscriber, subscriber.member);
  if (!member) NoteNotCalled(subscriber);
  return member;
}

bool FeedCore::Sending::PassesFilter(Subscriber& subscriber) {
  if (!BeginCall(subscriber)) return false;
  bool passes = false;
  const absl::Status filtered =
      StatusOfCall([&] { passes = (*subscriber.filter)(value_); },
                   [&](absl::string_view what) { return feed_.ThrewError("filter", subscriber, what); });
  // One bad filter costs its own subscription, not the others' value.
  if (!filtered.ok()) EndByItself(subscriber, filtered);
  if (!passes) subscriber.filtered.Add(1);
  return passes;
}

// As a part of the loop that calls one after the other: a call more would be half as much again.
template <typename Fence>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool FeedCore::Sending::CallHandler(CalledSubscriber& subscriber) {
  if (!BeginPreparedCall<Fence>(subscriber, subscriber.receiving())) [[unlikely]] {
    return false;
  }
  if (!subscriber.Handle(value_, info_, failure_)) [[unlikely]] {
    EndByItself(subscriber, std::exchange(failure_, absl::OkStatus()));
    PrepareToCall();
  }
  return true;
}

void FeedCore::Sending::CallPickyHandler(CalledSubscriber& subscriber) {
  PrepareToCall();
  if (!CallHandler<AsymmetricFence>(subscriber)) return;
  ++result_.delivered;
  CountDownLimit(subscriber);
}

size_t FeedCore::Sending::CallHandlers(size_t i) {
  PrepareToCall();
  return AsymmetricFence::Choose([&](auto fence) { return CallHandlersBy<decltype(fence)>(i); });
}

template <typename Fence>
size_t FeedCore::Sending::CallHandlersBy(size_t i) {
  // Nobody moves the slots, or changes what they say, during a send (F1). They are not prefetched: while one is called, the
  // processor looks at the next by itself.
  const Slot* slot = &slots_[i];
  const Slot* const end = slots_.data() + slots_.size();
  size_t delivered = 0;
  do {
    if (CallHandler<Fence>(static_cast<CalledSubscriber&>(*slot->subscriber))) [[likely]] {
      ++delivered;
    }
    ++slot;
  } while (slot != end && slot->way == Subscriber::Way::kCall);
  result_.delivered += delivered;
  return slot - slots_.data() - 1;
}

}  // namespace eventbus::internal
