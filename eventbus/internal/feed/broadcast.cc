#include "eventbus/internal/feed/broadcast.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "eventbus/internal/feed/broadcast_reader.h"

namespace eventbus::internal {

void Broadcast::Join(BroadcastReader& reader, Ref<BroadcastRing>& ring) {
  MutexLock lock(&mutex);
  members_.push_back({.reader = &reader, .room_until = head() + reader.capacity_});
  reader.index_ = members_.size() - 1;
  room_until_ = std::min(room_until_, members_.back().room_until);
  const size_t others = live_.fetch_add(1, std::memory_order_relaxed);
  if (!ring_ || ring_->capacity() < reader.capacity_) Renew(std::move(ring), others);
  reader.queue_ = this;
  reader.ring_ = ring_;
  reader.next_ = reader.available_ = head();
  reader.passed_.store(head(), std::memory_order_relaxed);
  reader.taken_.store(head(), std::memory_order_release);
  reader.waits_ = true;
  idle_.PushBack(reader.waiter_);
}

void Broadcast::Leave(BroadcastReader& reader, bool finish, WakeList& wakes) {
  MutexLock lock(&mutex);
  if (reader.index_ == BroadcastReader::kNoIndex) {  // It has not joined yet, nor left a waiter.
    if (finish) wakes.Add(reader.waiter_);
    return;
  }
  if (reader.reads_common()) {  // Else it is detached, which has said where it ends.
    reader.last_ring_ = ring_.get();
    live_.fetch_sub(1, std::memory_order_relaxed);
    reader.LeaveAt(head(), wakes);
  } else {
    reader.word_.fetch_or(BroadcastReader::kLeft, std::memory_order_acq_rel);
  }
  if (finish && reader.waiter_.linked()) WakeLocked(reader, wakes);
}

void Broadcast::WakeLocked(BroadcastReader& reader, WakeList& wakes) {
  reader.waiter_.Unlink();
  reader.waiter_.outcome = Outcome::kDone;
  wakes.Add(reader.waiter_);
}

bool Broadcast::Detach(BroadcastReader& reader, uint64_t missed, bool waits, std::unique_ptr<Broadcast>& own,
                       WakeList& wakes) {
  MutexLock lock(&mutex);
  reader.end_ = missed;
  reader.last_ring_ = ring_.get();
  std::swap(reader.own_, own);
  if (!waits) {
    // Release, for what the reader finds at its end.
    reader.word_.fetch_or(BroadcastReader::kDetached, std::memory_order_acq_rel);
  } else if (!reader.ClaimWord(BroadcastReader::kDetached)) {
    std::swap(reader.own_, own);
    return false;
  }
  live_.fetch_sub(1, std::memory_order_relaxed);
  // It has taken all and waits, by now: for what will not come here.
  if (reader.own_ != nullptr && reader.waiter_.linked()) WakeLocked(reader, wakes);
  return true;
}

void Broadcast::FindSlow(std::vector<BroadcastReader*>& slow) {
  slow.clear();
  if (head() < room_until_) return;
  Ref<BroadcastRing> fresh;
  {
    MutexLock lock(&mutex);
    if (!Scan(slow)) return;
    fresh = ring_;
  }
  fresh = MakeRef<BroadcastRing>(fresh->element(), fresh->capacity());
  MutexLock lock(&mutex);
  Renew(std::move(fresh), live_.load(std::memory_order_relaxed));
}

bool Broadcast::Scan(std::vector<BroadcastReader*>& slow) {
  slow.reserve(members_.size());
  uint64_t least = std::numeric_limits<uint64_t>::max();
  bool ghosts_in_the_way = false;
  for (Member& member : members_) {
    if (member.room_until <= head()) {
      // Acquire, as in `HasRoomFor`.
      member.room_until = member.reader->taken_.load(std::memory_order_acquire) + member.reader->capacity_;
      if (member.room_until <= head()) {
        if (member.reader->reads_common()) {
          slow.push_back(member.reader);
        } else {
          ghosts_in_the_way = true;
        }
      }
    }
    least = std::min(least, member.room_until);
  }
  room_until_ = least;
  return ghosts_in_the_way;
}

void Broadcast::Renew(Ref<BroadcastRing> ring, size_t crossing) {
  for (size_t i = members_.size(); i > 0; --i) {
    if (BroadcastReader& reader = *members_[i - 1].reader; !reader.reads_common()) RemoveMember(reader);  // B7
  }
  if (ring_) ring_->EndAt(head(), ring, crossing);
  capacity_.store(ring->capacity(), std::memory_order_relaxed);
  ring_ = std::move(ring);
}

void Broadcast::Depart(BroadcastReader& reader) {
  MutexLock lock(&mutex);
  if (reader.index_ != BroadcastReader::kNoIndex) RemoveMember(reader);
}

void Broadcast::RemoveMember(BroadcastReader& reader) {
  const Member last = members_.back();
  members_[reader.index_] = last;
  last.reader->index_ = reader.index_;
  members_.pop_back();
  reader.index_ = BroadcastReader::kNoIndex;
}

Outcome Broadcast::Publish(uint64_t sequence, const std::vector<BroadcastReader*>& slow, WakeList& wakes,
                           size_t& delivered) {
  MutexLock lock(&mutex);
  const size_t readers = live_.load(std::memory_order_relaxed);
  if (readers == 0) return Outcome::kNotReady;
  const auto waits = [](const BroadcastReader* reader) { return !reader->has_left(); };
  delivered += readers - static_cast<size_t>(std::count_if(slow.begin(), slow.end(), waits));
  ring_->InfoAt(head()) = {.sequence = sequence};
  ring_->SetReaders(head(), readers);
  head_.store(head() + 1, std::memory_order_release);
  idle_.ClaimAll(Outcome::kDone, wakes);  // B4
  return Outcome::kDone;
}

void Broadcast::Append(void* value, const EventInfo& info, WakeList& wakes) {
  AppendByReader(value, info);
  idle_.ClaimAll(Outcome::kDone, wakes);  // B4
}

void Broadcast::AppendByReader(void* value, const EventInfo& info) {
  ring_->element().move(NextSlot(), value);
  ring_->InfoAt(head()) = info;
  ring_->SetReaders(head(), 1);
  head_.store(head() + 1, std::memory_order_release);
}

}  // namespace eventbus::internal
