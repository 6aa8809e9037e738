// The line in front of a gate that is held, and how it is let in.
//
// | | held | open, some of the line left (draining) | open |
// |---|---|---|---|
// | who comes | lines up; with the line full, the oldest is evicted | passes | passes |
// | `Hold` | a new generation: the deadline of the former counts no more | holds; the line stays | holds |
// | `Release` | lets in the first of the line | false | false |
// | a pass of the line is done | nothing | lets in the next | nothing |
//
// Invariants:
//   G1. A ticket is in `line_` from `LineUp` until it is admitted, evicted, refused or leaves; with a reference of its own.
//       `length_` is the length of `line_`, at most `capacity_`.
//   G2. `out_` counts those that were admitted from the line and have not said that they are done. Unless the gate is held,
//       either `out_ >= drain_concurrency_` or the line is empty: whoever makes room lets in the oldest.
//   G3. That the gate is held, and lining up, is one step under the mutex: nobody lines up at an open gate, or passes a held
//       one.
//   G4. A deadline ends the hold whose generation it has, and no other.
//
// Who wakes whom: who releases, and each that is done, wakes those that it lets in; who comes to a full line wakes the one
// that it evicts; who closes wakes all.

#ifndef EVENTBUS_INTERNAL_OWNERS_GATE_CORE_H_
#define EVENTBUS_INTERNAL_OWNERS_GATE_CORE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/internal/waiting/waiter.h"

namespace eventbus::internal {

class GateCore;

// A place in the line. Shared by the gate, while it is in the line, and its owner.
class GateTicket final : public RefCounted, public ListNode<GateTicket> {
 public:
  // Happens once it has been admitted, evicted or refused.
  Event& settled() { return settled_; }

 private:
  friend GateCore;

  enum class Phase : uint8_t { kInLine, kAdmitted, kEvicted, kRefused, kGone };

  Phase phase_ = Phase::kInLine;  // Guarded by the gate's mutex, as is the link.
  EventCalled<"turn in gated queue"> settled_;
};

class GateCore final : public RefCounted {
 public:
  GateCore(std::string name, size_t capacity, size_t drain_concurrency)
      : name_(std::move(name)), capacity_(capacity), drain_concurrency_(drain_concurrency) {}

  enum class Entry : uint8_t { kPasses, kInLine, kFull, kClosed };
  // If the gate is held, puts `ticket` in the line; null stands for one that is not made yet, and takes no place.
  Entry LineUp(GateTicket* ticket);

  // Gives up the ticket, whatever has become of it: its place in the line, or the pass that it has not taken.
  void Leave(GateTicket& ticket);
  // Once it is settled: OK, and the caller has the pass of the ticket; or why not.
  absl::Status TakePass(GateTicket& ticket);
  // A pass of the line is done.
  void Done();

  // Holds the gate, and returns the generation of the hold, never 0.
  uint64_t Hold();
  // Ends the hold, if there is one, and returns its generation, else 0.
  uint64_t Release();
  // Ends the hold of that generation, if it is still the one. Whom that lets in goes on `wakes`.
  void EndHold(uint64_t generation, WakeList& wakes);
  bool IsHeldBy(uint64_t generation) const;

  // Refuses who is in the line, and who comes.
  bool Close();

  bool held() const;
  size_t CountInLine() const;

  // What an entry that does not pass comes to.
  absl::Status StatusOf(Entry entry) const;

 private:
  using Line = List<GateTicket>;

  absl::Status Say(absl::StatusCode code, absl::string_view what) const;

  // Admits from the line who may pass (G2), to be settled without the mutex.
  void AdmitLocked(Line& admitted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndHoldLocked(Line& admitted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Settle(Line& line, WakeList& wakes);

  const std::string name_;
  const size_t capacity_;
  const size_t drain_concurrency_;

  mutable Mutex mutex_;  // Nothing is woken, and no other lock is taken, under it.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the latest hold.
  Line line_ ABSL_GUARDED_BY(mutex_);
  size_t length_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_GATE_CORE_H_
