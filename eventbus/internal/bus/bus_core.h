// The topics of a bus, and the patterns that are subscribed to.
//
// A publisher finds its topic once; what it publishes goes through the topic's feed, where wildcard subscriptions are subscribers
// like any other. So the tries are asked only when a topic is made and when a pattern is subscribed to.
//
// Invariants:
//   U1. A topic is in `topics_`, and in `named_` and `names_` or in `of_types_`, from when it is made until the bus goes. It has
//       its parts of all matching patterns before the mutex that it was made under is released (N1).
//   U2. A pattern is in `patterns_` and `subscribed_` or in neither, and the bus owns one reference to those that are.
//   U3. Once `closed_` is set, nothing is added.
//
// The mutex is held while a new topic's feed takes its parts, and no user code runs in that: nobody sends to it, its hooks have
// not been set, and a part refers to handlers that are elsewhere.

#ifndef EVENTBUS_INTERNAL_BUS_BUS_CORE_H_
#define EVENTBUS_INTERNAL_BUS_BUS_CORE_H_

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventbus/internal/bus/bus_shared.h"
#include "eventbus/internal/bus/pattern_state.h"
#include "eventbus/internal/bus/subject_trie.h"
#include "eventbus/internal/bus/topic_state.h"
#include "eventbus/internal/ground/element.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/subscription.h"

namespace eventbus::internal {

class BusCore final : public RefCounted {
 public:
  explicit BusCore(Ref<BusShared> shared) : shared_(std::move(shared)) {}

  BusShared& shared() const { return *shared_; }

  // The topic of that name, made by `make` if there is none. `kInvalidArgument`: the name is none, or the topic carries another
  // type; `kResourceExhausted`: there are as many topics as may be; `kFailedPrecondition`: closed.
  absl::StatusOr<Ref<TopicState>> Topic(absl::string_view name, const Element& element, MakeTopic make);
  // The same for the topic of a type.
  absl::StatusOr<Ref<TopicState>> TopicOfType(const Element& element, MakeTopic make);

  // Subscribes `pattern`, of which nobody else knows, to every topic that it matches, now and later.
  absl::StatusOr<Subscription> Add(Ref<PatternState> pattern);
  // Takes `pattern` out if it is still in, and returns the bus's reference to it. No topic is made meanwhile.
  Ref<PatternState> Forget(PatternState& pattern);

  // Refuses what is new, ends every subscription with `reason`, and closes every topic. Returns when no hook runs. True for the
  // first call.
  bool Close(const absl::Status& reason);
  bool closed() const;

  // What there is now, in order of age.
  std::vector<Ref<TopicState>> Topics() const;
  std::vector<Ref<PatternState>> Patterns() const;
  size_t CountTopics() const;

 private:
  ~BusCore() override;

  absl::Status CheckOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Ref<TopicState>> CheckType(TopicState& topic, const Element& element) const;
  absl::StatusOr<Ref<TopicState>> MakeLocked(std::string name, bool is_of_type, MakeTopic make)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Ref<PatternState> FirstPattern() const;

  const Ref<BusShared> shared_;

  mutable Mutex mutex_;  // Feeds' membership mutexes may be taken under it.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  size_t topic_count_ ABSL_GUARDED_BY(mutex_) = 0;
  List<TopicState> topics_ ABSL_GUARDED_BY(mutex_);  // Each with a reference.
  // Not Abseil's tables, which do not survive an allocation that fails.
  std::unordered_map<absl::string_view, TopicState*, absl::Hash<absl::string_view>> named_ ABSL_GUARDED_BY(mutex_);
  SubjectTrie<TopicState> names_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<const Element*, TopicState*> of_types_ ABSL_GUARDED_BY(mutex_);
  List<PatternState> subscribed_ ABSL_GUARDED_BY(mutex_);  // Each with a reference.
  SubjectTrie<PatternState> patterns_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_BUS_CORE_H_
