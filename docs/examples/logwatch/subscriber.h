// A subscriber: a bounded channel that is subscribed to the lines of every input, and a thread that receives from it.

#ifndef DOCS_EXAMPLES_LOGWATCH_SUBSCRIBER_H_
#define DOCS_EXAMPLES_LOGWATCH_SUBSCRIBER_H_

#include <cstdint>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "docs/examples/logwatch/line_handler.h"
#include "docs/examples/logwatch/log_line.h"
#include "eventbus/channel.h"
#include "eventbus/event_bus.h"
#include "eventbus/subscription.h"

namespace logwatch {

class Subscriber {
 public:
  // Subscribes to all topics of lines on `bus`, and gives each line to `handler`, which must outlive this. Ends when the bus has
  // been drained, or closed and then the channel drained, or when the handler fails.
  Subscriber(std::string name, LineHandler& handler, eventbus::EventBus& bus);
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  ~Subscriber();

  // Returns once the subscriber has ended. What follows is for after that.
  void Join();

  const std::string& name() const { return name_; }
  uint64_t handled() const { return handled_; }
  // Why it ended before its time, or OK.
  const absl::Status& status() const { return status_; }

 private:
  void Run();
  absl::Status ReceiveUntilEnd();
  absl::Status Drain();
  absl::Status Handle(const LogLine& line);

  const std::string name_;
  LineHandler& handler_;
  const eventbus::Channel<LogLine> lines_;
  eventbus::Subscription subscription_;
  uint64_t handled_ = 0;
  absl::Status status_;
  std::thread thread_;  // Last: it uses the others.
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_SUBSCRIBER_H_
