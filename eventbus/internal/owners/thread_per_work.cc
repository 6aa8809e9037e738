#include "eventbus/internal/owners/thread_per_work.h"

#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/consumer_scope.h"

namespace eventbus::internal {

void ThreadPerWork::Submit(Work& work) {
  try {
    StartDetachedThread([this, &work] {
      const ConsumerScope here(this);
      work.Run();
    });
  } catch (...) {  // The system has no more threads, or no memory for one.
    work.Abandon();
  }
}

bool ThreadPerWork::RunsHere() const { return ConsumerScope::IsInside(this); }

}  // namespace eventbus::internal
