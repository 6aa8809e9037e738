// What is printed at the end, and the exit status that follows from it.

#ifndef DOCS_EXAMPLES_LOGWATCH_REPORT_H_
#define DOCS_EXAMPLES_LOGWATCH_REPORT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "docs/examples/logwatch/action_counter.h"
#include "docs/examples/logwatch/options.h"
#include "docs/examples/logwatch/subscriber.h"

namespace logwatch {

// What became of the inputs.
struct InputTally {
  uint64_t lines = 0;
  uint64_t cut_lines = 0;
  uint64_t binary_lines = 0;
  uint64_t unreadable_inputs = 0;
};

using Subscribers = std::vector<std::unique_ptr<Subscriber>>;

// A table of the actions, then the lines that were read and those that each subscriber handled. `stopped` is why the
// reading ended before the end of the inputs, or OK.
std::string Report(const ActionCounter& counter, const InputTally& inputs, const Subscribers& subscribers,
                   const absl::Status& stopped);

// Success if all inputs were read and each subscriber handled each line.
ExitStatus ExitStatusOf(const InputTally& inputs, const Subscribers& subscribers);

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_REPORT_H_
