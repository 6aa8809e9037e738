// Telling the parts of a program to stop: a tree of contexts that are cancelled from above, by hand or by a deadline.
//
//   CancelHandle request = server_context.WithTimeout(absl::Seconds(2));
//   absl::Status status = replies.Send(request.context(), reply);  // kDeadlineExceeded if it is late
//
// Pass a `Context` to whatever may block. A context is not for passing values.
//
// | | `Background()` | alive | cancelled | deadline passed |
// |---|---|---|---|---|
// | `done()` | false | false | true | true |
// | `status()` | OK | OK | `kCancelled` | `kDeadlineExceeded` |
// | `cause()` | OK | OK | what `Cancel` was given, else as `status()` | as `status()` |
// | `OnDone()` in a select | never ready | not ready | ready | ready |
// | what `OnCancel` was given | is never called | | is called once | is called once |
//
// Guarantees: cancelling a context cancels all below it and none beside or above it, and when the call that did it
// returns, all below are done. Once a context is done, its status and cause never change. What was done before `Cancel`
// is visible to who finds the context done. Deadlines run on the steady clock and need no thread, but for callbacks. A
// child's deadline is never later than its parent's.
//
// To clean up after a cancellation, do not use the context that has ended: everything would end at once.
//
//   CancelHandle clean_up = context.WithoutCancel().WithTimeout(absl::Seconds(5));
//
// See also `sleep.h` (`SleepFor`), `signal_context.h`, `stop_token.h`. Origin: Go's context package, without values.

#ifndef EVENTBUS_CONTEXT_H_
#define EVENTBUS_CONTEXT_H_

#include <concepts>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/cancel_callback.h"
#include "eventbus/case.h"
#include "eventbus/internal/choosing/context_state.h"
#include "eventbus/internal/ground/ref_counted.h"

namespace eventbus {

class CancelHandle;

// A copyable handle, one pointer wide. Thread-safe, as `std::shared_ptr` is: distinct handles of one context may be
// used at once. No call blocks, unless a callback does that `OnCancel` calls at once.
class Context {
 public:
  // Never done. The root of all others.
  static Context Background() { return Context(); }

  // A child that is done when its handle cancels it, when this context is done, or when its deadline passes, whichever
  // is first. A deadline in the past gives a context that is done. O(1), one allocation.
  [[nodiscard]] CancelHandle WithCancel() const;
  [[nodiscard]] CancelHandle WithDeadline(absl::Time deadline) const;
  [[nodiscard]] CancelHandle WithTimeout(absl::Duration timeout) const;

  // A context for what must go on when this one has ended: it is not cancelled with this one and has no deadline. The same
  // as the background; the name says that leaving the tree is meant.
  Context WithoutCancel() const { return Background(); }

  // Has `callback` called once, when this context is done, by whom `cancel_callback.h` says; at once if it is. The returned
  // handle removes it. O(1), with a deadline O(log n) in the number of alarms. Allocates once, and what the function needs.
  // With a deadline, throws `std::system_error` if the system refuses the thread that rings alarms.
  CancelCallback OnCancel(absl::AnyInvocable<void()> callback) const;

  // Whether it has ended. Reads the clock if there is a deadline.
  bool done() const { return state_ && state_->IsDone(); }

  // OK while not done, then `kCancelled` or `kDeadlineExceeded`.
  absl::Status status() const { return state_ ? state_->GetStatus() : absl::OkStatus(); }

  // OK while not done, then why: what the cancelling call of this context or the one above it gave as a reason.
  absl::Status cause() const { return state_ ? state_->GetCause() : absl::OkStatus(); }

  // When it will be done at the latest; `absl::InfiniteFuture()` if nothing says so.
  absl::Time deadline() const { return state_ ? state_->wall_deadline() : absl::InfiniteFuture(); }

  // A case that is ready once the context is done. With a handler: runs it once chosen.
  Case OnDone() const& { return Case({.target = state_.get()}); }
  Case OnDone() && { return KeepAlive({.target = state_.get()}); }
  template <std::invocable Handler>
  Case OnDone(Handler handler) const& {
    return Case({.target = state_.get(), .finish = Finish(std::move(handler))});
  }
  template <std::invocable Handler>
  Case OnDone(Handler handler) && {
    return KeepAlive({.target = state_.get(), .finish = Finish(std::move(handler))});
  }

  // Whether both are the same context.
  friend bool operator==(const Context& a, const Context& b) { return a.state_.get() == b.state_.get(); }

 private:
  friend class CancelHandle;
  friend struct ContextAccess;

  Context() = default;
  explicit Context(internal::Ref<internal::ContextState> state) : state_(std::move(state)) {}

  CancelHandle MakeChild(internal::Instant deadline, absl::Time wall_deadline) const;

  template <typename Handler>
  static auto Finish(Handler handler) {
    return [handler = std::move(handler)](void*, internal::Outcome) mutable { handler(); };
  }
  Case KeepAlive(internal::CaseParts parts) {
    parts.kept_alive = std::move(state_);
    return Case(std::move(parts));
  }

  internal::Ref<internal::ContextState> state_;  // Null: the background.
};

// The right to cancel one context. Move-only; cancels when destroyed, so a context never outlives its purpose
// unnoticed. Thread-safe but for moving and destroying.
class [[nodiscard]] CancelHandle {
 public:
  CancelHandle(CancelHandle&&) = default;
  CancelHandle& operator=(CancelHandle&& other) {
    if (this != &other) {
      Cancel();
      context_ = std::exchange(other.context_, Context());
    }
    return *this;
  }
  ~CancelHandle() { Cancel(); }

  // The context to pass on. It may outlive the handle; it is then done. A handle that was moved from has the
  // background.
  const Context& context() const { return context_; }

  // Ends the context and all below it; later calls do nothing. True if this call ended it. With a `cause` other than
  // OK, `cause()` says so. Waiting operations are woken, and what `OnCancel` was given is called, which may destroy this
  // handle; no other user code runs, but for tasks on an `InlineExecutor`. O(number of contexts below).
  bool Cancel(const absl::Status& cause = absl::OkStatus()) {
    return context_.state_ && context_.state_->Cancel(cause);
  }

 private:
  friend class Context;

  explicit CancelHandle(Context context) : context_(std::move(context)) {}

  Context context_;
};

// For the library itself: the selectable behind a context, null for the background.
struct ContextAccess {
  static internal::ContextState* state(const Context& context) { return context.state_.get(); }
};

}  // namespace eventbus

#endif  // EVENTBUS_CONTEXT_H_
