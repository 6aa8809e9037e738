#include "eventbus/manual_executor.h"

#include <utility>

#include "eventbus/internal/ground/fail.h"

namespace eventbus {

ManualExecutor::~ManualExecutor() {
  if (RunsHere()) internal::Fail("~ManualExecutor", "destroyed by work that it runs");
  Retire();
  Close();
}

void ManualExecutor::Submit(Work& work) {
  {
    internal::MutexLock lock(&mutex_);
    if (!closed_) {
      queue_.PushBack(work);
      return;
    }
  }
  work.Abandon();
}

bool ManualExecutor::RunsHere() const { return runner_.load(std::memory_order_relaxed) == internal::ThisThread(); }

bool ManualExecutor::RunOne() {
  Work* work = nullptr;
  {
    internal::MutexLock lock(&mutex_);
    work = queue_.PopFront();
  }
  if (work == nullptr) return false;
  // Also when the work throws, and when it runs others.
  struct Runner {
    internal::Atomic<internal::ThreadIdentity>& current;
    const internal::ThreadIdentity outer = current.exchange(internal::ThisThread(), std::memory_order_relaxed);
    ~Runner() { current.store(outer, std::memory_order_relaxed); }
  };
  const Runner runner{runner_};
  work->Run();
  return true;
}

size_t ManualExecutor::RunAll() {
  size_t count = 0;
  while (RunOne()) ++count;
  return count;
}

size_t ManualExecutor::size() const {
  internal::MutexLock lock(&mutex_);
  return queue_.size();
}

void ManualExecutor::Close() {
  WorkList abandoned;
  {
    internal::MutexLock lock(&mutex_);
    closed_ = true;
    abandoned = std::exchange(queue_, WorkList());
  }
  while (Work* work = abandoned.PopFront()) work->Abandon();
}

}  // namespace eventbus
