#include "eventbus/internal/bus/pattern_state.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "eventbus/internal/bus/bus_core.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/feed/subscriber.h"
#include "eventbus/internal/subscription/subscription_id.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

namespace {

// Parts are subscriptions of feeds.
Subscriber& AsSubscriber(SubscriptionState& part) { return static_cast<Subscriber&>(part); }

}  // namespace

PatternState::PatternState(Ref<BusCore> bus, std::string pattern, Label label, const Element* element, bool counts)
    : bus_(std::move(bus)),
      pattern_(std::move(pattern)),
      label_(std::move(label)),
      element_(element),
      counts_(counts),
      id_(NextCompositeId()) {}

PatternState::~PatternState() = default;

void PatternState::AttachTo(TopicState& topic) {
  {
    MutexLock lock(&mutex_);
    if (ended_ || draining_) return;  // In a replay, or with its bus.
    if (element_ != nullptr && element_ != &topic.element()) {
      ++clashes_;
      return;
    }
    ++attaching_;
  }
  WakeList wakes;  // Stays empty for a new topic, under the mutex of the bus: what is in the trie does not drain.
  const absl::Cleanup attached = [&] {
    {
      MutexLock lock(&mutex_);
      --attaching_;
    }
    LookForEnd(wakes);
  };
  absl::StatusOr<Subscription> made = SubscribeAt(topic);
  if (!made.ok()) return;  // The topic has been closed, and so has the bus.
  MutexLock lock(&mutex_);
  if (ended_) return;  // N2: after the lock `made` goes, and takes the part out.
  parts_.emplace_back();
  parts_.back() = SubscriptionAccess::Release(*std::move(made));
}

void PatternState::DetachFrom(TopicState& topic) {
  Ref<SubscriptionState> part;
  {
    MutexLock lock(&mutex_);
    if (element_ != nullptr && element_ != &topic.element()) {
      --clashes_;
      return;
    }
    const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const Ref<SubscriptionState>& candidate) {
      return AsSubscriber(*candidate).feed.get() == &topic.core();
    });
    if (found == parts_.end()) return;
    part = std::move(*found);
    parts_.erase(found);
  }
  part->Unsubscribe();
}

void PatternState::Unsubscribe() { Close(absl::OkStatus()); }

void PatternState::HandleGoes() {
  Unsubscribe();
  // From inside a handler that has not waited, and nobody will: the parts go when their feeds have done with them.
  {
    MutexLock lock(&mutex_);
    ++enders_;
  }
  Leave(/*drops_parts=*/true);
}

absl::Status PatternState::UnsubscribeWithin(const Context& context) {
  return End(absl::OkStatus(), ConsumerScope::IsInside(this) ? nullptr : &context);
}

void PatternState::Close(const absl::Status& reason) {
  const Context forever = Context::Background();
  End(reason, ConsumerScope::IsInside(this) ? nullptr : &forever).IgnoreError();
}

void PatternState::BeginToClose(const absl::Status& reason) {
  StopParts(reason);
  Leave(/*drops_parts=*/false);
}

void PatternState::PartEnded(const absl::Status& reason) {
  {
    MutexLock lock(&mutex_);
    if (ended_) return;
  }
  // Without waiting: another part may be ending in the same way, and wait for this one.
  End(reason, /*waits=*/nullptr).IgnoreError();
}

absl::Status PatternState::End(const absl::Status& reason, const Context* waits) {
  const Ref<PatternState> forgotten = bus_->Forget(*this);  // N2
  const absl::Span<const Ref<SubscriptionState>> parts = StopParts(reason);
  absl::Status late;
  if (waits != nullptr) {
    for (const Ref<SubscriptionState>& part : parts) late.Update(part->UnsubscribeWithin(*waits));
  }
  if (late.ok()) signal_.End(reason);
  Leave(waits != nullptr && late.ok());
  return late;
}

