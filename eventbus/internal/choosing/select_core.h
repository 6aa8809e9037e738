// The algorithm of `Select`, over the selectable contract alone.
//
// A choice is made in three steps:
//   1. Poll the arms one at a time, each under its own mutex. Most selects end here and never hold two mutexes.
//   2. Lock the mutexes of all selectables, in the order of their addresses, and poll again. If nothing is ready now,
//      then nothing was ready at one single moment; a select that may not wait says so, any other enlists all its arms
//      before it unlocks. A select is claimable by others only while it is enlisted, and it completes cases of others
//      only while it is not: so two selects that face each other never both commit, and never wait for each other's
//      locks in a circle.
//   3. Sleep until claimed, or until the deadline, or until a selectable is due by itself; take the other arms out.
//
// Origin: the select of the Go runtime (Cox and Vyukov), and Pike's implementation for Newsqueak before it.

#ifndef EVENTBUS_INTERNAL_CHOOSING_SELECT_CORE_H_
#define EVENTBUS_INTERNAL_CHOOSING_SELECT_CORE_H_

#include "absl/types/span.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/selectable.h"

namespace eventbus::internal {

// One thing that would end the select. Exactly one arm takes effect.
struct Arm {
  Selectable* target = nullptr;  // Null: never ready.
  Role role = Role::kReceive;
  void* value = nullptr;  // As in `Waiter`. Several receive arms may share one.
};

// Which of several ready arms is taken.
enum class Choice {
  kFair,    // Any of them, with equal probability.
  kListed,  // The first listed.
};

struct Selected {
  int index;  // Of the arm that took effect, or -1 if the deadline passed first.
  Outcome outcome;
};

// What a wait that lasts does about it, in the thread that waits, which keeps its places in the queues meanwhile.
class SlowWait {
 public:
  // When it is to be told; `Instant::Never()`: not again.
  virtual Instant due() const = 0;
  // That moment has come. With no lock held; sets a later one. Must not throw.
  virtual void Tell() = 0;

 protected:
  ~SlowWait() = default;
};

// Blocks until one arm took effect or the deadline passed. `Instant::Past()` never blocks. Allocates nothing for up to
// 8 arms; O(n log n) if it has to wait.
Selected SelectAmong(absl::Span<const Arm> arms, Choice choice, Instant deadline, SlowWait* slow = nullptr);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHOOSING_SELECT_CORE_H_
