#include "eventbus/event_bus.h"

#include <utility>

#include "eventbus/internal/bus/bus_shared.h"
#include "eventbus/internal/bus/erased_pattern.h"
#include "eventbus/internal/bus/pattern_state.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/feed/subscriber.h"
#include "eventbus/internal/ground/safe_status.h"

namespace eventbus {

using internal::BusCore;
using internal::BusShared;
using internal::ErasedPattern;
using internal::FeedCore;
using internal::MakeRef;
using internal::PatternState;
using internal::Ref;
using internal::Subscriber;
using internal::TopicState;

EventBus::EventBus(EventBusOptions options)
    : core_(MakeRef<BusCore>(MakeRef<BusShared>(std::move(options.name), options.max_topics, options.max_subscriptions,
                                                options.max_queued, std::move(options.on_unheard)))) {}

EventBus::~EventBus() {
  Close(
      internal::SafeStatus(absl::StatusCode::kCancelled, [this] { return core_->shared().Describe("was destroyed"); }));
}

absl::StatusOr<Subscription> EventBus::AddErased(absl::string_view pattern, ErasedHandler handler,
                                                 AnySubscribeOptions options, bool is_tap, SourceLocation location) {
  if (absl::Status invalid = internal::CheckPattern(pattern); !invalid.ok()) return invalid;
  return core_->Add(MakeRef<ErasedPattern>(core_, std::string(pattern), std::move(options.name), location,
                                           is_tap ? ErasedPattern::Kind::kTap : ErasedPattern::Kind::kSubscriber,
                                           std::move(handler), std::move(options.on_error), options.ends_on_error));
}

absl::Status EventBus::NobodyToAsk(absl::string_view topic) const {
  return absl::UnavailableError(core_->shared().Describe(absl::StrCat("nobody answers on topic '", topic, "'")));
}

namespace {

std::vector<SubscriberStats> StatsOfSubscribers(const FeedCore& topic) {
  std::vector<SubscriberStats> all;
  for (const Ref<Subscriber>& subscriber : topic.Subscribers()) {
    // Of a topic's subscribers only the parts of patterns are owned.
    const auto* const pattern = static_cast<const PatternState*>(subscriber->owner.get());
    if (pattern != nullptr && !pattern->counts()) continue;
    all.push_back({.id = subscriber->id(),
                   .name = subscriber->name(),
                   .pattern = pattern == nullptr ? "" : pattern->pattern(),
                   .counts = subscriber->stats()});
  }
  return all;
}

}  // namespace

BusStats EventBus::Stats() const {
  const BusShared& shared = core_->shared();
  BusStats stats;
  stats.name = shared.name;
  stats.subscriptions = shared.subscriptions();
  stats.max_subscriptions = shared.max_subscriptions;
  stats.max_topics = shared.max_topics;
  stats.room = shared.room();
  stats.max_queued = shared.max_queued;
  for (const Ref<TopicState>& topic : core_->Topics()) {
    // Before what has been published, so that it is never more.
    const uint64_t unheard = topic->unheard();
    const FeedStats feed = topic->core().stats();
    stats.topics.push_back({.name = topic->name(),
                            .type = std::string(topic->element().name()),
                            .is_of_type = topic->is_of_type(),
                            .published = feed.sends,
                            .unheard = unheard,
                            .subscribers = topic->presence().subscribers(),
                            .waiting = feed.senders_waiting,
                            .slow = feed.slow_sends,
                            .blocked = feed.blocked,
                            .lost = feed.lost,
                            .subscriptions = StatsOfSubscribers(topic->core())});
  }
  for (const Ref<PatternState>& pattern : core_->Patterns()) {
    stats.patterns.push_back({.pattern = pattern->pattern(),
                              .name = pattern->name(),
                              .type = pattern->element() == nullptr ? "" : std::string(pattern->element()->name()),
                              .is_tap = !pattern->counts(),
                              .topics = pattern->CountTopics(),
                              .clashes = pattern->CountClashes()});
  }
  return stats;
}

std::string EventBus::Dump() const {
  const BusStats stats = Stats();
  std::string text = absl::StrCat(core_->shared().Describe(closed() ? "closed" : "open"), ", ", stats.topics.size(),
                                  " topics, ", stats.subscriptions, " subscriptions\n", stats.ToTable());
  for (const PatternStats& pattern : stats.patterns) {
    absl::StrAppend(&text, pattern.is_tap ? "tap" : "pattern", " '", pattern.pattern, "'",
                    pattern.name.empty() ? "" : absl::StrCat(" of '", pattern.name, "'"), ": ",
                    pattern.type.empty() ? "every type" : pattern.type, ", ", pattern.topics, " topics");
    if (pattern.clashes > 0) absl::StrAppend(&text, ", ", pattern.clashes, " of another type");
    text += "\n";
  }
  return text;
}

}  // namespace eventbus
