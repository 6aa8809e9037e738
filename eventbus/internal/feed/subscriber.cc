#include "eventbus/internal/feed/subscriber.h"

#include <utility>

#include "eventbus/internal/feed/feed_core.h"

namespace eventbus::internal {

namespace {

Atomic<uint64_t> last_id{0};

uint64_t NextId() {
  return last_id.fetch_add(1, std::memory_order_relaxed) + 1;  // Relaxed: only uniqueness matters.
}

}  // namespace

Subscriber::Subscriber(Ref<FeedCore> feed_core, Ref<ChannelCore> channel_core, std::string name, ErasedFilter wanted)
    : feed(std::move(feed_core)),
      channel(std::move(channel_core)),
      filter(std::move(wanted)),
      id_(NextId()),
      name_(std::move(name)) {}

void Subscriber::Unsubscribe() { feed->Unsubscribe(*this); }

}  // namespace eventbus::internal
