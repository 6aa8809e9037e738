// Running work for an executor that survives what it throws.

#ifndef EVENTBUS_INTERNAL_WAITING_GUARDED_RUN_H_
#define EVENTBUS_INTERNAL_WAITING_GUARDED_RUN_H_

#include <cstdint>
#include <exception>
#include <utility>

#include "eventbus/executor.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

class GuardedRun {
 public:
  explicit GuardedRun(ExceptionHandler handler) : handler_(std::move(handler)) {}

  // Runs `work`; counts what it throws, and gives it to the handler.
  void operator()(Work& work) {
    try {
      work.Run();
    } catch (...) {
      exceptions_.fetch_add(1, std::memory_order_relaxed);
      if (handler_) handler_(std::current_exception());
    }
  }

  uint64_t exceptions() const { return exceptions_.load(std::memory_order_relaxed); }

 private:
  const ExceptionHandler handler_;
  Atomic<uint64_t> exceptions_{0};  // Relaxed: a statistic.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_WAITING_GUARDED_RUN_H_
