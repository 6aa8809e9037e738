// Reads logs and gives each line to several subscribers: a counter, a rate meter, an alert, an archive.
//
//   bazel run -c opt //docs/examples:logwatch -- --alert 'half-' /var/log/dpkg.log
//
//                       topics
//                       lines.1  +-> channel -> counter   (thread)
//   files ->  reader -> lines.2 -+-> channel -> rate      (thread)
//   stdin  (main thread)  ...    +-> channel -> alert     (thread, if asked for)
//                                +-> channel -> archive   (thread, if asked for)
//
// What it shows:
//   - `EventBus`: each input has a topic, which is made when it is opened, and the subscribers of "lines.*" get what is published
//     there too. The channels are bounded, so a slow subscriber holds up the reader instead of losing lines or filling the
//     memory.
//   - `Select` in `subscriber.cc`: one thread waits for a line, the end of its subscription, and a tick.
//   - `SignalContext` in `stop_signals.cc`: SIGINT cancels a context, and whoever waits with it stops. A `ReadinessFd` brings
//     that to a `poll`, and a second signal ends the program.
//   - `Service` in `Run`: it drains the bus under a deadline, so that every line that was read is handled by everybody, and names
//     what hangs. The report proves it, and the exit status says so.

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "docs/examples/logwatch/action_counter.h"
#include "docs/examples/logwatch/archive.h"
#include "docs/examples/logwatch/inputs.h"
#include "docs/examples/logwatch/line_reader.h"
#include "docs/examples/logwatch/log_line.h"
#include "docs/examples/logwatch/options.h"
#include "docs/examples/logwatch/pattern_alert.h"
#include "docs/examples/logwatch/rate_meter.h"
#include "docs/examples/logwatch/report.h"
#include "docs/examples/logwatch/standard_streams.h"
#include "docs/examples/logwatch/stop_signals.h"
#include "docs/examples/logwatch/subscriber.h"
#include "eventbus/context.h"
#include "eventbus/event_bus.h"
#include "eventbus/send_result.h"
#include "eventbus/service.h"
#include "eventbus/shutdown_report.h"
#include "eventbus/topic_of.h"

