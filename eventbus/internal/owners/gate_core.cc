#include "eventbus/internal/owners/gate_core.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/ground/safe_status.h"

namespace eventbus::internal {

absl::Status GateCore::Say(absl::StatusCode code, absl::string_view what) const {
  return SafeStatus(code, [&] { return absl::StrCat("gated queue '", name_, "': ", what); });
}

absl::Status GateCore::StatusOf(Entry entry) const {
  switch (entry) {
    case Entry::kPasses:
      return absl::OkStatus();
    case Entry::kInLine:
      return absl::Status(absl::StatusCode::kUnavailable, "");
    case Entry::kFull:
      return Say(absl::StatusCode::kResourceExhausted, "held, and nobody may wait");
    case Entry::kClosed:
      break;
  }
  return Say(absl::StatusCode::kFailedPrecondition, "closed");
}

void GateCore::Settle(Line& line, WakeList& wakes) {
  while (GateTicket* next = line.PopFront()) {
    const Ref<GateTicket> ticket = Ref<GateTicket>::Adopt(next);  // That of the line (G1).
    ticket->settled_.Happen(wakes);
  }
}

GateCore::Entry GateCore::LineUp(GateTicket* ticket) {
  WakeList wakes;
  Line evicted;
  {
    MutexLock lock(&mutex_);
    if (closed_) return Entry::kClosed;
    if (!held_) return Entry::kPasses;  // G3
    if (capacity_ == 0) return Entry::kFull;
    if (ticket == nullptr) return Entry::kInLine;
    if (length_ == capacity_) {
      GateTicket& oldest = *line_.PopFront();
      oldest.phase_ = GateTicket::Phase::kEvicted;
      evicted.PushBack(oldest);
      --length_;
    }
    ticket->AddRef();
    line_.PushBack(*ticket);
    ++length_;
  }
  Settle(evicted, wakes);
  return Entry::kInLine;
}

void GateCore::AdmitLocked(Line& admitted) {
  while (!held_ && out_ < drain_concurrency_ && length_ > 0) {
    GateTicket& oldest = *line_.PopFront();
    --length_;
    oldest.phase_ = GateTicket::Phase::kAdmitted;
    ++out_;
    admitted.PushBack(oldest);
  }
}

void GateCore::Leave(GateTicket& ticket) {
  bool was_in_line;
  {
    MutexLock lock(&mutex_);
    const GateTicket::Phase phase = std::exchange(ticket.phase_, GateTicket::Phase::kGone);
    was_in_line = phase == GateTicket::Phase::kInLine;
    if (was_in_line) {
      ticket.Unlink();
      --length_;
    } else if (phase != GateTicket::Phase::kAdmitted) {
      return;
    }
  }
  if (was_in_line) {
    ticket.DropRef();
  } else {
    Done();
  }
}

absl::Status GateCore::TakePass(GateTicket& ticket) {
  GateTicket::Phase phase;
  {
    MutexLock lock(&mutex_);
    phase = ticket.phase_;
    if (phase == GateTicket::Phase::kAdmitted) ticket.phase_ = GateTicket::Phase::kGone;
  }
  switch (phase) {
    case GateTicket::Phase::kAdmitted:
      return absl::OkStatus();
    case GateTicket::Phase::kInLine:
      return StatusOf(Entry::kInLine);
    case GateTicket::Phase::kEvicted:
      return Say(absl::StatusCode::kResourceExhausted, "evicted, the oldest of too many that wait");
    case GateTicket::Phase::kRefused:
      return StatusOf(Entry::kClosed);
    case GateTicket::Phase::kGone:
      break;
  }
  return Say(absl::StatusCode::kFailedPrecondition, "this place has been used already");
}

void GateCore::Done() {
  WakeList wakes;
  Line admitted;
  {
    MutexLock lock(&mutex_);
    --out_;
    AdmitLocked(admitted);
  }
  Settle(admitted, wakes);
}

uint64_t GateCore::Hold() {
  MutexLock lock(&mutex_);
  held_ = true;
  return ++generation_;
}

void GateCore::EndHoldLocked(Line& admitted) {
  held_ = false;
  AdmitLocked(admitted);
}

uint64_t GateCore::Release() {
  WakeList wakes;
  Line admitted;
  uint64_t generation;
  {
    MutexLock lock(&mutex_);
    if (!held_) return 0;
    generation = generation_;
    EndHoldLocked(admitted);
  }
  Settle(admitted, wakes);
  return generation;
}

void GateCore::EndHold(uint64_t generation, WakeList& wakes) {
  Line admitted;
  {
    MutexLock lock(&mutex_);
    if (!held_ || generation_ != generation) return;  // G4
    EndHoldLocked(admitted);
  }
  Settle(admitted, wakes);
}

bool GateCore::IsHeldBy(uint64_t generation) const {
  MutexLock lock(&mutex_);
  return held_ && generation_ == generation;
}

bool GateCore::Close() {
  WakeList wakes;
  Line refused;
  {
    MutexLock lock(&mutex_);
    if (std::exchange(closed_, true)) return false;
    line_.ForEach([](GateTicket& ticket) { ticket.phase_ = GateTicket::Phase::kRefused; });
    refused.TakeAll(line_);
    length_ = 0;
  }
  Settle(refused, wakes);
  return true;
}

bool GateCore::held() const {
  MutexLock lock(&mutex_);
  return held_;
}

size_t GateCore::CountInLine() const {
  MutexLock lock(&mutex_);
  return length_;
}

}  // namespace eventbus::internal
