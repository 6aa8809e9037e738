// How a send waits for the subscribers that had no room, and who they are.

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "eventbus/internal/feed/executor_subscriber.h"
#include "eventbus/internal/feed/sending.h"
#include "eventbus/internal/observing/stall_watch.h"
#include "eventbus/internal/waiting/spin_backoff.h"

namespace eventbus::internal {

// The sender's place in the queue of its context.
class FeedCore::Sending::Interruption final : public SoleOperation {
 public:
  Interruption(ContextState* context, Parker& parker) : context_(context), parker_(parker) {
    waiter_.operation = this;
    if (context_ == nullptr) return;
    WakeList none;
    MutexLock lock(&context_->mutex);
    if (context_->TryComplete(waiter_, none)) {
      until_ = Instant::Past();
    } else {
      context_->Enlist(waiter_);
      enlisted_ = true;
      until_ = context_->ReadyAt(waiter_);
    }
  }

  ~Interruption() {
    if (!enlisted_) return;
    {
      MutexLock lock(&context_->mutex);
      if (waiter_.linked()) {
        waiter_.Unlink();
        return;
      }
    }
    parker_.Park(kInterrupted, Instant::Never());  // Taken out by who ends the context, and about to be woken.
  }

  Instant until() const { return until_; }

  void Wake(Waiter&, ReadyWork&) override { parker_.Unpark(kInterrupted); }

 private:
  ContextState* const context_;
  Parker& parker_;
  Waiter waiter_;
  bool enlisted_ = false;
  Instant until_ = Instant::Never();
};

bool FeedCore::Sending::AwaitDeliveries(const Context& context) {
  if (settled_) return true;
  if (CountDown(TakeOwnShare())) {
    settled_ = true;
    return true;
  }
  StayAwakeWhileTheyAreTaken();
  // Acquire, as in `CountDown`.
  if (pending_.load(std::memory_order_acquire) == 0) {
    parker_.Park(kServed, Instant::Never());  // Its token is there, or on its way.
    settled_ = true;
    return true;
  }
  Parker::Tokens woken = 0;
  {
    Interruption interruption(ContextAccess::state(context), parker_);
    woken = Sleep(interruption.until());
  }
  if (woken & kServed) {
    settled_ = true;
    return true;
  }
  return Withdraw();
}

void FeedCore::Sending::CountBlocked(const Waiter& delivery, uint64_t since) {
  static_cast<const Delivery&>(delivery).subscriber->CountBlocked(Instant(static_cast<int64_t>(since)));
}

Parker::Tokens FeedCore::Sending::Sleep(Instant until) {
  const Instant since = CoarseNow();
  slept_since_.Set(since.nanoseconds());
  const absl::Cleanup count = [&] {
    feed_.slow_sends_.Add(1);
    feed_.blocked_.Add(CoarseNow().nanoseconds() - since.nanoseconds());
  };
  StallClock clock;
  while (true) {
    const Parker::Tokens woken = parker_.Park(kServed | kInterrupted, std::min(until, clock.due()), this);
    if (woken != 0 || until <= clock.due()) return woken;
    const absl::Duration waited = clock.Pass();
    StallWatch::Get().Tell([&] {
      StallReport report = feed_.StartReport(StallReport::Cause::kQueueIsFull, waited);
      report.event = number_;
      report.not_taken_by = NotTaken();
      return report;
    });
  }
}

void FeedCore::Sending::StayAwakeWhileTheyAreTaken() const {
  SpinBackoff backoff(SpinBackoff::First::kSome);
  // Relaxed: only to see it change.
  size_t seen = pending_.load(std::memory_order_relaxed);
  while (seen != 0 && backoff.Pause()) {
    const size_t now = pending_.load(std::memory_order_relaxed);
    if (std::exchange(seen, now) != now) backoff = SpinBackoff(SpinBackoff::First::kSome);
  }
}

bool FeedCore::Sending::Withdraw() {
  size_t withdrawn = 0;
  for (size_t i = 0; i < feed_.arena_.used(); ++i) {
    if (TakeBack(feed_.arena_[i])) ++withdrawn;
  }
  if (withdrawn > 0) SetNotAllDone();
  const size_t mine = withdrawn + TakeOwnShare();
  // Whoever counts to zero leaves the token; if that is not this thread, the token is or will be there, and its waker
  // has to be waited for.
  if (mine == 0 || !CountDown(mine)) parker_.Park(kServed, Instant::Never());
  settled_ = true;
  wakes_.WakeAll();
  return withdrawn == 0;
}

bool FeedCore::Sending::TakeBack(Delivery& delivery) {
  if (!delivery.to_reader) {
    auto& subscriber = static_cast<ChannelSubscriber&>(*delivery.subscriber);
    MutexLock lock(&subscriber.channel->mutex);
    if (!delivery.linked()) return false;
    delivery.Unlink();
    if (subscriber.acknowledgements) subscriber.StagedHandle()->TakeBack(wakes_);
    return true;
  }
  auto& reader = static_cast<ExecutorSubscriber&>(*delivery.subscriber);
  if (delivery.value != nullptr || !published_) return reader.Claim() != nullptr;
  const uint64_t missed = feed_.common_.head() - 1;
  if (!Detach(reader, missed, /*waits=*/true)) return false;
  feed_.common_.PassFor(missed);
  return true;
}

std::vector<SlowSubscriber> FeedCore::Sending::NotTaken() const {
  std::vector<SlowSubscriber> slow;
  for (size_t i = 0; i < feed_.arena_.used(); ++i) {
    const Delivery& delivery = feed_.arena_[i];
    const Subscriber& subscriber = *delivery.subscriber;
    if (!subscriber.HasNotTaken(delivery)) continue;
    slow.push_back({.subscription = subscriber.id(),
                    .name = subscriber.name(),
                    .location = subscriber.location(),
                    .queue = subscriber.Fill()});
  }
  return slow;
}

void FeedCore::Sending::DescribeWait(WaiterInfo& info) const {
  feed_.DescribeAs("send to feed", info.things.emplace_back());
  info.not_taken_by = NotTaken();
  info.event = number_;
}

}  // namespace eventbus::internal
