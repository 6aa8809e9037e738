// How a feed and its subscriptions drain, and how they end.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "eventbus/internal/draining/drain_rules.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

bool FeedCore::WouldAwaitItself() const { return IsSending() || ConsumerScope::IsInside(this); }

bool FeedCore::WouldAwaitItself(Subscriber& subscriber) const {
  Activity* const consumer = subscriber.consumer();
  return IsSending() || (consumer != nullptr && consumer->RunsHere());
}

DrainReport FeedCore::Drain(const Context& context) {
  const std::string self = name().empty() ? "feed" : absl::StrCat("feed '", name(), "'");
  if (WouldAwaitItself()) return {.status = RefuseDrainFromInside(self)};
  if (absl::Status refused = RefuseDrain(self, context); !refused.ok()) return {.status = std::move(refused)};
  const Ref<FeedCore> kept(this);
  RequestDrain();
  const bool ended = AwaitEnd({.target = &end_}, context);
  DrainReport report;
  AddDrained(report.entries);
  Conclude(self, ended, context, report);
  return report;
}

void FeedCore::AddDrained(std::vector<DrainEntry>& entries) const {
  MutexLock ends(&endings_);
  for (const Ref<DrainRecord>& record : drained_) {
    entries.push_back(record->entry);
    FillIn(*record, entries.back());
  }
  if (dropped_ > 0) entries.push_back({.name = name(), .left = dropped_});
}

void FeedCore::RequestDrain() {
  const Ref<FeedCore> kept(this);
  const Telling telling(*this);
  Endings leaving;  // Those that end now, each with a reference.
  struct Part {
    Ref<Subscriber> subscriber;  // Goes last: one that is woken may be gone for everyone else.
    Ref<DrainRecord> record;
  };
  std::vector<Part> members;
  {
    WakeList wakes;
    MutexLock lock(&membership_);
    if (closed_) return;
    MutexLock ends(&endings_);
    // What needs memory comes first.
    std::vector<Part> finishing;
    VisitMembersLocked([&](Subscriber& subscriber) {
      members.push_back({Ref<Subscriber>(&subscriber), MakeRecord(subscriber)});
      subscriber.PrepareToDrain();
    });
    alive_.ForEach([&](Subscriber& subscriber) {
      if (!subscriber.finishing()) return;
      finishing.push_back({Ref<Subscriber>(&subscriber), subscriber.drain ? subscriber.drain : MakeRecord(subscriber)});
    });
    drained_.reserve(finishing.size() + members.size());
    closed_ = true;
    for (Part& part : finishing) {
      drained_.push_back(part.record);
      BeginDrainLocked(*part.subscriber, std::move(part.record));
    }
    for (Part& part : members) {
      Subscriber& subscriber = *part.subscriber;
      drained_.push_back(part.record);
      BeginDrainLocked(subscriber, std::move(part.record));
      subscriber.SetFinishing();
      Ref<Subscriber> dropped;
      RemoveLocked(subscriber, wakes, dropped);
      if (subscriber.AwaitsReaders()) alive_.PushBack(subscriber);
      if (subscriber.consumer() != nullptr || subscriber.AwaitsReaders()) continue;
      subscriber.AddRef();
      leaving.PushBack(subscriber);
    }
    std::sort(drained_.begin(), drained_.end(), [](const Ref<DrainRecord>& a, const Ref<DrainRecord>& b) {
      return a->entry.subscription < b->entry.subscription;
    });
  }
  turn_.Close();
  Release();
  while (const Ref<Subscriber> subscriber = PopEnding(leaving)) {
    WakeList wakes;
    HasFinished(*subscriber, absl::OkStatus(), wakes);
  }
  EndWhenNothingRuns();
  AfterChange();
}

void FeedCore::RequestDrain(Subscriber& subscriber) {
  const Ref<Subscriber> kept(&subscriber);
  const Telling telling(*this);
  Ref<DrainRecord> record = MakeRecord(subscriber);
  {
    Ref<Subscriber> dropped;
    WakeList wakes;
    MutexLock lock(&membership_);
    MutexLock ends(&endings_);
    const bool member = subscriber.member.load(std::memory_order_relaxed);
    // One that has reached its limit is finishing already.
    const bool alive = static_cast<ListNode<EndingTag>&>(subscriber).linked();
    if (!member && !(subscriber.finishing() && alive && !subscriber.drain)) return;
    if (member) subscriber.PrepareToDrain();
    BeginDrainLocked(subscriber, std::move(record));
    if (!member) return;
    subscriber.SetFinishing();
    RemoveLocked(subscriber, wakes, dropped);
    if (subscriber.AwaitsReaders()) alive_.PushBack(subscriber);
  }
  if (subscriber.consumer() == nullptr && !subscriber.AwaitsReaders()) {
    WakeList wakes;
    HasFinished(subscriber, absl::OkStatus(), wakes);
  }
  AfterChange();
}

