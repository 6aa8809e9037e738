#include "eventbus/internal/bus/bus_core.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace eventbus::internal {

namespace {

// No more than all.
size_t Sum(size_t a, size_t b) {
  return a > std::numeric_limits<size_t>::max() - b ? std::numeric_limits<size_t>::max() : a + b;
}

// As they are compared and used.
TopicOptions Normal(TopicOptions options) {
  options.history = std::max(options.history, options.replay);
  return options;
}

}  // namespace

BusCore::~BusCore() {
  while (TopicState* const topic = topics_.PopFront()) topic->DropRef();
}

absl::Status BusCore::CheckOpen() const {
  if (!closed_) return absl::OkStatus();
  return absl::FailedPreconditionError(shared_->Describe("is closed"));
}

absl::StatusOr<Ref<TopicState>> BusCore::CheckFound(TopicState& topic, const Element& element,
                                                    const TopicOptions* options) const {
  if (&topic.element() != &element) {
    return absl::InvalidArgumentError(shared_->Describe(
        absl::StrCat("topic '", topic.name(), "' carries ", topic.element().name(), ", not ", element.name())));
  }
  if (options != nullptr && Normal(*options) != topic.options()) return HasOtherOptions(topic);
  return Ref<TopicState>(&topic);
}

absl::Status BusCore::HasOtherOptions(const TopicState& topic) const {
  return absl::AlreadyExistsError(
      shared_->Describe(absl::StrCat("topic '", topic.name(), "' has been made, with other options")));
}

absl::Status BusCore::CheckOptions(const TopicOptions& options) const {
  if (options.capacity <= static_cast<size_t>(std::numeric_limits<std::ptrdiff_t>::max())) return absl::OkStatus();
  return absl::InvalidArgumentError(shared_->Describe("options of a topic: capacity is too large"));
}

TopicOptions BusCore::OptionsFor(absl::string_view name) const {
  const OptionsRule* last = nullptr;
  rules_for_.VisitPatternsFor(name, [&](const OptionsRule& rule) {
    if (last == nullptr || rule.number > last->number) last = &rule;
  });
  return last == nullptr ? TopicOptions() : last->options;
}

absl::Status BusCore::SetOptions(absl::string_view pattern, const TopicOptions& options) {
  if (absl::Status invalid = CheckPattern(pattern); !invalid.ok()) return invalid;
  if (absl::Status invalid = CheckOptions(options); !invalid.ok()) return invalid;
  MutexLock lock(&mutex_);
  if (absl::Status refused = CheckOpen(); !refused.ok()) return refused;
  const TopicOptions normal = Normal(options);
  const TopicState* other = nullptr;
  names_.VisitNamesFor(pattern, [&](const TopicState& topic) {
    if (topic.options() != normal) other = &topic;
  });
  if (other != nullptr) return HasOtherOptions(*other);
  const auto [rule, is_new] = rules_.try_emplace(std::string(pattern));
  if (is_new) {
    // Under the mutex, which the analysis does not see from inside a function object.
    absl::Cleanup erase = [&, added = rule]() ABSL_NO_THREAD_SAFETY_ANALYSIS { rules_.erase(added); };
    rules_for_.Insert(pattern, rule->second);
    std::move(erase).Cancel();
  }
  rule->second = {.number = ++last_rule_, .options = normal};
  return absl::OkStatus();
}

absl::StatusOr<Ref<TopicState>> BusCore::Topic(absl::string_view name, const Element& element, MakeTopic make,
                                               const TopicOptions* options) {
  {
    MutexLock lock(&mutex_);
    if (absl::Status refused = CheckOpen(); !refused.ok()) return refused;
    const auto found = named_.find(name);
    if (found != named_.end()) return CheckFound(*found->second, element, options);
  }
  if (absl::Status invalid = CheckName(name); !invalid.ok()) return invalid;
  MutexLock lock(&mutex_);
  if (absl::Status refused = CheckOpen(); !refused.ok()) return refused;
  const auto found = named_.find(name);
  if (found != named_.end()) return CheckFound(*found->second, element, options);
  return MakeLocked(std::string(name), /*is_of_type=*/false, make, options ? *options : OptionsFor(name));
}

