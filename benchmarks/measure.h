// What the benchmark programs share: allocations per operation, and failing loudly on a wrong answer.

#ifndef EVENTBUS_BENCHMARKS_MEASURE_H_
#define EVENTBUS_BENCHMARKS_MEASURE_H_

#include <benchmark/benchmark.h>

#include <cstdint>

#include "tests/support/allocations.h"

namespace eventbus::benchmarks {

// Counts the allocations of the whole program while a benchmark loop runs, and reports them per operation.
class AllocationMeter {
 public:
  AllocationMeter() : before_(testing::AllocationCount()) {}

  // `operations` were done since the construction.
  void Report(benchmark::State& state, int64_t operations) const {
    const auto allocations = static_cast<double>(testing::AllocationCount() - before_);
    state.counters["allocs/op"] = operations == 0 ? 0 : allocations / static_cast<double>(operations);
  }

 private:
  const int64_t before_;
};

// Marks the benchmark as failed, with `what`, unless `right`.
inline void Check(benchmark::State& state, bool right, const char* what) {
  if (!right) state.SkipWithError(what);
}

}  // namespace eventbus::benchmarks

#endif  // EVENTBUS_BENCHMARKS_MEASURE_H_
