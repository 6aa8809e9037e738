// The logs to read: files by name, and standard input as "-".

#ifndef DOCS_EXAMPLES_LOGWATCH_INPUTS_H_
#define DOCS_EXAMPLES_LOGWATCH_INPUTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace logwatch {

// An open file, closed at the end unless it is standard input.
class Input {
 public:
  // Fails for what is missing, forbidden, or a directory.
  static absl::StatusOr<Input> Open(const std::string& name);

  Input(Input&& other) : fd_(std::exchange(other.fd_, -1)) {}
  Input& operator=(Input&&) = delete;
  ~Input();

  int fd() const { return fd_; }

 private:
  explicit Input(int fd) : fd_(fd) {}

  int fd_;
};

// How many bytes the inputs have together; none if one of them has no known size, as a pipe. One that cannot be read
// has 0.
std::optional<uint64_t> TotalSize(const std::vector<std::string>& inputs);

// Whether the open file `fd` is a file on disk and one of the inputs.
bool IsAmong(const std::vector<std::string>& inputs, int fd);

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_INPUTS_H_
