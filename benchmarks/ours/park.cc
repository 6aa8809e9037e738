// Two threads wake each other in turn, by that in which the threads of this library sleep. No rendezvous can be faster.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <tuple>

#include "benchmarks/contender/contender.h"
#include "benchmarks/ours/families.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/parker.h"

namespace eventbus::benchmarks {
namespace {

using internal::Instant;
using internal::Parker;

// This thread wakes the other, the other wakes this one.
struct Round {
  Parker there;
  Parker back;
};

// A parker is used once. Here are enough for a batch; batches use two of these in turn.
using Rounds = std::array<Round, 1024>;

contender::Result PlayPark(contender::Play& play) {
  const auto lots = std::make_unique<std::array<Rounds, 2>>();
  std::atomic<bool> over{false};
  uint64_t turn = 0;  // Passed to and fro: whoever is awake owns it.
  std::thread other([&] {
    for (size_t lot = 0;; lot ^= 1) {
      for (Round& round : (*lots)[lot]) {
        round.there.Park(Parker::kWoken, Instant::Never());
        if (over) return;
        contender::Require(turn++ % 2 == 1, "a thread was awake out of turn");
        round.back.Unpark(Parker::kWoken);
      }
    }
  });
  size_t lot = 0;
  const contender::Result result = play.Measure(2 * std::tuple_size_v<Rounds>, [&] {
    for (Round& round : (*lots)[lot]) {
      contender::Require(turn++ % 2 == 0, "a thread was awake out of turn");
      round.there.Unpark(Parker::kWoken);
      round.back.Park(Parker::kWoken, Instant::Never());
    }
    // The other thread made its last access to these when it woke this one. It comes back after those of the other lot.
    Rounds* const used = &(*lots)[lot];
    std::destroy_at(used);
    std::construct_at(used);
    lot ^= 1;
  });
  over = true;
  (*lots)[lot].front().there.Unpark(Parker::kWoken);
  other.join();
  return result;
}

}  // namespace

void AddPark(contender::Contender& contender) { contender.Add("park", PlayPark); }

}  // namespace eventbus::benchmarks
