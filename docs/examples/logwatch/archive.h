// Writes lines to a file, one JSON object each.

#ifndef DOCS_EXAMPLES_LOGWATCH_ARCHIVE_H_
#define DOCS_EXAMPLES_LOGWATCH_ARCHIVE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "docs/examples/logwatch/line_handler.h"
#include "docs/examples/logwatch/log_line.h"
#include "eventbus/context.h"

namespace logwatch {

class Archive : public LineHandler {
 public:
  // Opens and empties the file `name`, which must not be one of `inputs`. Before each line, waits for `delay` or until
  // `stop` is done.
  static absl::StatusOr<Archive> Open(const std::string& name, const std::vector<std::string>& inputs,
                                      absl::Duration delay, eventbus::Context stop);

  Archive(Archive&& other);
  Archive& operator=(Archive&&) = delete;
  ~Archive() override;

  // Each line is written before it counts as handled: what the report says is in the file.
  absl::Status Handle(const LogLine& line) override;
  absl::Status Finish() override;

 private:
  Archive(std::string name, int fd, absl::Duration delay, eventbus::Context stop);

  std::string name_;
  int fd_;
  absl::Duration delay_;
  eventbus::Context stop_;
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_ARCHIVE_H_
