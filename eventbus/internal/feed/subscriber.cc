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
      id_(NextId()),
      name_(KeepUnless<const std::string>(parts.name.empty(), parts.name)) {}

Subscriber::~Subscriber() = default;

const std::string& Subscriber::name() const {
  static const std::string& none = *new std::string;
  return name_ ? *name_ : none;
}

void Subscriber::Unsubscribe() { feed->Unsubscribe(*this); }

ChannelSubscriber::ChannelSubscriber(Ref<FeedCore> feed_core, SubscriberParts parts, Ref<ChannelCore> its_channel)
    : Subscriber(std::move(feed_core), std::move(parts)), channel(std::move(its_channel)) {}

void ChannelSubscriber::StartReceiving() {
  MutexLock lock(&channel->mutex);
  receiving = true;
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
