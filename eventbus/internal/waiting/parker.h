// Where a thread sleeps until another thread says so.
//
// A parker holds a few one-shot tokens, one for each party that may wake its thread. `Unpark(token)` leaves the token;
// `Park(tokens, deadline)` returns as soon as one of them is there. A token that was left first is found later: no
// wake-up is lost.
//
// Lifetime: the access that leaves a token is the last one its waker makes. A thread that has seen the token of each
// party that was going to leave one may destroy the parker at once, so parkers live on the stack.
//
// While time is virtual, a park with a deadline sleeps in `VirtualTime`, which nudges it.

#ifndef EVENTBUS_INTERNAL_WAITING_PARKER_H_
#define EVENTBUS_INTERNAL_WAITING_PARKER_H_

#include <cstdint>

#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/wait_description.h"

namespace eventbus::internal {

class Parker {
 public:
  using Tokens = uint32_t;
  // What a waker leaves that needs no telling apart.
  static constexpr Tokens kWoken = 1;

  Parker() = default;
  Parker(const Parker&) = delete;
  Parker& operator=(const Parker&) = delete;

  // Blocks the calling thread, the only one that may ever call this, until one of `tokens` is there or the deadline has
  // passed. Returns those of `tokens` that are there: 0 only after the deadline. What the waker did before `Unpark` is
  // visible. Tokens stay. While it sleeps, `description` is on the list of those who do (`blocked_list.h`); null for what is
  // over soon, or idle.
  Tokens Park(Tokens tokens, Instant deadline, const WaitDescription* description = nullptr);

  // Whether one of `tokens` is there: what `Park` would return at once, with what it makes visible. For the calling thread of that.
  bool Has(Tokens tokens) const {
    return (word_.load(std::memory_order_acquire) & tokens) != 0;  // Acquire: as in `Park`.
  }

  // Leaves `token`, once in the life of the parker, from any thread.
  void Unpark(Tokens token) {
    // Release: what the waker did is visible to who sees the token. Acquire is not needed, nothing is read.
    const uint32_t before = word_.fetch_or(token, std::memory_order_release);
    if (before & kAsleep) Futex::WakeOne(word_);
  }

 private:
  // word_: | asleep : 1 | nudged, by `VirtualTime` : 1 | tokens : 30 |
  static constexpr uint32_t kAsleep = uint32_t{1} << 31;

  Atomic<uint32_t> word_{0};
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_PARKER_H_
