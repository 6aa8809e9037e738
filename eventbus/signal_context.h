// A context that signals of the process cancel: how a program is asked to stop.
//
//   int main() {
//     SignalContext stop({SIGTERM, SIGINT});
//     std::thread impatient([signals = stop.signals()] {
//       signals.Receive().IgnoreError();                                       // the first: the program ends in order
//       if (absl::StatusOr<int> again = signals.Receive(); again.ok()) _exit(128 + *again);
//     });
//     absl::Status status = Serve(stop.context());                             // returns when it is done
//     ...
//
// Make it in `main`, before the work begins. A library leaves signals to the program and takes a `Context`.
//
// | signal | `context()` | `signals()` |
// |---|---|---|
// | none yet | alive | blocks |
// | the first | cancelled; its cause is `kCancelled` with the signal's name, such as "SIGTERM" | gives its number |
// | each one after that | | gives its number |
//
// Guarantees: from the constructor on no signal is lost: one that comes before anybody waits is found by who looks later.
// Who looks finds it an instant after it was raised, for another thread, which the process has for all of these, passes it
// on; callbacks of `OnCancel` run there. The handler itself makes one system call. System calls that a signal interrupts are
// restarted. Beyond 64 numbers that nobody has received from `signals()`, more are dropped there.
//
// Several at once: each signal reaches all that name it. The handler that a signal had before the first of them is
// restored when the last of them is destroyed, unless somebody has replaced it meanwhile.
//
// A signal that all threads block is delivered when one of them lets it. A child made by `fork` that goes on without
// `exec` has the former handlers when a signal comes.
//
// Cost: from the first use on two descriptors; a thread while there is one of these; a signal takes one system call and a
// wake-up.
//
// Origin: Go's signal.NotifyContext, with every signal to be seen.

#ifndef EVENTBUS_SIGNAL_CONTEXT_H_
#define EVENTBUS_SIGNAL_CONTEXT_H_

#include <initializer_list>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/receive_channel.h"

namespace eventbus {

namespace internal {
class SignalListener;
}

// Thread-safe. Neither movable nor copyable. Destruction cancels the context, and closes `signals()`.
class SignalContext {
 public:
  // `signals` is not empty, and names signals that can be handled and that do not tell of an error in the program's own code
  // (SIGSEGV and its like): else fails at once. Throws `std::system_error` if the system refuses the descriptors or the
  // thread.
  explicit SignalContext(std::initializer_list<int> signals, const Context& parent = Context::Background());
  SignalContext(const SignalContext&) = delete;
  SignalContext& operator=(const SignalContext&) = delete;
  ~SignalContext();

  // Done once one of the signals has come, or the parent is done.
  const Context& context() const;

  // The numbers of the signals that come, the first included. All who receive share them.
  ReceiveChannel<int> signals() const;

 private:
  const internal::Ref<internal::SignalListener> listener_;
};

}  // namespace eventbus

#endif  // EVENTBUS_SIGNAL_CONTEXT_H_
