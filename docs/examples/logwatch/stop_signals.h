// SIGINT and SIGTERM: the first asks the program to finish, the second ends it at once with 128 + the signal's number.

#ifndef DOCS_EXAMPLES_LOGWATCH_STOP_SIGNALS_H_
#define DOCS_EXAMPLES_LOGWATCH_STOP_SIGNALS_H_

#include <thread>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/readiness_fd.h"
#include "eventbus/signal_context.h"

namespace logwatch {

class StopSignals {
 public:
  StopSignals();

  // Cancelled by the first signal; its cause says which.
  const eventbus::Context& context() const { return signals_.context(); }

  // Becomes readable together with that: for `poll`, which cannot wait for a context.
  int fd() const { return readable_.fd(); }

 private:
  std::jthread watcher_;  // Goes last: what it waits for ends with the others.
  eventbus::SignalContext signals_;
  const eventbus::Channel<int> stopped_;  // Closed by the first signal.
  const eventbus::ReadinessFd readable_;
  const eventbus::CancelCallback on_stop_;
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_STOP_SIGNALS_H_