absl::StatusOr<Ref<TopicState>> BusCore::TopicOfType(const Element& element, MakeTopic make,
                                                     const TopicOptions* options) {
  MutexLock lock(&mutex_);
  if (absl::Status refused = CheckOpen(); !refused.ok()) return refused;
  const auto found = of_types_.find(&element);
  if (found != of_types_.end()) return CheckFound(*found->second, element, options);
  return MakeLocked(std::string(element.name()), /*is_of_type=*/true, make, options ? *options : TopicOptions());
}

absl::StatusOr<Ref<TopicState>> BusCore::MakeLocked(std::string name, bool is_of_type, MakeTopic make,
                                                    const TopicOptions& options) {
  if (absl::Status invalid = CheckOptions(options); !invalid.ok()) return invalid;
  if (topic_count_ >= shared_->max_topics) {
    return absl::ResourceExhaustedError(shared_->Describe(absl::StrCat(
        "has ", topic_count_, " topics, and may have no more than ", shared_->max_topics, ": not '", name, "'")));
  }
  Ref<TopicState> topic = make(shared_, is_of_type, std::move(name), Normal(options));
  if (is_of_type) {
    of_types_.emplace(&topic->element(), topic.get());
  } else {
    absl::StatusOr<size_t> promised = PromiseRoomAt(*topic);
    if (!promised.ok()) return promised.status();
    absl::Cleanup give_back = [&] { shared_->GiveRoomBack(*promised); };
    named_.emplace(topic->name(), topic.get());
    // Under the mutex, which the analysis does not see from inside a function object.
    absl::Cleanup erase = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { named_.erase(topic->name()); };
    names_.Insert(topic->name(), *topic);
    absl::Cleanup remove = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { names_.Remove(topic->name(), *topic); };
    size_t attached = 0;
    absl::Cleanup detach = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      // In the order of the visit that failed.
      patterns_.VisitPatternsFor(topic->name(), [&](PatternState& pattern) {
        if (attached == 0) return;
        --attached;
        pattern.DetachFrom(*topic);
      });
    };
    patterns_.VisitPatternsFor(topic->name(), [&](PatternState& pattern) {  // U1
      pattern.AttachTo(*topic);
      ++attached;
    });
    NoteRoomAt(*topic);
    std::move(detach).Cancel();
    std::move(remove).Cancel();
    std::move(erase).Cancel();
    std::move(give_back).Cancel();
  }
  topic->AddRef();  // The bus's own.
  topics_.PushBack(*topic);
  ++topic_count_;
  return topic;
}

absl::StatusOr<size_t> BusCore::PromiseRoomAt(const TopicState& topic) {
  if (shared_->max_queued == BusShared::kNoLimit) return 0;
  size_t room = 0;
  patterns_.VisitPatternsFor(topic.name(), [&](PatternState& pattern) { room = Sum(room, pattern.RoomAt(topic)); });
  absl::Status refused = shared_->TakeRoom(room, "wildcards at topic", topic.name());
  if (!refused.ok()) return refused;
  return room;
}

void BusCore::NoteRoomAt(const TopicState& topic) {
  if (shared_->max_queued == BusShared::kNoLimit) return;
  patterns_.VisitPatternsFor(topic.name(), [&](PatternState& pattern) { pattern.promised += pattern.RoomAt(topic); });
}

