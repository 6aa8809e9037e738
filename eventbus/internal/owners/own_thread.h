// A thread for one work, which whoever waits for the work can join.
//
// | | not submitted | running | ended, not joined | joined, refused by the system, or not needed |
// |---|---|---|---|---|
// | `Submit` | starts the thread | - | - | - |
// | `WillNotStart` | there will be none | - | - | - |
// | `Join` | waits for the thread, or that there will be none | the same | joins | nothing |
// | the last reference goes | nothing | - | detaches it from inside, else joins | nothing |
//
// Invariants:
//   H1. The thread has a reference until its last act but that of ending. So who drops the last one from another thread finds a
//       thread that is about to end.
//   H2. `thread_` is there from the start of the thread until somebody takes it out to join it: one does, others wait for that.
//
// Who wakes whom: `Submit` and `WillNotStart` wake those that came to join before; who joins wakes the others that came for that.

#ifndef EVENTBUS_INTERNAL_OWNERS_OWN_THREAD_H_
#define EVENTBUS_INTERNAL_OWNERS_OWN_THREAD_H_

#include <optional>

#include "absl/base/thread_annotations.h"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/event.h"

namespace eventbus::internal {

class OwnThread final : public Executor, public RefCounted, public ListNode<OwnThread> {
 public:
  OwnThread() = default;

  // Once. Abandons the work if the system refuses a thread; the caller then keeps a reference until after that.
  using Executor::Submit;
  void Submit(Work& work) override;

  // Instead of `Submit`: there is no work any more.
  void WillNotStart();

  bool RunsHere() const override;

  // Returns once the thread has ended, or there is none; from inside it, at once. `Submit` or `WillNotStart` has been called, or will
  // be.
  void Join();

  // Whether nothing of the thread is left to wait for but its end.
  bool has_left() const;

 private:
  ~OwnThread() override;

  mutable Mutex mutex_;  // No other lock is taken under it.
  std::optional<Thread> thread_ ABSL_GUARDED_BY(mutex_);
  bool has_left_ ABSL_GUARDED_BY(mutex_) = false;
  Event settled_;  // There is a thread, or there never will be.
  Event joined_;   // There is none any more.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OWNERS_OWN_THREAD_H_
