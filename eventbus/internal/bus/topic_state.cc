#include "eventbus/internal/bus/topic_state.h"

#include "absl/strings/string_view.h"
#include "eventbus/any_event.h"
#include "eventbus/internal/ground/status_of_call.h"

namespace eventbus::internal {

TopicState::TopicState(const Ref<BusShared>& shared, bool is_of_type, const TopicOptions& options,
                       const Element& element, const FeedBase& feed)
    : element_(element),
      is_of_type_(is_of_type),
      options_(options == kPlainTopic ? nullptr : std::make_unique<const TopicOptions>(options)),
      shared_(shared),
      core_(&FeedAccess::core(feed)),
      presence_(MakeRef<Presence>(shared)) {
  core_->SetObserver(presence_);
}

void TopicState::MaybeUnheard(const SendResult& result, const void* value) {
  if (!result.status.ok() || result.dropped != 0 || result.disconnected != 0) return;
  unheard_.fetch_add(1, std::memory_order_relaxed);
  if (!shared_->on_unheard) return;
  StatusOfCall([&] { shared_->on_unheard(AnyEvent(*core_, element_, result.sequence, value)); },
               [](absl::string_view) { return absl::OkStatus(); })
      .IgnoreError();
}

}  // namespace eventbus::internal
