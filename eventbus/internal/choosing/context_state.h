// A node of the context tree: what `Context` and `CancelHandle` share.
//
// Invariants:
//   C1. `done_` goes from false to true once; `status_` and `cause_` are written before that and never again.
//   C2. A node that is not done is linked in its parent's `children_`, unless the parent never ends. A child owns its
//       parent; a parent does not own its children, and takes a reference to one only under its own mutex, which the
//       destructor of a child takes too.
//   C3. No thread ever holds the mutexes of two nodes because of the tree: cancellation works through a list.
//   C4. A deadline needs no timer, but for callbacks: whoever asks, or waits, compares with the clock, and the first to find it passed
//       ends the node. A child's deadline is never later than its parent's.

#ifndef EVENTBUS_INTERNAL_CHOOSING_CONTEXT_STATE_H_
#define EVENTBUS_INTERNAL_CHOOSING_CONTEXT_STATE_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/selectable.h"
#include "eventbus/internal/waiting/wait_queue.h"

namespace eventbus::internal {

struct SiblingTag;   // The list of a parent's children.
struct EndingTag;    // The worklists of a cancellation.
struct CallbackTag;  // The list of a context's callbacks.

// What is called once a context has ended: see `cancel_callback.h`.
class EndCallback : private ListNode<CallbackTag> {
 public:
  virtual ~EndCallback() = default;

  // It has been taken out of the context's list, to be called by this thread. Under the context's mutex.
  virtual void Taken() = 0;

  // With no lock held. May end its life.
  virtual void Call() noexcept = 0;

 private:
  friend class ContextState;
  friend class List<EndCallback, CallbackTag>;
};

class ContextState final : public Selectable,
                           public RefCounted,
                           private ListNode<SiblingTag>,
                           private ListNode<EndingTag> {
 public:
  // Both deadlines are of this node alone; the parent's are taken into account. `parent` may be null.
  ContextState(Ref<ContextState> parent, Instant deadline, absl::Time wall_deadline);

  // Ends this node and all below it, unless it has ended or is late, and calls their callbacks, but for those of whom was
  // late. True if this call did it. An OK `cause` means: as the status. O(number of descendants).
  bool Cancel(const absl::Status& cause);

  bool IsDone();
  absl::Status GetStatus();
  absl::Status GetCause();

  // The earliest deadline from here to the root.
  Instant deadline() const { return deadline_; }
  absl::Time wall_deadline() const { return wall_deadline_; }

  // Links `callback`; false if the context has ended.
  bool AddCallback(EndCallback& callback);

  // Takes `callback` out; false if it is not linked.
  bool RemoveCallbackLocked(EndCallback& callback) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // How many waiters are linked. O(n).
  size_t CountWaiting() const;

  // Selectable: complete when the context is done.
  bool TryComplete(Waiter& arm, WakeList& wakes) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Enlist(Waiter& arm) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DescribeWaitFor(const Waiter&, WaitedFor& thing) const override { thing.what = "end of context"; }
  Instant ReadyAt(const Waiter& arm) const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

 private:
  using Children = List<ContextState, SiblingTag>;
  using Ending = List<ContextState, EndingTag>;
  friend Children;
  friend Ending;

  ~ContextState() override;

  bool DeadlineHasPassed() const { return !deadline_.is_never() && SteadyNow() >= deadline_; }

  // Ends this node and all below it, as `EndOne`.
  bool End(const absl::Status& status, const absl::Status& cause);

  // Ends this node alone, with what `status` and `cause` say or, if its deadline has passed by `now`, with that, and
  // moves its children, each with a reference, to `ending`. True if it ended as `status` says; then, if it has callbacks, it
  // is on `calling`, with a reference.
  bool EndOne(Instant now, const absl::Status& status, const absl::Status& cause, Ending& ending, Ending& calling);

  // Calls its callbacks, one after the other.
  void CallBack() ABSL_LOCKS_EXCLUDED(mutex);

  // Leaves the parent's children, and hands the reference to the parent to the caller. Null without a parent.
  ContextState* LeaveParent();

  Ref<ContextState> parent_;  // Changes in the destructor only.
  const Instant deadline_;
  const absl::Time wall_deadline_;

  Atomic<bool> done_{false};
  absl::Status status_ ABSL_GUARDED_BY(mutex);
  absl::Status cause_ ABSL_GUARDED_BY(mutex);
  WaitQueue waiting_ ABSL_GUARDED_BY(mutex);
  Children children_ ABSL_GUARDED_BY(mutex);
  List<EndCallback, CallbackTag> callbacks_ ABSL_GUARDED_BY(mutex);
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHOOSING_CONTEXT_STATE_H_
