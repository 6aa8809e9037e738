// What is behind a `CancelCallback`: a function that is called once its context has ended.
//
// Who calls it: whoever takes it out of the context's list, which happens once. That is the thread that cancels, after
// everything below has ended; the alarm's thread, if the deadline passes; or who registers it, if the context has ended.
// One that merely finds a deadline passed, by asking `done()`, calls nothing: it may hold locks that the function wants.
//
// Invariants:
//   K1. It is linked in the context's list from `Register` until it is taken out, under the context's mutex: to be called,
//       and then `runner_` is who calls it; or by `Remove`, and then it is never called.
//   K2. Callbacks are taken out one by one, each right before its call: one that a callback removes is not called, and no
//       thread waits in `Remove` for a call that it would have to make itself.
//   K3. `over_` has happened once the function has returned and been destroyed. Until then the caller owns a reference.
//   K4. If the context has a deadline the alarm is set for it before the node is linked, so it rings for every linked node.
//
// Who wakes whom: who has called wakes who removes.
//
// Origin: std::stop_callback, for when it is called and what removing waits for; Go's context.AfterFunc.

#ifndef EVENTBUS_INTERNAL_CHOOSING_CANCEL_CALLBACK_H_
#define EVENTBUS_INTERNAL_CHOOSING_CANCEL_CALLBACK_H_

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "eventbus/internal/choosing/context_state.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/alarm.h"
#include "eventbus/internal/waiting/event.h"

namespace eventbus::internal {

class CancelCallbackState final : public RefCounted, private EndCallback, private Alarm {
 public:
  CancelCallbackState(Ref<ContextState> context, absl::AnyInvocable<void()> function);

  // Links it, or calls it if the context has ended. Once. May throw what starting the alarm's thread throws; then it is not
  // linked and nothing was called.
  void Register();

  // When this has returned, the function is not called any more and is not running, unless in this thread. True if it has
  // not been called and never will be.
  bool Remove();

 private:
  void Taken() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(context_->mutex);
  void Call() noexcept override;
  void Ring(WakeList& wakes, ReadyWork& ready) override;

  const Ref<ContextState> context_;
  const bool timed_;                     // It has an alarm.
  absl::AnyInvocable<void()> function_;  // Touched by who calls it, and by the destructor.
  ThreadIdentity runner_ ABSL_GUARDED_BY(context_->mutex) = nullptr;
  EventCalled<"end of callback"> over_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_CHOOSING_CANCEL_CALLBACK_H_
