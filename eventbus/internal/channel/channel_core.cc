#include "eventbus/internal/channel/channel_core.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/base/attributes.h"
#include "eventbus/internal/waiting/spin_backoff.h"
#include "eventbus/internal/waiting/thread_wait.h"

namespace eventbus::internal {

ChannelCore::ChannelCore(const Element& element, size_t capacity, Label label)
    : ring_(capacity >= kLeastSplitCapacity && capacity != kUnboundedCapacity ? SplitRing::Make(element, capacity)
                                                                              : nullptr),
      label_(std::move(label)) {
  if (ring_ != nullptr) {
    std::construct_at(&stored_.sender, *ring_);
  } else {
    std::construct_at(&stored_.queue, element, capacity);
  }
}

ChannelCore::~ChannelCore() {
  if (ring_ != nullptr) {
    SplitRing::Free(ring_, stored_.sender);
    std::destroy_at(&stored_.sender);
  } else {
    std::destroy_at(&stored_.queue);
  }
}

Outcome ChannelCore::TrySendFullyLocked(void* value, WakeList& wakes) {
  if (closed_.load(std::memory_order_relaxed)) return Outcome::kClosed;
  if (Waiter* receiver = receivers_.PopClaimed()) {  // I1: nothing is queued that it should get first.
    element().move(receiver->value, value);
    receiver->outcome = Outcome::kDone;
    wakes.Add(*receiver);
    return Outcome::kDone;
  }
  if (ring_ != nullptr) return TrySendToRing(value);
  if (stored_.queue.full()) return Outcome::kNotReady;
  stored_.queue.Push(value);
  HaveChanged();
  return Outcome::kDone;
}

Outcome ChannelCore::TrySendToRing(void* value) {
  if (!stored_.sender.HasRoom(*ring_)) {
    MutexLock lock(&ring_->mutex);
    if (!stored_.sender.HasRoom(*ring_)) {
      ring_->needs_channel = true;  // R3: now it stays full, and the sender may wait (I2).
      return Outcome::kNotReady;
    }
  }
  stored_.sender.Send(value);
  HaveChanged();
  return Outcome::kDone;
}

Outcome ChannelCore::TryReceiveLocked(void* to, WakeList& wakes) {
  if (ring_ != nullptr) {
    if (TryReceiveFromRing(to, wakes)) {
      HaveReceived(wakes);
      return Outcome::kDone;
    }
  } else if (!stored_.queue.empty()) {
    ReceiveFromQueue(to, wakes);
    HaveReceived(wakes);
    return Outcome::kDone;
  }
  Outcome outcome = Outcome::kNotReady;
  if (Waiter* sender = senders_.PopClaimed()) {
    element().move(to, sender->value);
    sender->outcome = outcome = Outcome::kDone;
    wakes.Add(*sender);
  } else if (closed_.load(std::memory_order_relaxed)) {
    return Outcome::kClosed;
  } else if (TryProduce(to)) {
    outcome = Outcome::kDone;
  }
  HaveChanged();  // Also if nothing was received: stale senders may have been dropped.
  return outcome;
}

bool ChannelCore::EvictLocked(void* to, WakeList& wakes, absl::FunctionRef<void(void* next)> see_next) {
  if (ring_ != nullptr) {
    MutexLock lock(&ring_->mutex);
    if (!TryReceiveFromRingLocked(to, wakes)) return false;
    if (void* const next = ring_->Front(stored_.sender)) see_next(next);
  } else {
    if (stored_.queue.empty()) return false;
    ReceiveFromQueue(to, wakes);
    if (!stored_.queue.empty()) see_next(stored_.queue.Front());
  }
  HaveReceived(wakes);
  return true;
}

void ChannelCore::ReceiveFromQueue(void* to, WakeList& wakes) {
  stored_.queue.Pop(to);
  if (Waiter* sender = senders_.PopClaimed()) {  // I4
    stored_.queue.Push(sender->value);
    sender->outcome = Outcome::kDone;
    wakes.Add(*sender);
  }
}

bool ChannelCore::TryReceiveFromRing(void* to, WakeList& wakes) {
  MutexLock lock(&ring_->mutex);
  return TryReceiveFromRingLocked(to, wakes);
}

bool ChannelCore::TryReceiveFromRingLocked(void* to, WakeList& wakes) {
  const bool received = ring_->Receive(to, stored_.sender);
  if (ring_->needs_channel) {
    if (Waiter* sender = received ? senders_.PopClaimed() : nullptr) {  // I4
      stored_.sender.HasRoom(*ring_);                                   // It sees the slot that has just come free.
      stored_.sender.Send(sender->value);
      sender->outcome = Outcome::kDone;
      wakes.Add(*sender);
    }
    ring_->needs_channel = !senders_.empty() || watches_ != nullptr;
  }
  return received;
}

inline Outcome ChannelCore::TryLocked(Role role, void* value, WakeList& wakes) {
  return role == Role::kSend ? TrySendLocked(value, wakes) : TryReceiveLocked(value, wakes);
}

namespace {

// What a call that is rarely due returns, it is told: so nothing has to be kept for after it.
ABSL_ATTRIBUTE_NOINLINE ABSL_ATTRIBUTE_COLD bool WakeOneAndReturn(Mutex& mutex, bool result) {
  mutex.WakeOne();
  return result;
}

}  // namespace

inline bool ChannelCore::TrySendWord(const void* value) {
  if (!mutex.TryLock()) return false;
  const bool sends = MaySendQueued();
  if (sends) stored_.sender.SendWord(value);
  return mutex.UnlockAndLook() ? WakeOneAndReturn(mutex, sends) : sends;
}

inline bool ChannelCore::TryReceiveWord(void* to) {
  if (!ring_->mutex.TryLock()) return false;
  const bool received = !ring_->needs_channel && ring_->ReceiveWord(to, sender());
  return ring_->mutex.UnlockAndLook() ? WakeOneAndReturn(ring_->mutex, received) : received;
}

Outcome ChannelCore::Complete(Role role, void* value, Instant deadline) {
  // Words come and go without a call on the way, for which registers would be saved: that is a seventh of the time.
  if (ring_ != nullptr && ring_->holds_words() &&
      (role == Role::kReceive ? TryReceiveWord(value) : TrySendWord(value))) {
    return Outcome::kDone;
  }
  return CompleteAnything(role, value, deadline);
}

Outcome ChannelCore::CompleteAnything(Role role, void* value, Instant deadline) {
  bool alone = false;
  if (ring_ != nullptr) {
    if (role == Role::kReceive) {
      if (TryReceiveQueued(value, alone)) return Outcome::kDone;
    } else {
      MutexLock lock(&mutex);
      if (TrySendQueued(value)) return Outcome::kDone;
      alone = senders_.empty() && watches_ == nullptr;
    }
  }
  return CompleteFully(role, value, deadline, alone);
}

Outcome ChannelCore::CompleteFully(Role role, void* value, Instant deadline, bool alone) {
  const bool may_wait = deadline != Instant::Past();
  // Awake, for a moment. Not beside others who wait, nor beside a watch, whose owner may be quicker each time.
  if (alone && may_wait) {
    if (role == Role::kSend) {
      AwaitRoom();
    } else if (AwaitValue() && TryReceiveQueued(value)) {
      return Outcome::kDone;
    }
  }
  {
    WakeList wakes;
    MutexLock lock(&mutex);
    const Outcome outcome = TryLocked(role, value, wakes);
    if (outcome != Outcome::kNotReady || !may_wait) return outcome;
  }
  return WaitFor(role, value, deadline);
}

bool ChannelCore::AwaitValue() const {
  // In a stream it lets several come before it looks: a look takes from the sender the cache line that it writes for each value, and
  // may take as long as ten of them.
  constexpr size_t kStreak = 8;
  constexpr size_t kStreamPauses = 112;
  const uint64_t streak = ring_->streak.Get();
  const size_t pauses = streak < kStreak ? 0 : std::min(capacity() / 8, kStreamPauses);
  for (size_t i = 0; i < pauses; ++i) SpinPause();
  SpinBackoff backoff(streak == 0 ? SpinBackoff::First::kFew : SpinBackoff::First::kSome);
  int looks = 0;
  while (backoff.Pause()) {
    ++looks;
    if (const size_t queued = QueuedInRing(); queued != 0) {
      const bool in_stream = looks <= (streak == 0 ? 2 : 1) && queued >= (pauses == 0 ? 2 : kStreak);
      ring_->streak.Set(in_stream ? streak + 1 : 0);
      return true;
    }
    if (closed()) return false;
  }
  ring_->streak.Set(0);
  return false;
}

void ChannelCore::AwaitRoom() const {
  if (QueuedInRing() < capacity()) return;
  // Not for the first slot: a sender that takes each one as it comes free takes the receiver's cache line with it.
  const size_t enough = capacity() - std::min<size_t>(capacity() / 4, 64);
  SpinBackoff backoff(SpinBackoff::First::kSome);
  while (QueuedInRing() > enough && !closed() && backoff.Pause()) {
  }
}

Outcome ChannelCore::WaitFor(Role role, void* value, Instant deadline) {
  bool late = false;
  while (true) {
    WakeList wakes;
    ThreadWait wait(this);
    Instant until = deadline;
    {
      MutexLock lock(&mutex);
      const Outcome outcome = TryLocked(role, value, wakes);
      if (outcome != Outcome::kNotReady) return outcome;
      if (late) return Outcome::kDeadline;
      wait.waiter().role = role;
      wait.waiter().value = value;
      Enlist(wait.waiter());
      until = std::min(until, ReadyAt(wait.waiter()));
    }
    // Of a split queue it has been awaited already; of a timed channel the clock says when.
    if (ring_ == nullptr && until == deadline) wait.StayAwake();
    const Outcome outcome = wait.Await(mutex, until);
    if (outcome != Outcome::kDeadline) return outcome;
    // Late, or a value is due by the clock. Either way the next round takes what is there by then.
    late = SteadyNow() >= deadline;
  }
}

size_t ChannelCore::TryReceiveMany(void* to, size_t max) {
  if (ring_ != nullptr) {
    MutexLock lock(&ring_->mutex);
    if (!ring_->needs_channel) {
      if (const size_t count = ring_->ReceiveMany(to, max, sender())) return count;
    }
  }
  WakeList wakes;
  MutexLock lock(&mutex);
  size_t count = 0;
  std::byte* slot = static_cast<std::byte*>(to);
  while (count < max && TryReceiveLocked(slot, wakes) == Outcome::kDone) {
    ++count;
    slot += element().size;
  }
  return count;
}

bool ChannelCore::Close(WakeList& wakes) {
  MutexLock lock(&mutex);
  if (closed_.load(std::memory_order_relaxed)) return false;
  // Release pairs with the acquire in `closed`.
  closed_.store(true, std::memory_order_release);
  // By I1 and I2 the queue is empty if receivers wait, so they have nothing left to get.
  receivers_.ClaimAll(Outcome::kClosed, wakes);
  senders_.ClaimAll(Outcome::kClosed, wakes);
  HaveChanged();
  return true;
}

size_t ChannelCore::ApproxSize() const {
  if (ring_ != nullptr) return std::min(QueuedInRing(), capacity());
  MutexLock lock(&mutex);
  return SizeLocked();
}

size_t ChannelCore::CountWaiting(Role role) const {
  MutexLock lock(&mutex);
  return (role == Role::kSend ? senders_ : receivers_).CountLinked();
}

bool ChannelCore::TryComplete(Waiter& arm, WakeList& wakes) {
  arm.outcome = TryLocked(arm.role, arm.value, wakes);
  return arm.outcome != Outcome::kNotReady;
}

void ChannelCore::Enlist(Waiter& arm) {
  if (arm.role == Role::kReceive) {
    receivers_.PushBack(arm);
  } else {
    senders_.PushBack(arm);
    HaveChanged();
  }
}

void ChannelCore::AddWatch(ChannelWatch& watch) {
  MutexLock lock(&mutex);
  AddWatchLocked(watch);
}

size_t ChannelCore::AddWatchLocked(ChannelWatch& watch) {
  watch.next_ = std::exchange(watches_, &watch);
  size_t queued = 0;
  if (ring_ != nullptr) {
    MutexLock receiving(&ring_->mutex);
    ring_->needs_channel = true;
    queued = QueuedInRing();
  } else {
    queued = stored_.queue.size();
  }
  TellWatches();
  return queued;
}

void ChannelCore::RemoveWatchLocked(ChannelWatch& watch) {
  ChannelWatch** link = &watches_;
  while (*link != &watch) link = &(*link)->next_;
  *link = watch.next_;
}

void ChannelCore::TellWatchesOfReceive(WakeList& wakes) {
  TellWatches();
  for (ChannelWatch* watch = watches_; watch != nullptr; watch = watch->next_) watch->Received(wakes);
}

void ChannelCore::TellWatches() {
  const bool closed = closed_.load(std::memory_order_relaxed);
  const Instant due = ProducesAt();
  const bool is_due = !due.is_never() && due <= SteadyNow();
  const bool readable = closed || is_due || HasQueued() || !senders_.empty();
  for (ChannelWatch* watch = watches_; watch != nullptr; watch = watch->next_) watch->Update(readable, due);
}

Instant ChannelCore::ReadyAt(const Waiter& arm) const {
  return arm.role == Role::kReceive ? ProducesAt() : Instant::Never();
}

bool ChannelCore::TryProduce(void*) { return false; }

Instant ChannelCore::ProducesAt() const { return Instant::Never(); }

void ChannelCore::DescribeWaitFor(const Waiter& arm, WaitedFor& thing) const {
  thing.what = arm.role == Role::kSend ? "send to channel" : "receive from channel";
  thing.is_send = arm.role == Role::kSend;
  thing.name = label_.name();
  thing.location = label_.location();
  thing.queue = {.size = ApproxSize(), .capacity = capacity()};
}

}  // namespace eventbus::internal
