#include "eventbus/internal/feed/overflow_queue.h"

#include <utility>

namespace eventbus::internal {

OverflowQueue::OverflowQueue(SoleOperation& consumer, const Element& element, size_t capacity, Overflow overflow,
                             std::unique_ptr<KeyIndex> keys)
    : capacity_(capacity),
      overflow_(overflow),
      keys_(std::move(keys)),
      infos_(new EventInfo[capacity]),
      values_(element, capacity + kHands) {
  waiter_.operation = &consumer;
  idle_.PushBack(waiter_);
}

OverflowQueue::Offered OverflowQueue::Offer(void* value, const EventInfo& info, WakeList& wakes) {
  if (keys_) keys_->Stage();
  MutexLock lock(&mutex_);
  if (left_) return Offered::kLeft;
  if (const uint64_t* const position = keys_ ? keys_->Find() : nullptr) {
    const size_t index = IndexOf(*position);
    element().Relocate(evicted(), values_[index]);
    element().Move(values_[index], value);
    infos_[index] = {.sequence = info.sequence, .lost = infos_[index].lost + 1 + info.lost};  // Q4
    return Offered::kTakenForOther;
  }
  const bool clears = front_ < clear_until_;
  const bool full = back_ - front_ == capacity_;
  if (full && overflow_ != Overflow::kDropOldest && overflow_ != Overflow::kLatest) return Offered::kFull;
  if (full && overflow_ == Overflow::kLatest) clear_until_ = back_;
  if (!full && !clears) {
    if (keys_) keys_->Enter(back_);
    MoveIn(value, info, wakes);
    return Offered::kTaken;
  }
  if (keys_) keys_->Enter(back_);
  const uint64_t untold = Evict();
  if (front_ < clear_until_) return Offered::kEvicted;
  MoveIn(value, {.sequence = info.sequence, .lost = info.lost + untold}, wakes);
  return Offered::kTakenForOther;
}

void OverflowQueue::MoveIn(void* value, const EventInfo& info, WakeList& wakes) {
  const size_t index = IndexOf(back_++);
  element().Move(values_[index], value);
  infos_[index] = info;
  idle_.ClaimAll(Outcome::kDone, wakes);  // Q2
}

EventInfo OverflowQueue::MoveOut(void* to) {
  const size_t index = IndexOf(front_++);
  element().Relocate(to, values_[index]);
  if (keys_) keys_->Leave();
  return infos_[index];
}

uint64_t OverflowQueue::Evict() {
  const uint64_t lost = MoveOut(evicted()).lost + 1;
  if (front_ == back_) return lost;
  infos_[IndexOf(front_)].lost += lost;  // Q4
  return 0;
}

void OverflowQueue::Leave(bool finish, WakeList& wakes) {
  MutexLock lock(&mutex_);
  left_ = true;
  if (finish) idle_.ClaimAll(Outcome::kWithdrawn, wakes);
}

const void* OverflowQueue::TakeOrWait(WakeList&, const Executor&) {
  MutexLock lock(&mutex_);
  if (front_ == back_) {
    if (left_) return nullptr;
    waits_ = true;
    idle_.PushBack(waiter_);
    return nullptr;
  }
  high_water_.RaiseTo(back_ - front_);
  void* const hand = values_[capacity_];
  taken_at_ = front_;
  taken_ = ++taken_count_;
  taken_info_ = MoveOut(hand);
  return hand;
}

bool OverflowQueue::CancelWait() {
  if (!waits_) return true;
  waits_ = false;
  MutexLock lock(&mutex_);
  if (!waiter_.linked()) return false;
  waiter_.Unlink();
  return true;
}

void OverflowQueue::PassRest(absl::FunctionRef<void(const void* value)> see) {
  void* const hand = values_[capacity_];
  while (true) {
    {
      MutexLock lock(&mutex_);
      if (front_ == back_) return;
      MoveOut(hand);
      ++dropped_;
    }
    see(hand);
    element().destroy(hand);
  }
}

Progress OverflowQueue::GetProgress() const {
  MutexLock lock(&mutex_);
  const bool running = passed_.load(std::memory_order_acquire) != taken_;
  const uint64_t front = front_ - dropped_;  // As if nothing had been dropped.
  return {.handled = taken_ - (running ? 1 : 0),
          .done = running ? taken_at_ : front,
          .end = back_,
          .left = back_ - front,
          .running = running};
}

}  // namespace eventbus::internal
