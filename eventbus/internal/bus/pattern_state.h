// A wildcard subscription: a part of it in the feed of each topic that it matches, now and later.
//
// Invariants:
//   N1. From `BusCore::Add` until its end it is in the bus's trie, and each topic that is made meanwhile has its part before
//       anyone else can find the topic. Topics that were there before get theirs before `Add` returns.
//   N2. It ends by leaving the trie first. What is attached after that is by `Add` itself, which finds `ended_` and takes the part
//       out again.
//   N3. Once `ended_` is set, `parts_` stays as it is until one of those that end it has waited for all parts, or who made this has
//       let it go, and nobody else is about to wait for them. Then it is emptied. So whoever ends it may wait for every part, also
//       if another has ended it without waiting, and nobody needs memory for it.
//   N4. A part refers to this, and this to its parts, until then. Who made this must let it go.
//   N5. Draining, it has left the trie, and gets no new parts. A part that is being made meanwhile, by `Add`, drains with its
//       topic: then it is the bus that drains. It ends when no part is being made, all have ended, and it has been told so of
//       each, and why. What a hard stop of the bus ends tells it as well, for the bus does not know of it any more.

#ifndef EVENTBUS_INTERNAL_BUS_PATTERN_STATE_H_
#define EVENTBUS_INTERNAL_BUS_PATTERN_STATE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/internal/bus/topic_state.h"
#include "eventbus/internal/feed/feed_observer.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/label.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/subscription/end_signal.h"
#include "eventbus/internal/subscription/subscription_state.h"
#include "eventbus/internal/waiting/waiter.h"
#include "eventbus/receive_channel.h"
#include "eventbus/source_location.h"
#include "eventbus/subscription.h"
#include "eventbus/subscription_stats.h"

namespace eventbus::internal {

class BusCore;

class PatternState : public SubscriberOwner, public ListNode<PatternState> {
 public:
  void Unsubscribe() override;
  void HandleGoes() override;
  absl::Status UnsubscribeWithin(const Context& context) override;
  SubscriptionStats stats() const override;
  ReceiveChannel<absl::Status> Err() override { return signal_.Err(); }
  bool ended() const override { return signal_.ended(); }
  Selectable& end() override { return signal_; }
  uint64_t id() const override { return id_; }
  const std::string& name() const override { return label_.name(); }
  SourceLocation location() const override { return label_.location(); }

  void RequestDrain() override;
  bool RunsHere() override;
  void AddDrained(std::vector<DrainEntry>& entries) const override;
  absl::Status Flush(const Context& context) override;

  bool counts() const override { return counts_; }
  void PartEnded(const absl::Status& reason) override;
  void PartFinished(const absl::Status& reason, WakeList& wakes) override;

  // Ends it with `reason`; waits for its handlers, but not from inside one.
  void Close(const absl::Status& reason);
  // The first half of that: nothing more is sent to it.
  void BeginToClose(const absl::Status& reason);

  // How many events may wait for it, wherever they come from; and for the part of it at `topic` alone, 0 if it takes nothing from
  // there. The largest `size_t` if there is no limit.
  virtual size_t Room() const { return 0; }
  virtual size_t RoomAt(const TopicState&) const { return 0; }
  // Of that, what has been promised; and whether the bus knows of it. Both guarded by the mutex of the bus.
  size_t promised = 0;
  bool subscribed = false;

  const std::string& pattern() const { return pattern_; }
  // The type of the topics that it is for; null if it is for all.
  const Element* element() const { return element_; }

  // Makes the part of it that is at `topic`, or counts it as one of another type.
  void AttachTo(TopicState& topic);
  // Undoes that, for a topic of which nobody knows. Requires that it is in the trie, so that it has not ended (N2).
  void DetachFrom(TopicState& topic);

  // How many topics it has a part at, and how many matched it that are of another type.
  size_t CountTopics() const;
  size_t CountClashes() const;

 protected:
  // `counts`: its parts are subscribers. `element` may be null.
  PatternState(Ref<BusCore> bus, std::string pattern, Label label, const Element* element, bool counts);
  ~PatternState() override;

  // A subscription at `topic` whose owner this is.
  virtual absl::StatusOr<Subscription> SubscribeAt(TopicState& topic) = 0;

 private:
  // Waits for its handlers while `waits` lasts, null: not at all. Its status if they had not ended by then: so they are to be waited
  // for again.
  absl::Status End(const absl::Status& reason, const Context* waits);
  // Has every part leave its feed. Returns them; they last until `Leave` (N3).
  absl::Span<const Ref<SubscriptionState>> StopParts(const absl::Status& reason);
  // `drops_parts`: they have been waited for, or will not be.
  void Leave(bool drops_parts);
  // Ends it if it drains, and all its parts have ended.
  void LookForEnd(WakeList& wakes);
  std::vector<Ref<SubscriptionState>> Parts() const;
  // The part of that number; null if there are not so many. Needs no memory.
  Ref<SubscriptionState> PartAt(size_t index) const;

  const Ref<BusCore> bus_;
  const std::string pattern_;
  const Label label_;
  const Element* const element_;
  const bool counts_;
  const uint64_t id_;
  EndSignal signal_;

  mutable Mutex mutex_;  // No other lock is taken under it.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  size_t attaching_ ABSL_GUARDED_BY(mutex_) = 0;      // Parts that are being made.
  size_t finished_ ABSL_GUARDED_BY(mutex_) = 0;       // Parts that it was told have ended.
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);      // The first of theirs.
  size_t enders_ ABSL_GUARDED_BY(mutex_) = 0;         // Those who look at the parts, and may wait for them.
  bool drops_parts_ ABSL_GUARDED_BY(mutex_) = false;  // The last of them empties `parts_`.
  SubscriptionStats of_dropped_ ABSL_GUARDED_BY(mutex_);
  size_t clashes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Ref<SubscriptionState>> parts_ ABSL_GUARDED_BY(mutex_);  // But for N3.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_PATTERN_STATE_H_