Ref<DrainRecord> FeedCore::MakeRecord(const Subscriber& subscriber) const {
  return MakeRef<DrainRecord>(DrainEntry{.name = subscriber.name(), .feed = name(), .subscription = subscriber.id()});
}

void FeedCore::BeginDrainLocked(Subscriber& subscriber, Ref<DrainRecord> record) {
  if (subscriber.drain.get() == record.get()) return;  // It drained before its feed.
  record->subscriber = &subscriber;
  record->begun = CoarseNow();
  record->handled_before = subscriber.progress().handled;
  subscriber.drain = std::move(record);
}

void FeedCore::FillIn(const DrainRecord& record, DrainEntry& entry) const {
  if (record.subscriber == nullptr) return;
  const Progress progress = record.subscriber->progress();
  entry.handled = progress.handled - record.handled_before;
  entry.left = progress.left;
  entry.running = progress.running || record.in_call ? 1 : 0;
  entry.took = absl::Nanoseconds(CoarseNow().nanoseconds() - record.begun.nanoseconds());
}

void FeedCore::SettleLocked(Subscriber& subscriber) {
  if (!subscriber.drain || subscriber.drain->subscriber == nullptr) return;
  DrainRecord& record = *subscriber.drain;
  const uint64_t by_call = record.entry.handled;
  FillIn(record, record.entry);
  record.entry.handled += by_call;
  record.subscriber = nullptr;
}

DrainEntry FeedCore::EntryOf(const Subscriber& subscriber) const {
  DrainEntry entry;
  MutexLock ends(&endings_);
  if (!subscriber.drain) return {.name = subscriber.name(), .feed = name(), .subscription = subscriber.id()};
  entry = subscriber.drain->entry;
  FillIn(*subscriber.drain, entry);
  return entry;
}

void FeedCore::ConsumerEnded(Subscriber& subscriber, bool& ended, const absl::Status* reason, WakeList& wakes) {
  {
    MutexLock lock(&user_code_end_.mutex);
    ended = true;
    user_code_end_.Changed(wakes);
  }
  {
    MutexLock ends(&endings_);
    if (reason == nullptr) subscriber.UnlinkFromEndings();
    SettleLocked(subscriber);
  }
  if (reason != nullptr) {
    HasFinished(subscriber, *reason, wakes);
  } else {
    LookForEnd(wakes);
  }
}

void FeedCore::HasFinished(Subscriber& subscriber, const absl::Status& reason, WakeList& wakes) {
  // One that fails does not wait for the end of a filter, as ever.
  const bool may_be_called = reason.ok() && subscriber.runs_in_send();
  if (may_be_called) {
    call_waiters_.fetch_add(1, std::memory_order_seq_cst);  // F5
    AsymmetricFence::Heavy();
  }
  {
    MutexLock ends(&endings_);
    subscriber.UnlinkFromEndings();
    // Sequentially consistent for the case without the fence.
    if (may_be_called && calling_.load(std::memory_order_seq_cst) == &subscriber) {  // F8
      if (subscriber.drain) subscriber.drain->in_call = subscriber.is_called_in_send();
      subscriber.AddRef();
      called_.PushBack(subscriber);
      return;
    }
    SettleLocked(subscriber);
    ++telling_;
  }
  if (may_be_called) call_waiters_.fetch_sub(1, std::memory_order_relaxed);
  TellEnd(subscriber, reason, wakes);
  LookForEnd(wakes, /*told=*/1);
}

void FeedCore::TellEnd(Subscriber& subscriber, const absl::Status& reason, WakeList& wakes) {
  if (!subscriber.end_signal.End(reason, wakes)) return;
  if (subscriber.owner) subscriber.owner->PartFinished(reason, wakes);
}

