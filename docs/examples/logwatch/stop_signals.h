// Turns SIGINT and SIGTERM into a cancelled context.

#ifndef DOCS_EXAMPLES_LOGWATCH_STOP_SIGNALS_H_
#define DOCS_EXAMPLES_LOGWATCH_STOP_SIGNALS_H_

#include <csignal>
#include <stop_token>
#include <thread>

#include "eventbus/context.h"

namespace logwatch {

// The first signal asks the program to finish, the second ends it at once with 128 + the signal's number.
//
// Make it before any other thread: it blocks the signals, and threads inherit that, so no signal handler ever runs in
// the midst of something. A thread of its own waits for them instead.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  // Cancelled by the first signal; its cause says which.
  const eventbus::Context& context() const { return stop_.context(); }

  // Becomes readable together with that: for `poll`, which cannot wait for a context.
  int fd() const { return pipe_[0]; }

 private:
  void Watch(std::stop_token ending);

  sigset_t signals_;
  int pipe_[2];
  eventbus::CancelHandle stop_;
  std::jthread thread_;
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_STOP_SIGNALS_H_
