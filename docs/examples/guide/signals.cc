// The guide's example of signals.

#include <signal.h>
#include <unistd.h>

#include <thread>

#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Signals) {
  const auto serve = [](const Context& context) {
    raise(SIGTERM);
    Select({context.OnDone()});
    return context.cause();
  };
  // [guide]
  std::jthread impatient;  // joined last, when there will be no more signals
  SignalContext stop({SIGTERM, SIGINT});
  impatient = std::jthread([signals = stop.signals()] {
    if (!signals.Receive().ok()) return;  // the first: the program ends in order
    const absl::StatusOr<int> second = signals.Receive();
    if (second.ok()) _exit(128 + *second);
  });
  const absl::Status why = serve(stop.context());  // until SIGTERM or SIGINT; then `why` names it
  // [/guide]
  EXPECT_EQ(why, absl::CancelledError("SIGTERM"));
}

}  // namespace
}  // namespace eventbus
