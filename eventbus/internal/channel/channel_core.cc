#include "eventbus/internal/channel/channel_core.h"

#include <algorithm>
#include <utility>

#include "eventbus/internal/waiting/thread_wait.h"

namespace eventbus::internal {

ChannelCore::ChannelCore(const Element& element, size_t capacity) : queue_(element, capacity) {}

Outcome ChannelCore::TrySendLocked(void* value, WakeList& wakes) {
  if (closed_.load(std::memory_order_relaxed)) return Outcome::kClosed;
  if (Waiter* receiver = receivers_.PopClaimed()) {  // I1: nothing is queued that it should get first.
    element().move(receiver->value, value);
    receiver->outcome = Outcome::kDone;
    wakes.Add(*receiver);
    return Outcome::kDone;
  }
  if (queue_.full()) return Outcome::kNotReady;
  queue_.Push(value);
  HaveChanged();
  return Outcome::kDone;
}

Outcome ChannelCore::TryReceiveLocked(void* to, WakeList& wakes) {
  if (!queue_.empty()) {
    queue_.Pop(to);
    if (Waiter* sender = senders_.PopClaimed()) {  // I4
      queue_.Push(sender->value);
      sender->outcome = Outcome::kDone;
      wakes.Add(*sender);
    }
    HaveChanged();
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

Outcome ChannelCore::TryLocked(Role role, void* value, WakeList& wakes) {
  return role == Role::kSend ? TrySendLocked(value, wakes) : TryReceiveLocked(value, wakes);
}

Outcome ChannelCore::Complete(Role role, void* value, Instant deadline) {
  {
    WakeList wakes;
    MutexLock lock(&mutex);
    const Outcome outcome = TryLocked(role, value, wakes);
    if (outcome != Outcome::kNotReady || deadline == Instant::Past()) return outcome;
  }
  return WaitFor(role, value, deadline);
}

Outcome ChannelCore::WaitFor(Role role, void* value, Instant deadline) {
  bool late = false;
  while (true) {
    WakeList wakes;
    ThreadWait wait;
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
    const Outcome outcome = wait.Await(mutex, until);
    if (outcome != Outcome::kDeadline) return outcome;
    // Late, or a value is due by the clock. Either way the next round takes what is there by then.
    late = SteadyNow() >= deadline;
  }
}

size_t ChannelCore::TryReceiveMany(void* to, size_t max) {
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

bool ChannelCore::Close() {
  WakeList wakes;
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
  MutexLock lock(&mutex);
  return queue_.size();
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
  watch.next_ = std::exchange(watches_, &watch);
  TellWatches();
}

void ChannelCore::RemoveWatch(ChannelWatch& watch) {
  MutexLock lock(&mutex);
  ChannelWatch** link = &watches_;
  while (*link != &watch) link = &(*link)->next_;
  *link = watch.next_;
}

void ChannelCore::TellWatches() {
  const bool closed = closed_.load(std::memory_order_relaxed);
  const Instant due = ProducesAt();
  const bool is_due = !due.is_never() && due <= SteadyNow();
  const bool readable = closed || is_due || !queue_.empty() || !senders_.empty();
  for (ChannelWatch* watch = watches_; watch != nullptr; watch = watch->next_) watch->Update(readable, due);
}

Instant ChannelCore::ReadyAt(const Waiter& arm) const {
  return arm.role == Role::kReceive ? ProducesAt() : Instant::Never();
}

bool ChannelCore::TryProduce(void*) { return false; }

Instant ChannelCore::ProducesAt() const { return Instant::Never(); }

}  // namespace eventbus::internal
