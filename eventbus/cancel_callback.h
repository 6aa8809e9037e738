// What `Context::OnCancel` returns: the right to have a function called when a context ends.
//
//   Connection connection = Connect();
//   const CancelCallback close = context.OnCancel([&connection] { connection.Close(); });
//   connection.Read();      // ends early if `context` does: it cannot wait for a context itself
//
// Use it to stop what knows nothing of contexts: a blocking call of another library, a condition variable, a socket. What
// waits for channels uses `Select` with `context.OnDone()`, or passes the context.
//
// | the context | the function is called |
// |---|---|
// | is cancelled | by the thread that cancels it or one above it, once that and all below are done |
// | reaches its deadline | by the thread that the process has for alarms, although nobody looks |
// | has ended when it is registered | at once, before `OnCancel` returns |
// | is the background | never |
//
// Guarantees: it is called once at most, with no lock held, and finds its context done. When `Remove` or the destructor has
// returned, it is not called any more and is not running; only if it is removed from inside its own call does it run on to
// its end. What was done before the context was cancelled is visible to it. It has been destroyed when `Remove` returns
// after a call; a function that was never called goes with the handle.
//
// The function should be short and must not wait for long: it runs in the thread that cancels, or in the one that rings
// all alarms. It may use the context, cancel others, register and remove callbacks, its own included. It must not throw:
// that ends the program, as with `std::stop_callback`.
//
//   { std::lock_guard lock(mutex); callback.Remove(); }   // wrong if the function locks `mutex`: each waits for the other
//
// For work that is to be done later, use a task that waits with `AsyncSelect`, or have the function submit to an executor.
//
// Origin: std::stop_callback, Go's context.AfterFunc.

#ifndef EVENTBUS_CANCEL_CALLBACK_H_
#define EVENTBUS_CANCEL_CALLBACK_H_

#include <utility>

#include "eventbus/internal/choosing/cancel_callback.h"
#include "eventbus/internal/ground/ref_counted.h"

namespace eventbus {

// Move-only; destruction removes the callback. Default-constructed or moved from, it stands for none. Not thread-safe, but
// the function may be called at any time.
class [[nodiscard]] CancelCallback {
 public:
  CancelCallback() = default;
  CancelCallback(CancelCallback&&) = default;
  CancelCallback& operator=(CancelCallback&& other) {
    if (this != &other) {
      Remove();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~CancelCallback() { Remove(); }

  // Removes it. Blocks while the function runs in another thread. True if it was not called and never will be. Later calls
  // return false. O(1), with a deadline O(log n) in the number of alarms.
  bool Remove() {
    const auto state = std::exchange(state_, nullptr);  // The function may own this handle, and goes with its end.
    return state && state->Remove();
  }

 private:
  friend class Context;

  explicit CancelCallback(internal::Ref<internal::CancelCallbackState> state) : state_(std::move(state)) {}

  internal::Ref<internal::CancelCallbackState> state_;
};

}  // namespace eventbus

#endif  // EVENTBUS_CANCEL_CALLBACK_H_
