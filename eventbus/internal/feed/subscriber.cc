#include "eventbus/internal/feed/subscriber.h"

#include <utility>

#include "eventbus/internal/feed/feed_core.h"

namespace eventbus::internal {

namespace {

Atomic<uint64_t> last_id{0};

uint64_t NextId() {
  return last_id.fetch_add(1, std::memory_order_relaxed) + 1;  // Relaxed: only uniqueness matters.
}

// Null for what is empty.
template <typename Kept, typename T>
std::unique_ptr<Kept> KeepUnless(bool empty, T& value) {
  return empty ? nullptr : std::make_unique<Kept>(std::move(value));
}

}  // namespace

Subscriber::Subscriber(Ref<FeedCore> feed_core, SubscriberParts parts)
    : feed(std::move(feed_core)),
      filter(KeepUnless<ErasedFilter>(!parts.filter, parts.filter)),
      on_lost(KeepUnless<LossHook>(!parts.on_lost, parts.on_lost)),
      owner(std::move(parts.owner)),
      id_(NextId()),
      name_(KeepUnless<const std::string>(parts.name.empty(), parts.name)),
      picky_(filter != nullptr || parts.limit != 0 || parts.replay != 0),
      left(parts.limit) {}

Subscriber::~Subscriber() = default;

const std::string& Subscriber::name() const {
  static const std::string& none = *new std::string;
  return name_ ? *name_ : none;
}

void Subscriber::Unsubscribe() { feed->Unsubscribe(*this); }

ChannelSubscriber::ChannelSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, ChannelParts channel_parts)
    : Subscriber(std::move(feed_core), std::move(parts)),
      channel(std::move(channel_parts.channel)),
      event(channel_parts.event),
      overflow(channel_parts.overflow),
      hands_(event != nullptr || evicts() ? std::make_unique<RawElements>(channel->element(), 2) : nullptr) {}

bool ChannelSubscriber::Replay(Ref<KeptEvent> kept, absl::Status&) {
  if (replayed_ == nullptr) replayed_ = std::make_unique<std::deque<OwnedElement>>();
  replayed_->emplace_back(channel->element(), [&](void* to) {
    if (event != nullptr) {
      event->make(to, kept->info, kept->value());
    } else {
      channel->element().copy(to, kept->value());
    }
  });
  return true;
}

void ChannelSubscriber::StartReceiving(WakeList& wakes) {
  MutexLock lock(&channel->mutex);
  receiving = true;
  if (replayed_ == nullptr) return;
  for (OwnedElement& value : *replayed_) {
    if (channel->TrySendLocked(value.get(), wakes) != Outcome::kDone) ++untold;
  }
  lost.store(untold, std::memory_order_relaxed);
}

void ChannelSubscriber::StopReceiving(uint64_t send, WakeList& wakes) {
  MutexLock lock(&channel->mutex);
  receiving = false;
  // Who calls this keeps a send in progress from ending, so the delivery is the one of that send.
  if (send == 0 || waits_in_send != send || !delivery->linked()) return;
  delivery->Unlink();
  delivery->outcome = Outcome::kWithdrawn;
  wakes.Add(*delivery);
}

}  // namespace eventbus::internal
