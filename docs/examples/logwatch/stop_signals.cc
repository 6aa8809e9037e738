#include "docs/examples/logwatch/stop_signals.h"

#include <signal.h>
#include <unistd.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "docs/examples/logwatch/standard_streams.h"

namespace logwatch {
namespace {

// Until the end of the channel, which is that of the program.
void Watch(const eventbus::ReceiveChannel<int>& signals) {
  const absl::StatusOr<int> first = signals.Receive();
  if (!first.ok()) return;
  PrintMessage(absl::StrCat(*first == SIGINT ? "SIGINT" : "SIGTERM",
                            ": finishing what has been read; a second signal ends at once"));
  const absl::StatusOr<int> second = signals.Receive();
  if (second.ok()) _exit(128 + *second);
}

}  // namespace

StopSignals::StopSignals()
    : signals_({SIGINT, SIGTERM}),
      readable_(stopped_),
      on_stop_(signals_.context().OnCancel([stopped = stopped_] { stopped.Close(); })) {
  watcher_ = std::jthread([signals = signals_.signals()] { Watch(signals); });
}

}  // namespace logwatch
