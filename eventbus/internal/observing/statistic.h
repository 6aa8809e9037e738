// A number that one thread at a time writes, and that any may read.

#ifndef EVENTBUS_INTERNAL_OBSERVING_STATISTIC_H_
#define EVENTBUS_INTERNAL_OBSERVING_STATISTIC_H_

#include <cstdint>

#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

// Costs what a plain number costs. Decides nothing but, at most, how long somebody waits awake, so that its operations are relaxed, and
// no points in model tests.
class Statistic {
 public:
  uint64_t Get() const { return value_.load(std::memory_order_relaxed); }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(uint64_t n) { Set(Get() + n); }
  void RaiseTo(uint64_t value) {
    if (value > Get()) Set(value);
  }

 private:
  StatisticWord value_{0};
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OBSERVING_STATISTIC_H_
