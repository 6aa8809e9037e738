#include "docs/examples/logwatch/subscriber.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "docs/examples/logwatch/standard_streams.h"
#include "eventbus/receive_channel.h"
#include "eventbus/select.h"
#include "eventbus/timer.h"

namespace logwatch {
namespace {

using ::eventbus::After;
using ::eventbus::ReceiveChannel;
using ::eventbus::Select;
using ::eventbus::Subscription;

// Enough that a subscriber does not wait for the reader at every line, little enough that a slow one soon holds up the
// reader instead of filling the memory.
constexpr int kQueuedLines = 256;

Subscription SubscribeOrEnded(eventbus::EventBus& bus, const eventbus::Channel<LogLine>& lines,
                              const std::string& name) {
  absl::StatusOr<Subscription> subscription = bus.Subscribe<LogLine>("lines.*", lines, {.name = name});
  return subscription.ok() ? *std::move(subscription) : Subscription();  // Refused: the bus is closed.
}

}  // namespace

Subscriber::Subscriber(std::string name, LineHandler& handler, eventbus::EventBus& bus)
    : name_(std::move(name)),
      handler_(handler),
      lines_(kQueuedLines),
      subscription_(SubscribeOrEnded(bus, lines_, name_)),
      thread_([this] { Run(); }) {}

Subscriber::~Subscriber() {
  subscription_.Unsubscribe();
  Join();
}

void Subscriber::Join() {
  if (thread_.joinable()) thread_.join();
}

void Subscriber::Run() {
  status_ = ReceiveUntilEnd();
  if (status_.ok()) status_ = handler_.Finish();
  if (status_.ok()) return;
  // Nobody receives any more: without this, the next send to a full channel would wait for ever.
  subscription_.Unsubscribe();
  PrintMessage(absl::StrCat(name_, ": ", status_.message(), "; the other subscribers go on"));
}

absl::Status Subscriber::ReceiveUntilEnd() {
  const ReceiveChannel<absl::Status> ended = subscription_.Err();
  ReceiveChannel<absl::Time> tick = After(handler_.tick_period());
  while (true) {
    absl::StatusOr<LogLine> line;
    absl::StatusOr<absl::Status> reason;
    absl::StatusOr<absl::Time> now;
    switch (Select({lines_.OnReceive(&line), ended.OnReceive(&reason), tick.OnReceive(&now)})) {
      case 0:
        if (absl::Status handled = Handle(*line); !handled.ok()) return handled;
        break;
      case 1:
        return Drain();
      case 2:
        handler_.Tick();
        tick = After(handler_.tick_period());
        break;
    }
  }
}

// Once the subscription has ended, nothing more is sent to the channel; what is in it stays there.
absl::Status Subscriber::Drain() {
  lines_.Close();
  for (const LogLine& line : lines_) {
    if (absl::Status handled = Handle(line); !handled.ok()) return handled;
  }
  return absl::OkStatus();
}

absl::Status Subscriber::Handle(const LogLine& line) {
  absl::Status handled = handler_.Handle(line);
  if (handled.ok()) ++handled_;
  return handled;
}

}  // namespace logwatch
