// The topics of a bus, and the patterns that are subscribed to.
//
// A publisher finds its topic once; what it publishes goes through the topic's feed, where wildcard subscriptions are subscribers
// like any other. So the tries are asked only when a topic is made and when a pattern is subscribed to.
//
// Invariants:
//   U1. A topic is in `topics_`, and in `named_` and `names_` or in `of_types_`, from when it is made until the bus goes. It has
//       its parts of all matching patterns before the mutex that it was made under is released (N1).
//   U2. A pattern is in `patterns_` and `subscribed_`, and says so itself, or in neither. The bus owns one reference to those that
//       are. A list of others is its maker's own.
//   U3. Once `closed_` is set, nothing is added. So who has set it, or has seen it, finds all topics there will ever be.
//   U4. A pattern that is subscribed to has been promised the room that it needs wherever it comes from, and at each topic that has a
//       part of it, before that part is made.
//   U5. No topic has other options than those that it was made with: they are of the rule that was set last among those for its
//       name, or of who made it.
//
// The mutex is held while a new topic's feed takes its parts, and no user code runs in that: nobody sends to it, its hooks have
// not been set, and a part refers to handlers that are elsewhere.

#ifndef EVENTBUS_INTERNAL_BUS_BUS_CORE_H_
#define EVENTBUS_INTERNAL_BUS_BUS_CORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/internal/bus/bus_shared.h"
#include "eventbus/internal/bus/pattern_state.h"
#include "eventbus/internal/bus/subject_trie.h"
#include "eventbus/internal/bus/topic_state.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/subscription.h"
#include "eventbus/topic_options.h"

namespace eventbus::internal {

class BusCore final : public RefCounted {
 public:
  explicit BusCore(Ref<BusShared> shared) : shared_(std::move(shared)) {}

  BusShared& shared() const { return *shared_; }

  // The topic of that name, made by `make` if there is none. `options`, or those that were set if it is null, are for a new one.
  // `kInvalidArgument`: the name is none, or the topic carries another type; `kAlreadyExists`: it has other options;
  // `kResourceExhausted`: there are as many topics as may be; `kFailedPrecondition`: closed.
  absl::StatusOr<Ref<TopicState>> Topic(absl::string_view name, const Element& element, MakeTopic make,
                                        const TopicOptions* options);
  // The same for the topic of a type.
  absl::StatusOr<Ref<TopicState>> TopicOfType(const Element& element, MakeTopic make, const TopicOptions* options);

  // Has topics with such names have these options, if they are made later. `kAlreadyExists` if there is one that has others.
  absl::Status SetOptions(absl::string_view pattern, const TopicOptions& options);

  // Subscribes `pattern`, of which nobody else knows, to every topic that it matches, now and later.
  absl::StatusOr<Subscription> Add(Ref<PatternState> pattern);
  // Takes `pattern` out if it is still in, and returns the bus's reference to it. No topic is made meanwhile.
  Ref<PatternState> Forget(PatternState& pattern);

  // Refuses what is new, frees publishers everywhere, then ends every subscription with `reason`, and closes every topic. Returns
  // when no hook runs. True for the first call.
  bool Close(const absl::Status& reason);
  // Whether it refuses what is new: it has been closed, or drains.
  bool closed() const;

  // As `EventBus` says (`bus_drain.cc`).
  DrainReport Drain(const Context& context);
  void RequestDrain();
  absl::Status Flush(const Context& context) const;

  // What there is now, in order of age.
  std::vector<Ref<TopicState>> Topics() const;
  std::vector<Ref<PatternState>> Patterns() const;
  size_t CountTopics() const;

 private:
  ~BusCore() override;

  // Every subscription has been told to end, and the topics have been closed, or drain.
  void HasEnded();

  absl::Status CheckOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Promises the patterns that `topic` matches the room that they need there. Returns how much; `NoteRoomAt` says that they have
  // it.
  absl::StatusOr<size_t> PromiseRoomAt(const TopicState& topic) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteRoomAt(const TopicState& topic) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The topic, if it is what is asked for. `options` may be null.
  absl::StatusOr<Ref<TopicState>> CheckFound(TopicState& topic, const Element& element,
                                             const TopicOptions* options) const;
  absl::StatusOr<Ref<TopicState>> MakeLocked(std::string name, bool is_of_type, MakeTopic make,
                                             const TopicOptions& options) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckOptions(const TopicOptions& options) const;
  absl::Status HasOtherOptions(const TopicState& topic) const;
  // Those that were set for topics of that name.
  TopicOptions OptionsFor(absl::string_view name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Ref<PatternState> ForgetLocked(PatternState& pattern) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same with the oldest; null if there is none.
  Ref<PatternState> ForgetFirst();

  struct OptionsRule {
    uint64_t number;  // One that was set later has a larger one.
    TopicOptions options;
  };

  const Ref<BusShared> shared_;

  mutable Mutex mutex_;                           // Feeds' membership mutexes may be taken under it.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;   // Or draining.
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;  // `Close` was called.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;    // Of the end, nothing but the topics' is missing.
  size_t topic_count_ ABSL_GUARDED_BY(mutex_) = 0;
  List<TopicState> topics_ ABSL_GUARDED_BY(mutex_);  // Each with a reference.
  // Not Abseil's tables, which do not survive an allocation that fails.
  std::unordered_map<absl::string_view, TopicState*, absl::Hash<absl::string_view>> named_ ABSL_GUARDED_BY(mutex_);
  SubjectTrie<TopicState> names_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<const Element*, TopicState*> of_types_ ABSL_GUARDED_BY(mutex_);
  List<PatternState> subscribed_ ABSL_GUARDED_BY(mutex_);  // Each with a reference.
  SubjectTrie<PatternState> patterns_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_rule_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, OptionsRule, std::less<>> rules_ ABSL_GUARDED_BY(mutex_);
  SubjectTrie<const OptionsRule> rules_for_ ABSL_GUARDED_BY(mutex_);  // Those, by what they are for.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_BUS_CORE_H_
