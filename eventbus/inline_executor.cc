#include "eventbus/inline_executor.h"

#include "eventbus/internal/ground/fail.h"

namespace eventbus {

InlineExecutor::~InlineExecutor() {
  if (RunsHere()) internal::Fail("~InlineExecutor", "destroyed by work that it runs");
  Retire();
}

InlineExecutor::Running* InlineExecutor::FindLocked() const {
  const internal::ThreadIdentity self = internal::ThisThread();
  Running* found = nullptr;
  running_.ForEach([&](Running& running) {
    if (running.thread == self) found = &running;
  });
  return found;
}

void InlineExecutor::Submit(Work& work) {
  Running running;
  {
    internal::MutexLock lock(&mutex_);
    if (Running* outer = FindLocked()) {
      outer->following.PushBack(work);
      return;
    }
    running.thread = internal::ThisThread();
    running_.PushBack(running);
  }
  for (Work* next = &work; next != nullptr;) {
    run_(*next);
    internal::MutexLock lock(&mutex_);
    next = running.following.PopFront();
    if (next == nullptr) running.Unlink();
  }
}

bool InlineExecutor::RunsHere() const {
  internal::MutexLock lock(&mutex_);
  return FindLocked() != nullptr;
}

}  // namespace eventbus
