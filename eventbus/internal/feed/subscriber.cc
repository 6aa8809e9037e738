#include "eventbus/internal/feed/subscriber.h"

#include <utility>

#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/feed/handler_consumer.h"
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
      channel(std::move(parts.channel)),
      filter(std::move(parts.filter)),
      id_(NextId()),
      name_(std::move(parts.name)),
      handler_(std::move(parts.handler)),
      on_error_(std::move(parts.on_error)),
      ends_on_error_(parts.ends_on_error) {}

Subscriber::~Subscriber() = default;

bool Subscriber::Handle(const void* value, absl::Status& reason) {
  absl::Status error = StatusOfCall(
      [&] {
        const ConsumerScope scope(feed.get());
        return handler_(value);
      },
      [&](absl::string_view what) { return feed->ThrewError("handler", *this, what); });
  if (error.ok()) return true;
  Fail(error);
  if (!ends_on_error_) return true;
  reason = std::move(error);
  return false;
}

void Subscriber::Fail(const absl::Status& error) {
  errors_.fetch_add(1, std::memory_order_relaxed);
  if (!on_error_) return;
  try {
    const ConsumerScope scope(feed.get());
    on_error_(error);
  } catch (...) {
    errors_.fetch_add(1, std::memory_order_relaxed);  // A hook that fails has nobody else to tell.
  }
}

void Subscriber::Unsubscribe() { feed->Unsubscribe(*this); }

}  // namespace eventbus::internal
