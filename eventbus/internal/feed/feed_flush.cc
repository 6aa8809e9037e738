// How a flush waits for those who have yet to handle what was sent before it.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eventbus/internal/choosing/await.h"
#include "eventbus/internal/feed/channel_emptying.h"
#include "eventbus/internal/feed/feed_core.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/waiting/event.h"

namespace eventbus::internal {

namespace {

// A wait for receivers: shared by who waits and the receiver that ends the wait.
class ReadersFlush : public RefCounted {
 public:
  virtual ReadersWait& wait() = 0;
  Event& emptied() { return emptied_; }

 protected:
  void HasEnded(ReadyWork& ready) {
    WakeList wakes;
    emptied_.Happen(wakes);
    wakes.WakeAll(ready);
    DropRef();
  }

 private:
  EventCalled<"channel to be emptied"> emptied_;
};

template <typename Wait>
class ReadersFlushBy final : public ReadersFlush, private Wait {
 public:
  template <typename Source>
  explicit ReadersFlushBy(const Ref<Source>& source) : Wait(source) {}

  ReadersWait& wait() override { return *this; }

 private:
  void Emptied(ReadyWork& ready) override { HasEnded(ready); }
};

Ref<ReadersFlush> FlushOf(ChannelSubscriber& subscriber) {
  if (subscriber.acknowledgements) return MakeRef<ReadersFlushBy<Settling>>(subscriber.acknowledgements);
  return MakeRef<ReadersFlushBy<ChannelEmptying>>(subscriber.channel);
}

}  // namespace

struct FeedCore::FlushTarget {
  Ref<Subscriber> subscriber;
  uint64_t done = 0;
  // Of one whose receivers have to do it. While it waits, it has a reference to itself.
  Ref<ReadersFlush> readers = {};

  // Whether that is so by now, or has become so when `context` is done.
  bool Await(FeedCore& feed, const Context& context) const {
    Awaited handled = {.subscriber = subscriber.get(), .done = done};
    const Arm arm =
        readers ? Arm{.target = &readers->emptied()} : Arm{.target = &feed.user_code_end_, .value = &handled};
    return internal::Await(arm, context) == Outcome::kDone || internal::Await(arm, Instant::Past()) == Outcome::kDone;
  }
  // How many values are missing.
  uint64_t CountLeft() const {
    if (readers) return readers->wait().left();
    const uint64_t so_far = subscriber->progress().done;
    return done > so_far ? done - so_far : 0;
  }
};

// Of one flush.
struct FeedCore::FlushTargets {
  FlushTargets() = default;
  FlushTargets(const FlushTargets&) = delete;
  FlushTargets& operator=(const FlushTargets&) = delete;
  ~FlushTargets() {
    for (const FlushTarget& target : all) {
      if (!target.readers) {
        target.subscriber->flushers()->fetch_sub(1, std::memory_order_relaxed);
      } else if (target.readers->wait().Stop()) {
        target.readers->DropRef();
      }
    }
  }

  std::vector<FlushTarget> all;
};

void FeedCore::AddTarget(Subscriber& subscriber, FlushTargets& flush) {
  std::vector<FlushTarget>& targets = flush.all;
  if (Atomic<uint32_t>* const flushers = subscriber.flushers()) {
    targets.push_back({.subscriber = Ref<Subscriber>(&subscriber), .done = subscriber.progress().end});
    flushers->fetch_add(1, std::memory_order_seq_cst);  // To be followed by the fence.
    return;
  }
  if (subscriber.way() != Subscriber::Way::kChannel && subscriber.way() != Subscriber::Way::kSpecialChannel) return;
  auto& its_channel = static_cast<ChannelSubscriber&>(subscriber);
  const Ref<ReadersFlush> readers = FlushOf(its_channel);
  targets.push_back({.subscriber = Ref<Subscriber>(&subscriber), .readers = readers});
  bool waits;
  {
    MutexLock lock(&its_channel.channel->mutex);
    waits = readers->wait().StartLocked();
    if (waits) readers->AddRef();
  }
  if (!waits) targets.pop_back();
}

absl::Status FeedCore::Flush(const Context& context) {
  const Ref<FeedCore> kept(this);
  if (WouldAwaitItself()) return RefuseFlush();
  if (context.done()) return context.status();
  FlushTargets targets;
  {
    MutexLock lock(&membership_);
    // Under the mutexes, which the analysis does not see from inside a function object.
    VisitMembersLocked([&](Subscriber& subscriber) ABSL_NO_THREAD_SAFETY_ANALYSIS { AddTarget(subscriber, targets); });
    MutexLock ends(&endings_);
    alive_.ForEach([&](Subscriber& subscriber) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      if (subscriber.finishing()) AddTarget(subscriber, targets);
    });
  }
  return AwaitTargets(targets, context);
}

absl::Status FeedCore::Flush(Subscriber& subscriber, const Context& context) {
  const Ref<FeedCore> kept(this);
  if (WouldAwaitItself(subscriber)) return RefuseFlush();
  if (context.done()) return context.status();
  FlushTargets targets;
  {
    MutexLock lock(&membership_);
    const bool lasts =
        subscriber.member.load(std::memory_order_relaxed) || (subscriber.finishing() && !subscriber.ended());
    if (lasts) AddTarget(subscriber, targets);
  }
  return AwaitTargets(targets, context);
}

absl::Status FeedCore::RefuseFlush() const {
  return absl::FailedPreconditionError(Describe("Flush from inside a filter or handler would wait for itself"));
}

absl::Status FeedCore::AwaitTargets(const FlushTargets& targets, const Context& context) {
  AsymmetricFence::
      Heavy();  // With the counts of `AddTarget`: who has handled a value sees that it is waited for, or is seen.
  bool late = false;
  for (const FlushTarget& target : targets.all) late |= !target.Await(*this, context);
  if (!late) return absl::OkStatus();
  return SafeStatus(context.status().code(), [&] {
    constexpr int kNamed = 8;
    int named = 0;
    std::string missing;
    for (const FlushTarget& target : targets.all) {
      const uint64_t left = target.CountLeft();
      if (left == 0) continue;
      if (++named > kNamed) continue;
      absl::StrAppend(&missing, named == 1 ? "" : ", ", "'", target.subscriber->name(), "' has ", left, " left");
    }
    if (named > kNamed) absl::StrAppend(&missing, ", and ", named - kNamed, " more");
    return Describe(absl::StrCat("not flushed in time: ", missing));
  });
}

}  // namespace eventbus::internal
