// Splits an open file into lines of bounded length.

#ifndef DOCS_EXAMPLES_LOGWATCH_LINE_READER_H_
#define DOCS_EXAMPLES_LOGWATCH_LINE_READER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace logwatch {

// Longer lines are cut, so that a file without newlines costs no more memory than any other.
inline constexpr size_t kMaxLineBytes = 64 * 1024;

class LineReader {
 public:
  struct Line {
    std::string text;     // Without its end, which is \n, \r\n or the end of the file.
    size_t bytes = 0;     // What it took in the file, with its end.
    bool cut = false;     // Bytes beyond the limit were dropped.
    bool binary = false;  // It has NUL bytes.
  };

  // Reads from `fd` until its end, or until `stop_fd` is readable. Neither is closed.
  LineReader(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {}

  // The next line; none at the end. After a stop or an error, first comes what was read before: a byte that was taken
  // from a pipe is nowhere else.
  absl::StatusOr<std::optional<Line>> Next();

 private:
  // Reads more if the buffer is empty. False at the end.
  bool Fill();

  const int fd_;
  const int stop_fd_;
  std::vector<char> buffer_ = std::vector<char>(64 * 1024);
  absl::string_view unread_;  // In the buffer.
  bool ended_ = false;
  absl::Status status_;
};

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_LINE_READER_H_
