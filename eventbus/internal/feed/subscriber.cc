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

Subscriber::Subscriber(Ref<FeedCore> feed_core, ChannelCore* its_channel, SubscriberParts parts)
    : feed(std::move(feed_core)),
      channel(its_channel),
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
    : Subscriber(std::move(feed_core), its_channel.get(), std::move(parts)), owned_(std::move(its_channel)) {}

}  // namespace eventbus::internal
