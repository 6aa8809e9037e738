#include "eventbus/internal/feed/subscriber.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "absl/time/time.h"
#include "eventbus/internal/feed/channel_emptying.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

namespace {

Atomic<uint64_t> last_id{0};

uint64_t NextId() {
  return last_id.fetch_add(1, std::memory_order_relaxed) + 1;  // Relaxed: only uniqueness matters.
}

}  // namespace

Subscriber::Subscriber(Ref<FeedCore> feed_core, SubscriberParts parts)
    : feed(std::move(feed_core)),
      filter(parts.filter ? std::make_unique<ErasedFilter>(std::move(parts.filter)) : nullptr),
      on_lost(parts.on_lost ? std::make_unique<LossHook>(std::move(parts.on_lost)) : nullptr),
      owner(std::move(parts.owner)),
      id_(NextId()),
      picky_(filter != nullptr || parts.limit != 0 || parts.replay != 0),
      label_(std::move(parts.label)),
      left(parts.limit) {}

Subscriber::~Subscriber() = default;

void Subscriber::DescribeHandler(WaitedFor& thing) const {
  thing.what = "end of handler of subscription";
  thing.name = name();
  thing.location = location();
}

void Subscriber::Unsubscribe() { feed->Unsubscribe(*this); }

absl::Status Subscriber::UnsubscribeWithin(const Context& context) { return feed->Unsubscribe(*this, context); }

void Subscriber::RequestDrain() { feed->RequestDrain(*this); }

bool Subscriber::RunsHere() { return feed->WouldAwaitItself(*this); }

void Subscriber::AddDrained(std::vector<DrainEntry>& entries) const { entries.push_back(feed->EntryOf(*this)); }

bool Subscriber::HandBackLeftWithin(const Context*) { return true; }

void Subscriber::HandBackLeft() {
  const Context forever = Context::Background();
  HandBackLeftWithin(&forever);
}

absl::Status Subscriber::Flush(const Context& context) { return feed->Flush(*this, context); }

SubscriptionStats Subscriber::stats() const {
  SubscriptionStats stats;
  stats.lost = lost();
  stats.filtered = filtered.Get();
  stats.queue = Fill();
  stats.waits = waits.Get();
  stats.queue_high_water = stats.waits > 0 ? stats.queue.capacity : HighWater();
  stats.blocked = absl::Nanoseconds(blocked_.Get());
  return stats;
}

namespace {

// A number of deliveries, less one, after which to look again: a sixteenth of what has room.
uint64_t LookMask(size_t capacity) {
  return capacity == kUnboundedCapacity ? 0 : std::bit_floor(std::max<uint64_t>(capacity / 16, 1)) - 1;
}

}  // namespace

ChannelSubscriber::ChannelSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, ChannelParts channel_parts)
    : Subscriber(std::move(feed_core), std::move(parts)),
      channel(std::move(channel_parts.channel)),
      event(channel_parts.event),
      acknowledgements(std::move(channel_parts.acknowledgements)),
      overflow(channel_parts.overflow),
      hands_(event != nullptr || evicts() ? std::make_unique<RawElements>(channel->element(), 2) : nullptr),
      on_left_(channel_parts.on_left ? std::make_unique<LeftHook>(std::move(channel_parts.on_left)) : nullptr),
      look_mask_(LookMask(channel->capacity())) {
  if (acknowledgements) PrepareToDrain();  // It may come to its limit.
}

ChannelSubscriber::~ChannelSubscriber() = default;

bool ChannelSubscriber::Replay(Ref<KeptEvent> kept, absl::Status&) {
  if (replayed_ == nullptr) replayed_ = std::make_unique<std::deque<OwnedElement>>();
  replayed_->emplace_back(channel->element(), [&](void* to) {
    if (event != nullptr) {
      event->make(to, kept->info, kept->value(), acknowledgements);
    } else {
      channel->element().copy(to, kept->value());
    }
  });
  return true;
}

