#include "docs/examples/logwatch/inputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/status/status.h"

namespace logwatch {
namespace {

constexpr char kStandardInput[] = "-";

bool GetStat(const std::string& input, struct stat& info) {
  return input == kStandardInput ? fstat(STDIN_FILENO, &info) == 0 : stat(input.c_str(), &info) == 0;
}

}  // namespace

absl::StatusOr<Input> Input::Open(const std::string& name) {
  // Not to block: the open of a named pipe would wait for its writer, and could not be stopped.
  Input input(name == kStandardInput ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat info;
  if (input.fd() < 0 || fstat(input.fd(), &info) != 0) return absl::ErrnoToStatus(errno, "cannot open");
  if (S_ISDIR(info.st_mode)) return absl::InvalidArgumentError("cannot read: Is a directory");
  return input;
}

Input::~Input() {
  if (fd_ > STDIN_FILENO) close(fd_);
}

std::optional<uint64_t> TotalSize(const std::vector<std::string>& inputs) {
  uint64_t total = 0;
  for (const std::string& input : inputs) {
    struct stat info;
    if (!GetStat(input, info) || S_ISDIR(info.st_mode)) continue;
    if (!S_ISREG(info.st_mode)) return std::nullopt;
    total += static_cast<uint64_t>(info.st_size);
  }
  return total;
}

bool IsAmong(const std::vector<std::string>& inputs, int fd) {
  struct stat file;
  if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) return false;
  return std::any_of(inputs.begin(), inputs.end(), [&file](const std::string& input) {
    struct stat info;
    return GetStat(input, info) && info.st_dev == file.st_dev && info.st_ino == file.st_ino;
  });
}

}  // namespace logwatch
