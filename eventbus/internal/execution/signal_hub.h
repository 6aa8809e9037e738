// Where the signals of the process arrive, and who is told of them.
//
// The handler writes the signal's number into a pipe. A thread reads the pipe and tells the listeners.
//
// Invariants:
//   S1. The pipe is made once and never closed: a handler may be writing to it at any time.
//   S2. A signal has our handler while a listener names it: installed with the first, and the former one restored with the
//       last, both under the mutex.
//   S3. The thread runs, or is about to, while there is a listener. Who removes the last one has it look again.
//   S4. A listener is told with no lock held, of one signal at a time, by the thread, which holds a reference.

#ifndef EVENTBUS_INTERNAL_EXECUTION_SIGNAL_HUB_H_
#define EVENTBUS_INTERNAL_EXECUTION_SIGNAL_HUB_H_

#include <signal.h>

#include <cstdint>
#include <initializer_list>

#include "absl/base/thread_annotations.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/internal/ground/intrusive_list.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/primitives/primitives.h"

namespace eventbus::internal {

// What is behind a `SignalContext`.
class SignalListener final : public RefCounted, public ListNode<SignalListener> {
 public:
  // Fails at once if one of `signals` cannot be handled.
  SignalListener(std::initializer_list<int> signals, const Context& parent);

  bool Names(int signal) const { return (named_ >> signal) & 1; }

  // From the hub's thread.
  void Tell(int signal);

  // Tells of the end of the listener itself.
  void End();

  const Context& context() const { return cancel_.context(); }
  const Channel<int>& raised() const { return raised_; }

  uint64_t told = 0;  // The number of the last signal that it was told of. Guarded by the hub's mutex.

 private:
  uint64_t named_ = 0;  // A bit for each signal.
  CancelHandle cancel_;
  const Channel<int> raised_;
};

class SignalHub {
 public:
  static SignalHub& Get() { return ProcessWide<SignalHub>(); }

  // From now on tells `listener`. Throws `std::system_error`, and then does not.
  void Add(SignalListener& listener);
  // From now on does not, but for a signal that it is just being told of.
  void Remove(SignalListener& listener);

  // Whether the thread runs.
  bool has_thread() const;

 private:
  static constexpr int kSignals = 65;

  static void Handle(int signal);

  void OpenPipe() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Install(const SignalListener& listener) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Restore(const SignalListener& listener) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What came before there was a listener.
  void DropUnread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Serve();
  void TellAll(int signal);

  mutable Mutex mutex_;  // No user code runs under it.
  List<SignalListener> listeners_ ABSL_GUARDED_BY(mutex_);
  int users_[kSignals] ABSL_GUARDED_BY(mutex_) = {};  // How many listeners name each signal.
  int read_end_ ABSL_GUARDED_BY(mutex_) = -1;
  bool serving_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t number_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the signal in progress.
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_EXECUTION_SIGNAL_HUB_H_
