// The event: one line of a log.

#ifndef DOCS_EXAMPLES_LOGWATCH_LOG_LINE_H_
#define DOCS_EXAMPLES_LOGWATCH_LOG_LINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace logwatch {

// A topic copies its event for each subscriber, so what is large is shared.
struct LogLine {
  std::shared_ptr<const std::string> source;  // The name of the input, as the user gave it.
  uint64_t number = 0;                        // In its source, from 1.
  std::shared_ptr<const std::string> text;    // Without the end of the line. Any bytes.
  size_t bytes = 0;                           // What it took in the input, with its end.
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_LOG_LINE_H_
