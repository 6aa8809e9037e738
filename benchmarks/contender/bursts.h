// Sends to many receivers in bursts, each of which ends when every receiver has all of it: `fanout/*` and
// `fanout_coroutines/*`.

#ifndef EVENTBUS_BENCHMARKS_CONTENDER_BURSTS_H_
#define EVENTBUS_BENCHMARKS_CONTENDER_BURSTS_H_

#include <cstddef>
#include <cstdint>

#include "benchmarks/contender/contender.h"

namespace contender {

inline constexpr uint64_t kBurst = 400;

class Bursts {
 public:
  // Measures `send`, which sends one value to each of `receivers`, by delivery. `rest` is called when a burst has been
  // sent, to help or to wait, and may return early.
  template <typename Send, typename Rest>
  Result Measure(Play& play, size_t receivers, Send send, Rest rest) {
    return play.Measure(kBurst * receivers, [&] {
      arrivals_.Expect(receivers);
      for (uint64_t i = 0; i < kBurst; ++i) send(sent_++);
      rest();
      arrivals_.Await();
    });
  }
  template <typename Send>
  Result Measure(Play& play, size_t receivers, Send send) {
    return Measure(play, receivers, send, [] {});
  }

 private:
  friend class BurstReceiver;

  Arrivals arrivals_;
  uint64_t sent_ = 0;
};

// One receiver of the bursts: two words, so that a handler that holds it is small.
class BurstReceiver {
 public:
  explicit BurstReceiver(Bursts& bursts) : arrivals_(&bursts.arrivals_) {}

  // Fails if `value` is not the next.
  void Take(uint64_t value) {
    received_.Take(value);
    if (received_.taken() % kBurst == 0) arrivals_->Arrive();
  }

 private:
  Arrivals* arrivals_;
  Sequence received_;
};

}  // namespace contender

#endif  // EVENTBUS_BENCHMARKS_CONTENDER_BURSTS_H_
