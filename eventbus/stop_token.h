// Between contexts and the standard library's stop tokens, both ways.
//
//   void Serve(std::stop_token stop) {                       // the body of a std::jthread
//     const ContextFromStopToken stopped(std::move(stop));
//     while (true) {
//       absl::StatusOr<Order> order = orders.Receive(stopped.context());
//       if (!order.ok()) return;                             // closed, or the thread is to stop
//       ...
//
//   const StopTokenFromContext cancelled(context);
//   condition.wait(lock, cancelled.token(), [&] { return ready; });   // a std::condition_variable_any
//
// Use them at the border to code that speaks the other language. Inside a program one of the two is enough.
//
// Each follows in one direction: a stop cancels the context and a cancelled context requests a stop, neither back.

#ifndef EVENTBUS_STOP_TOKEN_H_
#define EVENTBUS_STOP_TOKEN_H_

#include <stop_token>
#include <utility>

#include "eventbus/cancel_callback.h"
#include "eventbus/context.h"

namespace eventbus {

// A context that is cancelled when a stop is requested, at once if it was before; and when `parent` is done, or this is
// destroyed, as with a `CancelHandle`. Neither movable nor copyable. Two allocations at most.
class ContextFromStopToken {
 public:
  explicit ContextFromStopToken(std::stop_token token, const Context& parent = Context::Background())
      : cancel_(parent.WithCancel()), on_stop_(std::move(token), Canceller{this}) {}
  ContextFromStopToken(const ContextFromStopToken&) = delete;
  ContextFromStopToken& operator=(const ContextFromStopToken&) = delete;

  // May outlive this; it is then done.
  const Context& context() const { return cancel_.context(); }

 private:
  struct Canceller {
    void operator()() const { self->cancel_.Cancel(); }
    ContextFromStopToken* self;
  };

  CancelHandle cancel_;
  std::stop_callback<Canceller> on_stop_;  // Goes first, and waits for a stop in progress.
};

// A stop token for which a stop is requested when `context` is done: in the call that cancels it, before that returns; when
// its deadline passes; at once, if it is done. Destroyed before that, it never will be. Movable.
class StopTokenFromContext {
 public:
  explicit StopTokenFromContext(const Context& context)
      : on_cancel_(context.OnCancel([source = source_]() mutable { source.request_stop(); })) {}

  // May outlive this.
  std::stop_token token() const { return source_.get_token(); }

  // For what takes a source. A stop that another requests does not reach the context.
  const std::stop_source& source() const { return source_; }

 private:
  std::stop_source source_;
  CancelCallback on_cancel_;
};

}  // namespace eventbus

#endif  // EVENTBUS_STOP_TOKEN_H_