absl::Span<const Ref<SubscriptionState>> PatternState::StopParts(const absl::Status& reason) {
  absl::Span<const Ref<SubscriptionState>> parts;
  {
    MutexLock lock(&mutex_);
    ended_ = true;
    ++enders_;
    parts = parts_;
  }
  for (const Ref<SubscriptionState>& part : parts) {
    Subscriber& subscriber = AsSubscriber(*part);
    // One that drains has left its feed already.
    if (!subscriber.feed->EndByItself(subscriber, reason)) subscriber.feed->StopSoon(subscriber);
  }
  return parts;
}

void PatternState::Leave(bool drops_parts) {
  absl::Span<const Ref<SubscriptionState>> parts;
  {
    MutexLock lock(&mutex_);
    drops_parts_ |= drops_parts;
    if (!drops_parts_) {
      --enders_;
      return;
    }
    parts = parts_;
  }
  SubscriptionStats sum;
  for (const Ref<SubscriptionState>& part : parts) sum += part->stats();
  std::vector<Ref<SubscriptionState>> gone;  // Destroyed after the lock.
  MutexLock lock(&mutex_);
  if (--enders_ > 0) return;
  if (!parts_.empty()) of_dropped_ += sum;
  gone.swap(parts_);  // N3
}

void PatternState::RequestDrain() {
  const Ref<PatternState> forgotten = bus_->Forget(*this);
  {
    MutexLock lock(&mutex_);
    if (ended_) return;
    draining_ = true;
  }
  // Each of them also if another call has begun with this, for that may have failed on the way.
  for (size_t i = 0; const Ref<SubscriptionState> part = PartAt(i); ++i) part->RequestDrain();
  WakeList wakes;
  LookForEnd(wakes);
}

void PatternState::PartFinished(const absl::Status& reason, WakeList& wakes) {
  {
    MutexLock lock(&mutex_);
    ++finished_;
    failure_.Update(reason);
  }
  LookForEnd(wakes);
}

void PatternState::LookForEnd(WakeList& wakes) {
  absl::Status failure;
  {
    MutexLock lock(&mutex_);
    if (!draining_ || ended_ || attaching_ > 0 || finished_ < parts_.size()) return;
    // Those that were told of may be others, which a hard stop found while they were being made.
    const auto has_ended = [](const Ref<SubscriptionState>& part) { return part->ended(); };
    if (!std::all_of(parts_.begin(), parts_.end(), has_ended)) return;
    failure = failure_;
  }
  signal_.End(failure, wakes);
}

bool PatternState::RunsHere() { return ConsumerScope::IsInside(this); }

void PatternState::AddDrained(std::vector<DrainEntry>& entries) const {
  for (const Ref<SubscriptionState>& part : Parts()) part->AddDrained(entries);
}

absl::Status PatternState::Flush(const Context& context) {
  if (RunsHere()) {
    return absl::FailedPreconditionError(
        absl::StrCat("pattern '", pattern_, "': Flush from inside a filter or handler would wait for itself"));
  }
  absl::Status late;
  for (const Ref<SubscriptionState>& part : Parts()) late.Update(part->Flush(context));
  return late;
}

SubscriptionStats PatternState::stats() const {
  SubscriptionStats sum;
  std::vector<Ref<SubscriptionState>> parts;
  {
    MutexLock lock(&mutex_);
    sum = of_dropped_;
    parts = parts_;
  }
  for (const Ref<SubscriptionState>& part : parts) sum += part->stats();
  return sum;
}

std::vector<Ref<SubscriptionState>> PatternState::Parts() const {
  MutexLock lock(&mutex_);
  return parts_;
}

Ref<SubscriptionState> PatternState::PartAt(size_t index) const {
  MutexLock lock(&mutex_);
  return index < parts_.size() ? parts_[index] : Ref<SubscriptionState>();
}

size_t PatternState::CountTopics() const {
  MutexLock lock(&mutex_);
  return parts_.size();
}

size_t PatternState::CountClashes() const {
  MutexLock lock(&mutex_);
  return clashes_;
}

}  // namespace eventbus::internal
