// What follows from what happened at a subscriber: counts, losses, ends.

#include "absl/strings/str_cat.h"
#include "eventbus/internal/feed/sending.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"

namespace eventbus::internal {

void FeedCore::Sending::Tally() {
  // Relaxed: ordered by the count.
  if (all_done_.load(
          std::memory_order_relaxed)) {  // Nobody has to be looked at again, which would be a cache line each.
    result_.delivered += feed_.arena_.used();
    tallied_ = feed_.arena_.used();
    return;
  }
  while (tallied_ < feed_.arena_.used()) {
    const Delivery& delivery = feed_.arena_[tallied_++];
    Settle(delivery);
    switch (delivery.outcome) {
      case Outcome::kDone:
        CountDelivered(*delivery.subscriber);
        break;
      case Outcome::kClosed:
        EndOfClosedChannel(*delivery.subscriber);
        break;
      case Outcome::kWithdrawn:
        cut_short_ = true;
        break;
      default:
        if (const uint64_t since = slept_since_.Get(); since != 0) CountBlocked(delivery, since);
        LoseToSend(*delivery.subscriber);
        AddMissed(*delivery.subscriber);
        break;
    }
  }
}

void FeedCore::Sending::TallyRest() {
  while (tallied_ < feed_.arena_.used()) {
    const Delivery& delivery = feed_.arena_[tallied_++];
    Settle(delivery);
    if (delivery.outcome == Outcome::kDone) {
      CountDelivered(*delivery.subscriber);
    } else {
      LoseToSend(*delivery.subscriber);
    }
  }
}

void FeedCore::Sending::Settle(const Delivery& delivery) {
  if (delivery.to_reader) return;
  static_cast<ChannelSubscriber*>(delivery.subscriber)->SettleWait(delivery.outcome == Outcome::kDone, wakes_);
}

void FeedCore::Sending::LoseToSend(Subscriber& subscriber) {
  ++subscriber.untold;
  subscriber.lost_to_sends.Add(1);
  TellLoss(subscriber, value_);
}

void FeedCore::Sending::LoseToOverflow(Subscriber& subscriber, const void* value) {
  subscriber.lost_to_overflow.Add(1);
  TellLoss(subscriber, value);
}

void FeedCore::Sending::AddMissed(const Subscriber& subscriber) {
  result_.missed.push_back({.subscription = subscriber.id(), .name = subscriber.name()});
}

void FeedCore::Sending::TellLoss(Subscriber& subscriber, const void* value) {
  if (subscriber.on_lost == nullptr) return;
  const bool has_begun = IsInCallOf(subscriber);
  if (has_begun) {
    wakes_.WakeAll();
  } else if (!BeginCall(subscriber)) {
    return;
  }
  StatusOfCall(
      [&] { (*subscriber.on_lost)(value); },
      [&](absl::string_view) { return absl::OkStatus(); })  // Who reports a loss has nobody to tell of its own.
      .IgnoreError();
  if (!has_begun) EndCalls();
}

void FeedCore::Sending::Finish(Subscriber& subscriber) {
  EndCalls();        // Who hears of the end may run here, and wait for a call,
  wakes_.WakeAll();  // or for one of these.
  feed_.Finish(subscriber);
}

void FeedCore::Sending::Disconnect(Subscriber& subscriber) {
  LoseToOverflow(subscriber, value_);
  const uint64_t behind = subscriber.Queued();
  EndByItself(
      subscriber, SafeStatus(absl::StatusCode::kResourceExhausted, [&] {
        return feed_.Describe(absl::StrCat("subscription '", subscriber.name(),
                                           "' was disconnected: no room for event ", number_, ", ", behind, " behind"));
      }));
}

void FeedCore::Sending::EndOfClosedChannel(Subscriber& subscriber) {
  EndByItself(subscriber, absl::FailedPreconditionError(feed_.Describe(
                              absl::StrCat("the channel of subscription '", subscriber.name(), "' was closed"))));
}

void FeedCore::Sending::EndByItself(Subscriber& subscriber, const absl::Status& reason) {
  EndCalls();  // Who hears of the end may run here, and wait for a call.
  // Its slot is in use by this send, and keeps its reference (F4).
  if (feed_.EndByItself(subscriber, reason)) ++result_.disconnected;
}

}  // namespace eventbus::internal
