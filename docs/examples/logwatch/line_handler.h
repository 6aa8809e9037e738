// What a subscriber does with its lines.

#ifndef DOCS_EXAMPLES_LOGWATCH_LINE_HANDLER_H_
#define DOCS_EXAMPLES_LOGWATCH_LINE_HANDLER_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "docs/examples/logwatch/log_line.h"

namespace logwatch {

// All calls come from one thread, the subscriber's. The first error ends the subscriber, and no other.
class LineHandler {
 public:
  virtual ~LineHandler() = default;

  // OK means that the line needs nothing more: it is counted as handled.
  virtual absl::Status Handle(const LogLine& line) = 0;

  // How often `Tick` is to be called; never if infinite.
  virtual absl::Duration tick_period() const { return absl::InfiniteDuration(); }
  virtual void Tick() {}

  // After the last line.
  virtual absl::Status Finish() { return absl::OkStatus(); }
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_LINE_HANDLER_H_