namespace logwatch {
namespace {

using ::eventbus::Context;
using ::eventbus::EventBus;
using ::eventbus::SendResult;
using ::eventbus::Service;
using ::eventbus::ShutdownReport;
using ::eventbus::TopicOf;

// What the slowest subscriber may need for a full channel.
constexpr absl::Duration kDrainBudget = absl::Minutes(1);

// Publishes each line of `input` on `topic`, until its end or a signal.
absl::Status PublishLines(const std::string& name, const Input& input, const StopSignals& signals,
                          const TopicOf<LogLine>& topic, InputTally& tally) {
  LineReader reader(input.fd(), signals.fd());
  LogLine event;
  event.source = std::make_shared<const std::string>(name);
  while (true) {
    absl::StatusOr<std::optional<LineReader::Line>> line = reader.Next();
    if (!line.ok()) return line.status();
    if (!line->has_value()) return absl::OkStatus();

    tally.lines += 1;
    tally.cut_lines += (*line)->cut;
    tally.binary_lines += (*line)->binary;
    event.number += 1;
    event.bytes = (*line)->bytes;
    event.text = std::make_shared<const std::string>(std::move((*line)->text));
    // Without the context that the signals cancel: a send that is cancelled half-way has reached some subscribers and
    // not others. It does not wait long, for each subscriber receives until its channel is drained, or leaves.
    const SendResult sent = topic.Publish(event);
    if (!sent.status.ok()) return sent.status;
  }
}

// Publishes the lines of the `number`th input, which have a topic of their own.
absl::Status PublishInput(const std::string& name, size_t number, const StopSignals& signals, EventBus& bus,
                          InputTally& tally) {
  const absl::StatusOr<Input> input = Input::Open(name);
  if (!input.ok()) return input.status();
  const absl::StatusOr<TopicOf<LogLine>> topic = bus.Topic<LogLine>(absl::StrCat("lines.", number));
  return topic.ok() ? PublishLines(name, *input, signals, *topic, tally) : topic.status();
}

InputTally PublishInputs(const std::vector<std::string>& names, const StopSignals& signals, EventBus& bus) {
  InputTally tally;
  size_t number = 0;
  for (const std::string& name : names) {
    if (signals.context().done()) break;
    const absl::Status status = PublishInput(name, ++number, signals, bus, tally);
    if (status.ok()) continue;
    tally.unreadable_inputs += 1;
    PrintMessage(absl::StrCat(name, ": ", status.message()));
  }
  return tally;
}

RateMeter MakeRateMeter(const Options& options) {
  const std::optional<uint64_t> total = TotalSize(options.inputs);
  // Alerts on the same terminal would be written into the bar.
  const bool has_terminal = isatty(STDERR_FILENO) && !(options.alert && isatty(STDOUT_FILENO));
  return RateMeter(has_terminal && total ? RateMeter::Style::kProgressBar : RateMeter::Style::kLines, total);
}

// Says why the program ends, and passes on what it ends with.
ExitStatus Fail(const absl::Status& status, ExitStatus exit_status) {
  PrintMessage(status.message());
  if (exit_status == kUsageError) PrintMessage("try --help");
  return exit_status;
}

ExitStatus Run(const Options& options) {
  StopSignals signals;

  ActionCounter counter;
  RateMeter rate = MakeRateMeter(options);
  std::optional<PatternAlert> alert;
  if (options.alert) {
    absl::StatusOr<PatternAlert> made = PatternAlert::Make(*options.alert);
    if (!made.ok()) return Fail(made.status(), kUsageError);
    alert.emplace(*std::move(made));
  }
  std::optional<Archive> archive;
  if (options.archive) {
    const absl::Duration delay = options.slow.value_or(absl::ZeroDuration());
    absl::StatusOr<Archive> opened = Archive::Open(*options.archive, options.inputs, delay, signals.context());
    if (!opened.ok()) return Fail(opened.status(), kFailure);
    archive.emplace(*std::move(opened));
  }

  EventBus bus({.name = "logwatch"});
  Subscribers subscribers;
  const auto subscribe = [&](const char* name, LineHandler& handler) {
    subscribers.push_back(std::make_unique<Subscriber>(name, handler, bus));
  };
  subscribe("counter", counter);
  subscribe("rate", rate);
  if (alert) subscribe("alert", *alert);
  if (archive) subscribe("archive", *archive);

  Service service(kDrainBudget, {.name = "logwatch"});
  service.Add("bus", bus);
  if (const absl::Status started = service.Start(Context::Background()); !started.ok()) return Fail(started, kFailure);
  const InputTally inputs = PublishInputs(options.inputs, signals, bus);

  // The drain: nothing more is sent, and each subscriber goes on until it has handled what is in its channel.
  const ShutdownReport closed = service.Close();
  if (!closed.ok()) PrintMessage(closed.ToString());
  for (const auto& subscriber : subscribers) subscriber->Join();

  const absl::Status printed = Print(Report(counter, inputs, subscribers, signals.context().cause()));
  if (!printed.ok()) return Fail(printed, kFailure);
  return closed.ok() ? ExitStatusOf(inputs, subscribers) : kFailure;
}

// `bazel run` starts programs elsewhere than where the user is, whose file names may be relative.
absl::Status GoToCaller() {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  if (directory == nullptr || chdir(directory) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot change to ", directory));
}

ExitStatus Main(const std::vector<std::string>& arguments) {
  PrepareStandardStreams();
  const absl::StatusOr<Options> options = ParseOptions(arguments);
  if (!options.ok()) return Fail(options.status(), kUsageError);
  if (options->help) {
    const absl::Status printed = Print(kHelp);
    return printed.ok() ? kSuccess : Fail(printed, kFailure);
  }
  if (const absl::Status moved = GoToCaller(); !moved.ok()) return Fail(moved, kFailure);
  return Run(*options);
}

}  // namespace
}  // namespace logwatch

int main(int argc, char** argv) { return logwatch::Main(std::vector<std::string>(argv + 1, argv + argc)); }
