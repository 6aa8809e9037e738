#include "eventbus/internal/feed/broadcast_reader.h"

#include <algorithm>
#include <utility>

#include "eventbus/internal/waiting/spin_backoff.h"
#include "eventbus/internal/waiting/worker_thread.h"

namespace eventbus::internal {

BroadcastReader::BroadcastReader(SoleOperation& consumer, size_t capacity) : capacity_(capacity) {
  waiter_.operation = &consumer;
}

std::unique_ptr<Broadcast> BroadcastReader::MakeOwn(const Element& element, uint64_t position) const {
  return std::make_unique<Broadcast>(position, MakeRef<BroadcastRing>(element, capacity_));
}

void BroadcastReader::JoinOwn(const Element& element) {
  own_ = MakeOwn(element, 0);
  MutexLock lock(&own_->mutex);
  queue_ = own_.get();
  ring_ = own_->ring_;
  taken_.store(0, std::memory_order_relaxed);  // So is `passed_`.
  waits_ = alone_ = true;
  own_->idle_.PushBack(waiter_);
}

bool BroadcastReader::Refill(WakeList& wakes, const Executor& executor) {
  SpinBackoff backoff(SpinBackoff::First::kSome);
  while (true) {
    if (!ring_) return false;
    // In this order, each acquired: the end of the ring is set before the head goes past it, and the word before either, by
    // who holds the mutex.
    const uint64_t head = queue_->head_.load(std::memory_order_acquire);
    const uint64_t ring_end = ring_->end();
    const uint64_t word = word_.load(std::memory_order_acquire);
    uint64_t limit = std::min(head, ring_end);
    if (word & kDetached) {  // B5
      if (next_ == end_) {
        while (ring_.get() != last_ring_) ring_ = ring_->Cross();  // It was counted.
        GoOnAlone();
        continue;
      }
      limit = std::min(limit, end_);
    } else if ((word & kLeft) && !alone_) {  // B7: it may finish what it has.
      if (next_ == end_) return false;
      limit = std::min(limit, end_);
    } else if ((word & kWaiting) && !alone_) {  // B3
      const uint64_t awaited = word >> kPositionShift;
      if (next_ == awaited && awaited < head) {
        if (TryClaim(word, 0)) Complete(wakes);
        continue;
      }
      limit = std::min(limit, awaited);
    }
    if (next_ < limit) {
      available_ = limit;
      high_water_.RaiseTo(limit - next_);
      return true;
    }
    if (next_ == ring_end) {
      ring_ = ring_->Cross();
      continue;
    }
    // A wait, its end and the way through the executor take longer than a value, for the sender too. With others beside it one such
    // way is that of several.
    if (WorkerThread::HasNothingElse(executor) && queue_->HasOneReader() && backoff.PauseInPlace()) continue;
    MutexLock lock(&queue_->mutex);
    // Relaxed: under the mutex. Detached meanwhile: what comes next will not come here.
    const uint64_t now = word_.load(std::memory_order_relaxed);
    if ((now & kDetached) || queue_->head_.load(std::memory_order_relaxed) != next_) continue;
    if (now & kLeft) return false;
    waits_ = true;
    queue_->idle_.PushBack(waiter_);  // B4
    return false;
  }
}

void BroadcastReader::Attend(WakeList& wakes) {
  const uint64_t word = word_.load(std::memory_order_acquire);
  // With the word as it was seen, for the position belongs to it. What is not published yet may never be for this, which may leave
  // before: the sender looks again when it has published it.
  const uint64_t position = word >> kPositionShift;
  const bool of_common = !(word & kDetached) && !alone_;
  const bool is_there = !of_common || position < queue_->head();
  if ((word & kWaiting) && position < next_ + capacity_ && is_there && TryClaim(word, 0)) Complete(wakes);  // B3
}

void BroadcastReader::Complete(WakeList& wakes) {
  Waiter& delivery = *delivery_;
  if (delivery.value != nullptr) own_->AppendByReader(delivery.value, awaited_info_);
  delivery.outcome = Outcome::kDone;
  wakes.Add(delivery);
}

void BroadcastReader::GoOnAlone() {
  queue_->Depart(*this);
  queue_ = own_.get();
  alone_ = true;
  ring_ = queue_ == nullptr ? nullptr : queue_->SoleRing();
  // Relaxed: says nothing to others. What comes next is found by the other broadcast's head.
  word_.fetch_and(~kDetached, std::memory_order_relaxed);
}

bool BroadcastReader::TryClaim(uint64_t seen, uint64_t also) {
  const uint64_t claimed = (seen & (kDetached | kLeft)) | also;
  // Acquire, for what the sender left with the word; release, for who finds `also` there.
  return word_.compare_exchange_strong(seen, claimed, std::memory_order_acq_rel, std::memory_order_relaxed);
}

bool BroadcastReader::ClaimWord(uint64_t also) {
  while (true) {
    const uint64_t seen = word_.load(std::memory_order_relaxed);
    if (!(seen & kWaiting)) return false;
    if (TryClaim(seen, also)) return true;
  }
}

void BroadcastReader::LeaveAt(uint64_t head, WakeList& wakes) {
  pass_until_ = head;
  uint64_t seen = word_.load(std::memory_order_relaxed);
  while (true) {
    // One that is waited for is taken back in the same step: else somebody could take it as done, and nobody would handle it.
    const bool claims = seen & kWaiting;
    const uint64_t awaited = seen >> kPositionShift;
    end_ = claims ? std::min(awaited, head) : head;
    // Under the mutex, so that who sees a value that is published after this sees this too. Release, for `end_`; acquire as in
    // `TryClaim`.
    const uint64_t left = (claims ? seen & kDetached : seen) | kLeft;
    if (!word_.compare_exchange_weak(seen, left, std::memory_order_acq_rel, std::memory_order_relaxed)) continue;
    if (claims) {
      delivery_->outcome = Outcome::kWithdrawn;
      wakes.Add(*delivery_);
    }
    return;
  }
}

Waiter* BroadcastReader::Claim() { return ClaimWord(0) ? delivery_ : nullptr; }

bool BroadcastReader::Await(Waiter& delivery, const EventInfo& info, uint64_t position) {
  delivery_ = &delivery;
  awaited_info_ = info;
  uint64_t seen = word_.load(std::memory_order_relaxed);
  while (!(seen & kLeft)) {
    const uint64_t waiting = (seen & kDetached) | kWaiting | (position << kPositionShift);
    // Sequentially consistent for the case without the fence (B3).
    if (word_.compare_exchange_weak(seen, waiting, std::memory_order_seq_cst, std::memory_order_relaxed)) return true;
  }
  return false;
}

size_t BroadcastReader::CountWaiting(uint64_t common_head) const {
  // Relaxed: a count. It is looked at before the head, which is no less.
  const uint64_t taken = taken_.load(std::memory_order_relaxed);
  const uint64_t head = End(common_head);
  // The value that a send waits for it to take may be published already.
  return head <= taken ? 0 : std::min<uint64_t>(head - taken, capacity_);
}

Progress BroadcastReader::GetProgress(uint64_t common_head) const {
  // In this order, each acquired: what has been taken later than that is not mistaken for handled.
  const uint64_t passed = passed_.load(std::memory_order_acquire);
  const uint64_t taken = taken_.load(std::memory_order_acquire);
  if (taken == kNotJoined) return {};
  const bool running = taken > passed;
  const uint64_t begun = passed + (running ? 1 : 0);
  // What is published while it has no room, it has not accepted.
  const uint64_t end = std::min(End(common_head), taken + capacity_);
  return {.handled = passed, .done = passed, .end = end, .left = end > begun ? end - begun : 0, .running = running};
}

void BroadcastReader::EndWait(WakeList& wakes) {
  MutexLock lock(&own_->mutex);
  own_->idle_.ClaimAll(Outcome::kDone, wakes);
}

void BroadcastReader::LeaveOwn(bool finish, WakeList& wakes) {
  MutexLock lock(&own_->mutex);
  word_.fetch_or(kLeft, std::memory_order_acq_rel);
  if (finish) own_->idle_.ClaimAll(Outcome::kWithdrawn, wakes);
}

bool BroadcastReader::CancelWait() {
  if (!waits_) return true;
  waits_ = false;
  MutexLock lock(&queue_->mutex);
  if (!waiter_.linked()) return false;
  waiter_.Unlink();
  return true;
}

void BroadcastReader::PassRest(absl::FunctionRef<void(const void* value)> see) {
  if (!ring_) return;
  if (!alone_) {
    while (true) {
      const bool last = ring_.get() == last_ring_;
      PassUntil(last ? end_ : ring_->end(), see);
      if (last) break;
      ring_ = ring_->Cross();
    }
    if (next_ < pass_until_) PassUntil(pass_until_, [](const void*) {});
    GoOnAlone();
  }
  if (own_ != nullptr) PassUntil(own_->head_.load(std::memory_order_relaxed), see);  // Nobody appends any more.
  ring_ = nullptr;
}

void BroadcastReader::PassUntil(uint64_t end, absl::FunctionRef<void(const void* value)> see) {
  for (; next_ < end; ++next_) {
    see(ring_->At(next_));
    ring_->Pass(next_);
  }
}

}  // namespace eventbus::internal