void FeedCore::CallHasEnded(const Subscriber* not_called) {
  WakeList wakes;
  {
    MutexLock lock(&membership_);
    call_ended_.ClaimAll(Outcome::kDone, wakes);
  }
  {
    MutexLock lock(&user_code_end_.mutex);
    user_code_end_.Changed(wakes);
  }
  Endings over;
  {
    MutexLock ends(&endings_);
    while (Subscriber* const subscriber = called_.PopFront()) {
      if (subscriber->drain) {
        DrainRecord& record = *subscriber->drain;
        if (record.in_call && subscriber != not_called && !subscriber->was_not_called) record.entry.handled = 1;
        record.in_call = false;
      }
      SettleLocked(*subscriber);
      over.PushBack(*subscriber);
      ++telling_;
    }
  }
  size_t told = 0;
  while (const Ref<Subscriber> subscriber = PopEnding(over)) {
    call_waiters_.fetch_sub(1, std::memory_order_relaxed);
    TellEnd(*subscriber, absl::OkStatus(), wakes);
    ++told;
  }
  LookForEnd(wakes, told);
}

Ref<Subscriber> FeedCore::PopEnding(Endings& list) {
  MutexLock ends(&endings_);  // Which guards the links, also of those that only this thread has.
  return Ref<Subscriber>::Adopt(list.PopFront());
}

FeedCore::Telling::Telling(FeedCore& feed) : feed_(feed) {
  MutexLock ends(&feed_.endings_);
  ++feed_.telling_;
}

FeedCore::Telling::~Telling() {
  WakeList wakes;
  feed_.LookForEnd(wakes, /*told=*/1);
}

void FeedCore::GiveUpReaders(Subscriber& subscriber) {
  const Context forever = Context::Background();
  GiveUpReadersWithin(subscriber, &forever);
}

bool FeedCore::GiveUpReadersWithin(Subscriber& subscriber, const Context* until) {
  const bool awaited = subscriber.StopAwaitingReaders();
  const bool handed_back = subscriber.HandBackLeftWithin(until);
  if (!awaited) return handed_back;
  WakeList wakes;
  {
    MutexLock ends(&endings_);
    subscriber.UnlinkFromEndings();
    SettleLocked(subscriber);
  }
  LookForEnd(wakes);
  subscriber.DropRef();  // Of the wait. The caller has one.
  return handed_back;
}

void FeedCore::EndWhenNothingRuns() {
  call_waiters_.fetch_add(
      1, std::memory_order_seq_cst);  // For good: so the end of each call looks for the end of the feed.
  AsymmetricFence::Heavy();
  {
    MutexLock ends(&endings_);
    ending_ = true;
  }
  WakeList wakes;
  LookForEnd(wakes);
}

void FeedCore::LookForEnd(WakeList& wakes, size_t told) {
  {
    MutexLock ends(&endings_);
    telling_ -= told;
    if (!ending_ || !alive_.empty() || !called_.empty() || telling_ > 0 || replays_ > 0) return;
    // As in `HasFinished`.
    if (calling_.load(std::memory_order_seq_cst) != nullptr) return;
  }
  if (end_.Happen(wakes) && observer_) observer_->Ended(wakes);
}

void FeedCore::StopAlive(const absl::Status& reason) {
  size_t count = 0;
  {
    MutexLock ends(&endings_);
    alive_.ForEach([&count](Subscriber&) { ++count; });
  }
  const Telling telling(*this);
  for (; count > 0; --count) {
    Ref<Subscriber> subscriber;
    {
      MutexLock ends(&endings_);
      Subscriber* const first = alive_.PopFront();
      if (first == nullptr) return;
      alive_.PushBack(*first);  // It may stay for some time.
      subscriber = Ref<Subscriber>(first);
    }
    if (Activity* const consumer = subscriber->consumer()) {
      if (consumer->stopping()) continue;  // Whoever has ended it waits for it.
      // In a filter it does not wait for handlers, which may be waiting for that filter.
      IsSending() ? consumer->RequestStop() : consumer->Stop();
      MutexLock ends(&endings_);
      if (!subscriber->drain) dropped_ += subscriber->progress().left;
    } else {
      GiveUpReaders(*subscriber);
    }
    WakeList wakes;
    TellEnd(*subscriber, reason, wakes);
  }
}

void FeedCore::HasHandled() {
  WakeList wakes;
  MutexLock lock(&user_code_end_.mutex);
  user_code_end_.Changed(wakes);
}

}  // namespace eventbus::internal
