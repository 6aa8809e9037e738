#include "docs/examples/logwatch/stop_signals.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "docs/examples/logwatch/standard_streams.h"

namespace logwatch {

StopSignals::StopSignals() : stop_(eventbus::Context::Background().WithCancel()) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  if (pipe2(pipe_, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  thread_ = std::jthread([this](std::stop_token ending) { Watch(std::move(ending)); });
}

StopSignals::~StopSignals() {
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), SIGTERM);  // Ends its wait.
  thread_.join();
  close(pipe_[0]);
  close(pipe_[1]);
}

void StopSignals::Watch(std::stop_token ending) {
  int signal = 0;
  sigwait(&signals_, &signal);
  if (ending.stop_requested()) return;
  const char* name = signal == SIGINT ? "SIGINT" : "SIGTERM";
  stop_.Cancel(absl::CancelledError(name));
  [[maybe_unused]] const ssize_t written = write(pipe_[1], "", 1);  // Never read, so it stays readable.
  PrintMessage(absl::StrCat(name, ": finishing what has been read; a second signal ends at once"));

  sigwait(&signals_, &signal);
  if (ending.stop_requested()) return;
  _exit(128 + signal);
}

}  // namespace logwatch