absl::StatusOr<Subscription> BusCore::Add(Ref<PatternState> pattern) {
  if (absl::Status refused = shared_->CountIn(); !refused.ok()) return refused;
  absl::Cleanup count_out = [&] { shared_->CountOut(); };
  size_t promised = 0;
  absl::Cleanup give_back = [&] { shared_->GiveRoomBack(promised); };
  std::vector<Ref<TopicState>> present;
  {
    MutexLock lock(&mutex_);
    if (absl::Status refused = CheckOpen(); !refused.ok()) return refused;
    size_t room = pattern->Room();
    names_.VisitNamesFor(pattern->pattern(), [&](TopicState& topic) {
      present.emplace_back(&topic);
      room = Sum(room, pattern->RoomAt(topic));
    });
    if (absl::Status refused = shared_->TakeRoom(room, "pattern", pattern->pattern()); !refused.ok()) return refused;
    promised = room;  // U4
    patterns_.Insert(pattern->pattern(), *pattern);
    pattern->promised = promised;
    pattern->AddRef();  // The bus's own.
    pattern->subscribed = true;
    subscribed_.PushBack(*pattern);
  }
  std::move(count_out).Cancel();
  std::move(give_back).Cancel();
  Subscription subscription = SubscriptionAccess::Make(pattern);  // Ends it if there is no memory for the rest.
  for (const Ref<TopicState>& topic : present) pattern->AttachTo(*topic);
  return subscription;
}

Ref<PatternState> BusCore::Forget(PatternState& pattern) {
  MutexLock lock(&mutex_);
  return pattern.subscribed ? ForgetLocked(pattern) : Ref<PatternState>();
}

Ref<PatternState> BusCore::ForgetFirst() {
  MutexLock lock(&mutex_);
  return subscribed_.empty() ? Ref<PatternState>() : ForgetLocked(*subscribed_.front());
}

Ref<PatternState> BusCore::ForgetLocked(PatternState& pattern) {
  pattern.subscribed = false;
  pattern.Unlink();
  patterns_.Remove(pattern.pattern(), pattern);
  shared_->GiveRoomBack(std::exchange(pattern.promised, 0));
  shared_->CountOut();
  return Ref<PatternState>::Adopt(&pattern);
}

bool BusCore::Close(const absl::Status& reason) {
  {
    MutexLock lock(&mutex_);
    if (std::exchange(stopped_, true)) return false;
    closed_ = true;
  }
  // Without the mutex, for nothing is added (U3).
  const auto for_all = [this](auto&& call) ABSL_NO_THREAD_SAFETY_ANALYSIS { topics_.ForEach(call); };
  // First nothing more is sent, anywhere, and nobody waits; for a handler at one topic may publish to another, and be waited for
  // below.
  List<PatternState> ending;  // Each with a reference.
  while (Ref<PatternState> pattern = ForgetFirst()) {
    pattern->BeginToClose(reason);
    ending.PushBack(*pattern.Release());
  }
  for_all([](TopicState& topic) { topic.core().BeginToClose(); });
  while (PatternState* const pattern = ending.PopFront()) Ref<PatternState>::Adopt(pattern)->Close(reason);
  for_all([&](TopicState& topic) { topic.core().FinishClosing(reason); });
  HasEnded();
  for_all([](TopicState& topic) { topic.presence().Settle(); });
  return true;
}

void BusCore::HasEnded() {
  {
    MutexLock lock(&mutex_);
    if (std::exchange(ended_, true)) return;
  }
  WakeList wakes;
  shared_->OneHasEnded(wakes);
}

bool BusCore::closed() const {
  MutexLock lock(&mutex_);
  return closed_;
}

std::vector<Ref<TopicState>> BusCore::Topics() const {
  std::vector<Ref<TopicState>> topics;
  MutexLock lock(&mutex_);
  topics.reserve(topic_count_);
  topics_.ForEach([&](TopicState& topic) { topics.emplace_back(&topic); });
  return topics;
}

std::vector<Ref<PatternState>> BusCore::Patterns() const {
  std::vector<Ref<PatternState>> patterns;
  MutexLock lock(&mutex_);
  subscribed_.ForEach([&](PatternState& pattern) { patterns.emplace_back(&pattern); });
  return patterns;
}

size_t BusCore::CountTopics() const {
  MutexLock lock(&mutex_);
  return topic_count_;
}

}  // namespace eventbus::internal
