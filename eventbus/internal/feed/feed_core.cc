#include "eventbus/internal/feed/feed_core.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/feed/executor_subscriber.h"
#include "eventbus/internal/feed/sending.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/observing/stall_watch.h"
#include "eventbus/internal/waiting/consumer_scope.h"
#include "eventbus/internal/waiting/thread_wait.h"

namespace eventbus::internal {

FeedCore::FeedCore(Label label, const Element* element, bool held, size_t history)
    : label_(std::move(label)),
      held_(held),
      element_(element),
      history_(history > 0 ? std::make_unique<History>(history) : nullptr) {
  if (held) turn_.TryTake();
}

bool FeedCore::Release() {
  if (!held_.exchange(false, std::memory_order_relaxed)) return false;
  turn_.Release();
  return true;
}

FeedCore::~FeedCore() = default;  // Every member held a reference to this feed, so there are none left.

std::string FeedCore::Describe(absl::string_view what) const {
  return name().empty() ? absl::StrCat("feed: ", what) : absl::StrCat("feed '", name(), "': ", what);
}

void FeedCore::DescribeAs(const char* what, WaitedFor& thing) const {
  thing.what = what;
  thing.is_send = true;
  thing.name = name();
  thing.location = label_.location();
}

absl::Status FeedCore::CheckElementSlow(const Element& element) {
  const Element* known = nullptr;
  // Relaxed: elements are constants, there is nothing to publish.
  if (element_.compare_exchange_strong(known, &element, std::memory_order_relaxed, std::memory_order_relaxed) ||
      known == &element) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(Describe(absl::StrCat("carries ", known->name(), ", not ", element.name())));
}

absl::Status FeedCore::ThrewError(absl::string_view part, const Subscriber& subscriber, absl::string_view what) const {
  return SafeStatus(absl::StatusCode::kInternal, [&] {
    return Describe(absl::StrCat("the ", part, " of '", subscriber.name(), "' threw", what.empty() ? "" : ": ", what));
  });
}

absl::StatusOr<Subscription> FeedCore::Subscribe(const Element& element, SubscriberParts parts,
                                                 ChannelParts channel_parts) {
  if (!channel_parts.channel) return Refuse("Subscribe: null channel");
  if (channel_parts.overflow != Overflow::kBlock && channel_parts.channel->capacity() == kUnboundedCapacity) {
    return Refuse("Subscribe: an unbounded channel has room for all, and needs no overflow policy");
  }
  const size_t replay = parts.replay;
  auto subscriber = MakeRef<ChannelSubscriber>(Ref<FeedCore>(this), std::move(parts), std::move(channel_parts));
  if (subscriber->evicts() && subscriber->channel->capacity() == 0) {
    return Refuse("Subscribe: an unbuffered channel holds nothing that could make room");
  }
  return Join(element, Ref<Subscriber>(std::move(subscriber)), replay);
}

absl::StatusOr<Subscription> FeedCore::Subscribe(const Element& element, SubscriberParts parts,
                                                 HandlerParts handler_parts, QueueParts queue_parts) {
  const Ref<FeedCore> self(this);
  const size_t replay = parts.replay;
  if (queue_parts.executor == nullptr) {
    return Join(element, Ref<Subscriber>(MakeRef<CalledSubscriber>(self, std::move(parts), std::move(handler_parts))),
                replay);
  }
  Executor& executor = *queue_parts.executor;
  const size_t capacity = queue_parts.capacity;
  if (queue_parts.overflow == Overflow::kBlock) {
    return Begin(
        element,
        MakeRef<ExecutorSubscriber>(self, std::move(parts), std::move(handler_parts), element, executor, capacity),
        replay);
  }
  std::unique_ptr<KeyIndex> keys = queue_parts.make_keys ? queue_parts.make_keys(capacity) : nullptr;
  return Begin(element,
               MakeRef<QueueSubscriber>(self, std::move(parts), std::move(handler_parts), element, executor, capacity,
                                        queue_parts.overflow, std::move(keys)),
               replay);
}

template <typename ConsumingSubscriber>
absl::StatusOr<Subscription> FeedCore::Begin(const Element& element, Ref<ConsumingSubscriber> subscriber,
                                             size_t replay) {
  subscriber->Begin();  // Before anyone else knows of it.
  absl::Cleanup stop = [&] { subscriber->consumer()->Stop(); };
  absl::StatusOr<Subscription> subscription = Join(element, Ref<Subscriber>(subscriber), replay);
  if (subscription.ok()) std::move(stop).Cancel();
  return subscription;
}

absl::StatusOr<Subscription> FeedCore::Join(const Element& element, Ref<Subscriber> subscriber, size_t replay) {
  if (replay > 0) {
    if (absl::Status refused = JoinAfterReplay(element, *subscriber, replay); !refused.ok()) return refused;
  } else {
    WakeList wakes;
    MutexLock lock(&membership_);
    if (absl::Status refused = CheckOpen(element); !refused.ok()) return refused;
    if (absl::Status refused = JoinLocked(*subscriber, wakes); !refused.ok()) return refused;
  }
  AfterChange();
  return SubscriptionAccess::Make(std::move(subscriber));
}

absl::Status FeedCore::JoinAfterReplay(const Element& element, Subscriber& subscriber, size_t replay) {
  {
    MutexLock lock(&membership_);
    if (absl::Status refused = CheckOpen(element); !refused.ok()) return refused;
    const size_t kept = history_ ? history_->capacity() : 0;
    if (replay > kept) {
      return Refuse(absl::StrCat("Subscribe: replay of ", replay, " values, where the feed has a history of ", kept));
    }
    history_->BeginToCatchUp();
    MutexLock ends(&endings_);
    ++replays_;  // F9
  }
  const absl::Cleanup caught_up = [this] {
    KeptEvents too_old;
    WakeList wakes;
    {
      MutexLock lock(&membership_);
      history_->CaughtUp(too_old);
      MutexLock ends(&endings_);
      --replays_;
    }
    LookForEnd(wakes);
  };
  KeptEvents events;
  uint64_t seen = 0;
  while (true) {
    {
      WakeList wakes;
      MutexLock lock(&membership_);
      if (absl::Status refused = CheckOpen(element); !refused.ok()) return refused;
      history_->CollectAfter(seen, replay, events);
      if (events.empty()) {
        return JoinLocked(subscriber, wakes);
      }
    }
    const absl::StatusOr<bool> goes_on = ReplayTo(element, subscriber, events);
    if (!goes_on.ok() || !*goes_on) return goes_on.status();
    seen = events.back()->info.sequence;
    replay = std::numeric_limits<size_t>::max();
    events.clear();
  }
}

absl::StatusOr<bool> FeedCore::ReplayTo(const Element& element, Subscriber& subscriber, const KeptEvents& events) {
  const ConsumerScope scope(this);  // The end of the feed waits for this (F9).
  for (const Ref<KeptEvent>& event : events) {
    bool wanted = true;
    absl::Status reason;
    if (subscriber.filter != nullptr) {
      reason = StatusOfCall([&] { wanted = (*subscriber.filter)(event->value()); },
                            [&](absl::string_view what) { return ThrewError("filter", subscriber, what); });
    }
    if (!reason.ok() || (wanted && !subscriber.Replay(event, reason))) {
      if (Activity* const consumer = subscriber.consumer()) consumer->RequestStop();
      subscriber.end_signal.End(reason);
      if (subscriber.owner) subscriber.owner->PartEnded(reason);
      return false;
    }
    if (!wanted || subscriber.left == 0 || --subscriber.left > 0) continue;
    // That was its limit.
    {
      WakeList wakes;  // Before the end is told: who hears of it may run here, and wait for one of these.
      MutexLock lock(&membership_);
      if (absl::Status refused = CheckOpen(element); !refused.ok()) return refused;  // F10
      subscriber.StartReceiving(wakes);
      MutexLock ends(&endings_);
      subscriber.SetFinishing();
      subscriber.StopReceiving(0, wakes);
      lost_to_gone_ += subscriber.lost();
      if (subscriber.consumer() != nullptr || subscriber.AwaitsReaders()) alive_.PushBack(subscriber);
    }
    if (subscriber.consumer() == nullptr && !subscriber.AwaitsReaders()) subscriber.end_signal.End(absl::OkStatus());
    return false;
  }
  return true;
}

absl::Status FeedCore::CheckOpen(const Element& element) {
  if (closed_) return absl::FailedPreconditionError(Describe("Subscribe: the feed is closed"));
  return CheckElement(element);
}

absl::Status FeedCore::JoinLocked(Subscriber& subscriber, WakeList& wakes) {
  if (observer_) {
    if (absl::Status refused = observer_->JoinLocked(subscriber); !refused.ok()) return refused;
  }
  absl::Cleanup leave = [&] {
    if (observer_) observer_->LeaveLocked(subscriber);
  };
  if (sending_) {
    inbox_.PushBack(subscriber);  // F2
  } else {
    AdmitLocked(subscriber);
  }
  std::move(leave).Cancel();
  subscriber.AddRef();  // The feed's own.
  subscriber.member.store(true, std::memory_order_relaxed);
  if (subscriber.consumer() != nullptr) {
    MutexLock ends(&endings_);
    alive_.PushBack(subscriber);  // Not before: until here this thread gives it what is replayed (H1).
  }
  subscriber.StartReceiving(wakes);  // F3
  member_count_.fetch_add(1, std::memory_order_relaxed);
  return absl::OkStatus();
}

void FeedCore::AdmitLocked(Subscriber& subscriber) {
  const Subscriber::Way way = subscriber.way();
  if (way == Subscriber::Way::kCommon) {
    auto& handler = static_cast<ExecutorSubscriber&>(subscriber);
    common_.Join(handler, handler.ring());
    handler.ring() = nullptr;
    subscriber.UnlinkIfLinked();
    in_common_.PushBack(subscriber);
  } else {
    slots_.push_back({.subscriber = &subscriber, .way = way, .picky = subscriber.picky()});
    subscriber.slot = slots_.size() - 1;
    subscriber.UnlinkIfLinked();
  }
}

Ref<Subscriber> FeedCore::TakeOutLocked(Subscriber& subscriber) {
  lost_to_gone_ += subscriber.lost();  // No send counts for it any more.
  if (subscriber.slot != Subscriber::kNoSlot) {
    const Slot last = slots_.back();
    slots_[subscriber.slot] = last;
    last.subscriber->slot = subscriber.slot;
    slots_.pop_back();
    subscriber.slot = Subscriber::kNoSlot;
  }
  return Ref<Subscriber>::Adopt(&subscriber);
}

bool FeedCore::RemoveLocked(Subscriber& subscriber, WakeList& wakes, Ref<Subscriber>& dropped) {
  if (!subscriber.member.load(std::memory_order_relaxed)) return false;
  subscriber.member.store(false, std::memory_order_seq_cst);  // F5
  member_count_.fetch_sub(1, std::memory_order_relaxed);
  if (observer_) observer_->LeaveLocked(subscriber);
  subscriber.StopReceiving(sending_ ? send_number_ : 0, wakes);  // F3, F4
  subscriber.UnlinkIfLinked();
  if (sending_) {
    removed_.PushBack(subscriber);  // F4
  } else {
    dropped = TakeOutLocked(subscriber);
  }
  return true;
}

void FeedCore::Unsubscribe(Subscriber& subscriber) {
  const Telling telling(*this);
  {
    Ref<Subscriber> dropped;
    WakeList wakes;
    MutexLock lock(&membership_);
    RemoveLocked(subscriber, wakes, dropped);
  }
  GiveUpReaders(subscriber);
  // From inside a filter or the handler itself it does not wait for the other of the two, which may be doing the same.
  Activity* const consumer = subscriber.consumer();
  const bool in_handler = consumer != nullptr && consumer->RunsHere();
  if (!in_handler && subscriber.runs_in_send()) AwaitUserCode(&subscriber);
  if (consumer != nullptr) IsSending() ? consumer->RequestStop() : consumer->Stop();
  subscriber.end_signal.End(absl::OkStatus());
  AfterChange();
}

absl::Status FeedCore::Unsubscribe(Subscriber& subscriber, const Context& context) {
  const Telling telling(*this);
  const absl::Cleanup changed = [this] { AfterChange(); };  // Also if what runs of it is late.
  {
    Ref<Subscriber> dropped;
    WakeList wakes;
    MutexLock lock(&membership_);
    RemoveLocked(subscriber, wakes, dropped);
  }
  if (!GiveUpReadersWithin(subscriber, &context)) return context.status();
  Activity* const consumer = subscriber.consumer();
  if (consumer != nullptr) consumer->RequestStop();
  // From inside the handler itself it does not wait, as above; nor in the sending thread for what that runs, and for what an executor
  // runs only if that has an end.
  const bool in_handler = consumer != nullptr && consumer->RunsHere();
  const bool sends = IsSending();
  const bool has_end = ContextAccess::state(context) != nullptr;
  if (!in_handler && (!sends || has_end)) {
    call_waiters_.fetch_add(1, std::memory_order_seq_cst);  // F5
    const absl::Cleanup leave = [this] { call_waiters_.fetch_sub(1, std::memory_order_relaxed); };
    AsymmetricFence::Heavy();
    Awaited its_end = {.subscriber = &subscriber, .by_sender = sends};
    const Arm end = {.target = &user_code_end_, .value = &its_end};
    if (Await(end, Instant::Past()) != Outcome::kDone && Await(end, context) != Outcome::kDone) return context.status();
  }
  subscriber.end_signal.End(absl::OkStatus());
  return absl::OkStatus();
}

bool FeedCore::UserCodeEnd::IsSo(const Waiter& arm) const {
  const auto& awaited = *static_cast<const Awaited*>(arm.value);
  const Subscriber& subscriber = *awaited.subscriber;
  if (awaited.done != std::numeric_limits<uint64_t>::max()) {
    return subscriber.ConsumerHasEnded() || subscriber.done() >= awaited.done;
  }
  // Sequentially consistent for the case without the fence; the release in the sender makes what it ran visible.
  const bool called = !awaited.by_sender && feed_.calling_.load(std::memory_order_seq_cst) == &subscriber;
  return !called && subscriber.ConsumerHasEnded();
}

bool FeedCore::UserCodeEnd::TryComplete(Waiter& arm, WakeList&) {
  if (!IsSo(arm)) return false;
  arm.outcome = Outcome::kDone;
  return true;
}

void FeedCore::UserCodeEnd::Changed(WakeList& wakes) {
  for (size_t left = waiting_.CountLinked(); left > 0; --left) {
    Waiter& waiter = *waiting_.front();
    waiter.Unlink();
    if (!IsSo(waiter)) {
      waiting_.PushBack(waiter);
    } else if (waiter.operation->TryClaim(waiter)) {
      waiter.outcome = Outcome::kDone;
      wakes.Add(waiter);
    }
  }
}

void FeedCore::UserCodeEnd::DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const {
  static_cast<const Awaited*>(arm.value)->subscriber->DescribeHandler(thing);
}

uint64_t FeedCore::CountTaken(const ChannelSubscriber& subscriber) const {
  MutexLock lock(&membership_);  // No send begins or ends meanwhile.
  return subscriber.CountTaken(sending_ ? send_number_ : 0);
}

size_t FeedCore::CountWaiting(const BroadcastReader& reader) const {
  MutexLock lock(&membership_);  // Under which a reader is detached, and has a broadcast of its own.
  return reader.CountWaiting(common_.head());
}

FeedStats FeedCore::stats() const {
  FeedStats stats;
  stats.slow_sends = slow_sends_.Get();
  stats.blocked = absl::Nanoseconds(blocked_.Get());
  stats.senders_waiting = turn_.CountWaiting();
  stats.subscribers = subscribers();
  MutexLock lock(&membership_);
  stats.sends = send_number_;
  stats.lost = CountLostLocked();
  return stats;
}

LostValues FeedCore::CountLostLocked() const {
  LostValues lost = lost_to_gone_;
  for (const Slot& slot : slots_) lost += slot.subscriber->lost();
  const auto add = [&](const Subscriber& subscriber) { lost += subscriber.lost(); };
  inbox_.ForEach(add);
  in_common_.ForEach(add);
  removed_.ForEach([&](const Subscriber& subscriber) {
    if (subscriber.slot == Subscriber::kNoSlot) add(subscriber);
  });
  return lost;
}

std::vector<Ref<Subscriber>> FeedCore::Subscribers() const {
  std::vector<Ref<Subscriber>> all;
  {
    MutexLock lock(&membership_);
    all.reserve(subscribers());
    const auto add = [&](Subscriber& subscriber) { all.emplace_back(&subscriber); };
    inbox_.ForEach(add);
    in_common_.ForEach(add);
    for (const Slot& slot : slots_) {
      if (slot.subscriber->member.load(std::memory_order_relaxed)) add(*slot.subscriber);
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->id() < b->id(); });
  return all;
}

void FeedCore::AwaitUserCode(const Subscriber* subscriber) {
  bool waits = !IsSending();
  while (waits) {
    {
      MutexLock lock(&membership_);
      if (!sending_) return;  // A send that begins now finds no member.
    }
    ThreadWait wait;
    call_waiters_.fetch_add(1, std::memory_order_seq_cst);
    AsymmetricFence::Heavy();
    waits = EnlistForCall(subscriber, wait.waiter());
    if (waits) wait.Await(membership_, Instant::Never());
    call_waiters_.fetch_sub(1, std::memory_order_relaxed);
  }
}

bool FeedCore::EnlistForCall(const Subscriber* subscriber, Waiter& waiter) {
  MutexLock lock(&membership_);
  // Sequentially consistent for the case without the fence; the release in the sender makes what it ran visible.
  const Subscriber* const calling = calling_.load(std::memory_order_seq_cst);
  if (calling == nullptr || (subscriber != nullptr && calling != subscriber)) return false;
  call_ended_.PushBack(waiter);
  return true;
}

bool FeedCore::BeginToClose() {
  {
    WakeList wakes;
    MutexLock lock(&membership_);
    if (std::exchange(stopped_, true)) return false;
    closed_ = true;
    MutexLock ends(&endings_);
    ++telling_;       // Until the second half (F9).
    Endings leaving;  // As `closing_`, which the analysis would not see the lock of.
    RemoveMembersLocked([&](Subscriber& subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(membership_) {
      const Ref<Subscriber> kept(&subscriber);
      Ref<Subscriber> dropped;
      RemoveLocked(subscriber, wakes, dropped);
      if (subscriber.consumer() != nullptr) return;  // It is alive.
      subscriber.AddRef();
      leaving.PushBack(subscriber);
    });
    closing_.TakeAll(leaving);
  }
  turn_.Close();
  Release();
  return true;
}

void FeedCore::FinishClosing(const absl::Status& reason) {
  AwaitUserCode(nullptr);
  Endings leaving;
  {
    MutexLock ends(&endings_);
    leaving.TakeAll(closing_);
  }
  while (const Ref<Subscriber> subscriber = PopEnding(leaving)) {
    subscriber->HandBackLeft();
    WakeList wakes;
    TellEnd(*subscriber, reason, wakes);
  }
  StopAlive(reason);
  EndWhenNothingRuns();
  AfterChange();
  WakeList wakes;
  LookForEnd(wakes, /*told=*/1);
}

uint64_t FeedCore::CountSends() const {
  MutexLock lock(&membership_);
  return send_number_;
}

bool FeedCore::closed() const {
  MutexLock lock(&membership_);
  return closed_;
}

bool FeedCore::EndByItself(Subscriber& subscriber, const absl::Status& reason) {
  const Telling telling(*this);
  {
    Ref<Subscriber> dropped;
    WakeList wakes;
    MutexLock lock(&membership_);
    if (!RemoveLocked(subscriber, wakes, dropped)) return false;
  }
  if (Activity* const consumer = subscriber.consumer()) consumer->RequestStop();
  subscriber.HandBackLeftWithin(/*until=*/nullptr);
  subscriber.end_signal.End(reason);
  if (subscriber.owner) subscriber.owner->PartEnded(reason);
  AfterChange();
  return true;
}

void FeedCore::StopSoon(Subscriber& subscriber) {
  const Telling telling(*this);
  GiveUpReadersWithin(subscriber, /*until=*/nullptr);
  if (Activity* const consumer = subscriber.consumer()) consumer->RequestStop();
  subscriber.end_signal.End(absl::OkStatus());
}

bool FeedCore::EndAbandoned(Subscriber& subscriber, absl::Status& reason) {
  reason = SafeStatus(absl::StatusCode::kUnavailable, [] { return "the executor of the handler was shut down"; });
  return !EndByItself(subscriber, reason) && subscriber.finishing();
}

bool FeedCore::Finish(Subscriber& subscriber) {
  const Telling telling(*this);
  {
    Ref<Subscriber> dropped;
    WakeList wakes;
    MutexLock lock(&membership_);
    if (!subscriber.member.load(std::memory_order_relaxed)) return false;
    MutexLock ends(&endings_);
    subscriber.SetFinishing();
    RemoveLocked(subscriber, wakes, dropped);
    if (subscriber.AwaitsReaders()) alive_.PushBack(subscriber);
  }
  if (subscriber.consumer() == nullptr && !subscriber.AwaitsReaders()) subscriber.end_signal.End(absl::OkStatus());
  AfterChange();
  return true;
}

class FeedCore::SlowTurn final : public SlowWait {
 public:
  explicit SlowTurn(FeedCore& feed) : feed_(feed) {}

  Instant due() const override { return clock_.due(); }
  void Tell() override {
    const absl::Duration waited = clock_.Pass();
    // The send that has the turn reports by itself where it waits for room.
    if (feed_.calling_.load(std::memory_order_relaxed) == nullptr) return;
    StallWatch::Get().Tell([&] { return feed_.DescribeCall(waited); });
  }

 private:
  FeedCore& feed_;
  StallClock clock_;
};

StallReport FeedCore::StartReport(StallReport::Cause cause, absl::Duration waited) const {
  StallReport report;
  report.cause = cause;
  report.feed = name();
  report.location = label_.location();
  report.waited = waited;
  report.senders_waiting = turn_.CountWaiting();
  return report;
}

StallReport FeedCore::DescribeCall(absl::Duration waited) {
  StallReport report = StartReport(StallReport::Cause::kCallHasNotReturned, waited);
  MutexLock lock(&membership_);
  // Of a send that is in progress now, and cannot end under the mutex: so it is there (F4).
  const Subscriber* const called = sending_ ? calling_.load(std::memory_order_relaxed) : nullptr;
  if (called == nullptr) return report;
  report.event = send_number_;
  report.not_taken_by.push_back({.subscription = called->id(), .name = called->name(), .location = called->location()});
  return report;
}

absl::Status FeedCore::TakeTurn(const Context& context, Waiting waiting) {
  if (context.done()) return context.status();
  if (IsSending()) {
    return absl::FailedPreconditionError(
        Describe("a send from inside a filter or a copy of the same feed would wait for itself"));
  }
  if (turn_.TryTake()) return absl::OkStatus();
  const absl::Status is_closed(absl::StatusCode::kFailedPrecondition, "");
  if (waiting == Waiting::kRefused) return closed() ? is_closed : absl::Status(absl::StatusCode::kUnavailable, "");
  const Arm arms[] = {{.target = ContextAccess::state(context)}, {.target = &turn_}};
  SlowTurn slow(*this);
  const Selected selected = SelectAmong(arms, Choice::kListed, Instant::Never(), &slow);
  if (selected.index == 0) return context.status();
  return selected.outcome == Outcome::kClosed ? is_closed : absl::OkStatus();
}

SendResult FeedCore::Send(const Context& context, const Element& element, const void* value, Waiting waiting) {
  const Ref<FeedCore> self(this);  // A filter may destroy the feed, and so may another thread while this one waits.
  // A handler that waited for room would wait for handlers of this feed, and so, perhaps, for itself.
  if (ConsumerScope::IsInside(this)) waiting = Waiting::kRefused;
  SendResult result;
  result.status = CheckElement(element);
  if (result.status.ok()) result.status = TakeTurn(context, waiting);
  if (!result.status.ok()) return result;
  Sending(*this, element, value, waiting, result).Run(context);
  return result;
}

}  // namespace eventbus::internal
