#include "docs/examples/logwatch/archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "docs/examples/logwatch/inputs.h"
#include "docs/examples/logwatch/json.h"
#include "docs/examples/logwatch/standard_streams.h"
#include "eventbus/sleep.h"

namespace logwatch {

absl::StatusOr<Archive> Archive::Open(const std::string& name, const std::vector<std::string>& inputs,
                                      absl::Duration delay, eventbus::Context stop) {
  const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open archive ", name));
  Archive archive(name, fd, delay, std::move(stop));
  // Emptied only now: an input would be lost, and reading it would never end.
  if (IsAmong(inputs, fd)) return absl::InvalidArgumentError(absl::StrCat("archive ", name, " is an input as well"));
  if (ftruncate(fd, 0) != 0 && errno != EINVAL) {  // EINVAL: a pipe or a device.
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot empty archive ", name));
  }
  return archive;
}

Archive::Archive(std::string name, int fd, absl::Duration delay, eventbus::Context stop)
    : name_(std::move(name)), fd_(fd), delay_(delay), stop_(std::move(stop)) {}

Archive::Archive(Archive&& other)
    : name_(std::move(other.name_)), fd_(std::exchange(other.fd_, -1)), delay_(other.delay_), stop_(other.stop_) {}

Archive::~Archive() {
  if (fd_ >= 0) close(fd_);
}

absl::Status Archive::Handle(const LogLine& line) {
  eventbus::SleepFor(stop_, delay_).IgnoreError();  // Once it is to stop, it does not dawdle.
  return WriteAll(fd_, name_,
                  absl::StrCat("{\"source\":", JsonString(*line.source), ",\"line\":", line.number,
                               ",\"text\":", JsonString(*line.text), "}\n"));
}

absl::Status Archive::Finish() {
  // Some file systems report a failed write only here.
  if (close(std::exchange(fd_, -1)) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write to ", name_));
  return absl::OkStatus();
}

}  // namespace logwatch