namespace {

// Whether the channel has taken `*value`. Where there is no memory for one more, an unbounded one has no room.
bool HasTaken(ChannelCore& channel, void* value, WakeList& wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(channel.mutex) {
  try {
    return channel.TrySendLocked(value, wakes) == Outcome::kDone;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

void ChannelSubscriber::StartReceiving(WakeList& wakes) {
  MutexLock lock(&channel->mutex);
  receiving = true;
  if (acknowledgements) acknowledgements->OpenLocked();
  if (replayed_ == nullptr) return;
  for (OwnedElement& value : *replayed_) {
    DeliveryHandle* const handle = event != nullptr ? event->handle(value.get()) : nullptr;
    if (handle != nullptr) handle->Offer();
    if (HasTaken(*channel, value.get(), wakes)) {
      ++taken;
    } else {
      ++untold;
      if (handle != nullptr) handle->TakeBack(wakes);
    }
  }
  lost_to_replay.Set(untold);
}

void ChannelSubscriber::StopReceiving(uint64_t send, WakeList& wakes) {
  MutexLock lock(&channel->mutex);
  receiving = false;
  // Who calls this keeps a send in progress from ending, so the delivery is the one of that send.
  if (send != 0 && waits_in_send == send) {
    const bool enlisted = delivery->linked();
    // What the channel does not take is not left. By its end the sender does the same.
    if (acknowledgements && (enlisted || delivery->outcome == Outcome::kClosed)) StagedHandle()->TakeBack(wakes);
    if (enlisted) {
      delivery->Unlink();
      delivery->outcome = Outcome::kWithdrawn;
      wakes.Add(*delivery);
    }
  }
  const bool may_await = finishing() && (drain || acknowledgements);
  if (may_await && emptying_->StartLocked()) {
    awaits_readers_ = true;
    AddRef();  // Until the wait is over.
  } else if (acknowledgements) {
    acknowledgements->CloseLocked(wakes);
  }
}

namespace {

// The wait for the receivers of a subscription that finishes.
template <typename Wait>
class FinishBy final : public Wait {
 public:
  template <typename Source>
  FinishBy(ChannelSubscriber& subscriber, const Ref<Source>& source) : Wait(source), subscriber_(subscriber) {}

 private:
  void Emptied(ReadyWork& ready) override {
    const auto subscriber = Ref<ChannelSubscriber>::Adopt(&subscriber_);  // Which owns this.
    WakeList wakes;
    subscriber->feed->HasFinished(*subscriber, absl::OkStatus(), wakes);
    wakes.WakeAll(ready);
  }

  ChannelSubscriber& subscriber_;
};

}  // namespace

void ChannelSubscriber::PrepareToDrain() {
  if (emptying_ != nullptr) return;
  if (acknowledgements) {
    emptying_ = std::make_unique<FinishBy<Settling>>(*this, acknowledgements);
  } else {
    emptying_ = std::make_unique<FinishBy<ChannelEmptying>>(*this, channel);
  }
}

bool ChannelSubscriber::StopAwaitingReaders() {
  if (emptying_ == nullptr || !emptying_->Stop()) return false;
  if (acknowledgements) {
    WakeList wakes;
    MutexLock lock(&channel->mutex);
    acknowledgements->CloseLocked(wakes);
  }
  return true;
}

bool ChannelSubscriber::HandBackLeftWithin(const Context* until) {
  if (!acknowledgements) return true;
  const ConsumerScope scope(feed.get());
  const auto hand_back = [this](const void* value) {
    if (on_left_ == nullptr) return;
    StatusOfCall([&] { (*on_left_)(value); }, [](absl::string_view) { return absl::OkStatus(); }).IgnoreError();
  };
  return acknowledgements->HandBack(hand_back, until);
}

Progress ChannelSubscriber::progress() const {
  if (acknowledgements) {
    const uint64_t acknowledged = acknowledgements->acknowledged();
    const uint64_t rest = acknowledgements->outstanding() + acknowledgements->left();
    return {.handled = acknowledged, .done = acknowledged, .end = acknowledged + rest, .left = rest};
  }
  if (emptying_ == nullptr) return {};
  const uint64_t all = emptying_->queued();
  const uint64_t received = all - emptying_->left();
  return {.handled = received, .done = received, .end = all, .left = all - received};
}

SubscriptionStats ChannelSubscriber::stats() const {
  high_water_.RaiseTo(Fill().size);
  SubscriptionStats stats = Subscriber::stats();
  stats.delivered = feed->CountTaken(*this);
  if (acknowledgements) {
    stats.outstanding = acknowledgements->outstanding();
    stats.returned = acknowledgements->returned();
  }
  return stats;
}

void ChannelSubscriber::SettleWait(bool done, WakeList& wakes) {
  MutexLock lock(&channel->mutex);
  waits_in_send = 0;
  taken += done;
  if (acknowledgements && !done) StagedHandle()->TakeBack(wakes);
}

uint64_t ChannelSubscriber::CountTaken(uint64_t send) const {
  MutexLock lock(&channel->mutex);
  return taken + (waits_in_send != 0 && waits_in_send != send);
}

}  // namespace eventbus::internal
