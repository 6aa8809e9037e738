#include "docs/examples/logwatch/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace logwatch {
namespace {

// Opens what is closed in the wrong direction, so that each use of it is an error.
void Occupy(int fd) {
  if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) return;
  open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // Takes the lowest free one, which is `fd`.
}

// Whether a failed call is worth another try; waits until it is, if the file does not block by itself.
bool CanRetry(int fd) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;
  pollfd writable = {.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&writable, 1, -1) == 1 || errno == EINTR;
}

}  // namespace

void PrepareStandardStreams() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) Occupy(fd);
  std::signal(SIGPIPE, SIG_IGN);
}

absl::Status WriteAll(int fd, absl::string_view name, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (!CanRetry(fd)) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot write to ", name));
    }
  }
  return absl::OkStatus();
}

absl::Status Print(absl::string_view text) { return WriteAll(STDOUT_FILENO, "standard output", text); }

void PrintMessage(absl::string_view message) {
  const char* erase_bar = isatty(STDERR_FILENO) ? "\r\033[K" : "";
  // Where would one report that standard error cannot be written to?
  WriteAll(STDERR_FILENO, "standard error", absl::StrCat(erase_bar, "logwatch: ", message, "\n")).IgnoreError();
}

std::string Printable(absl::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
      absl::StrAppendFormat(&printable, "\\x%02x", byte);
    } else {
      printable.push_back(c);
    }
  }
  return printable;
}

}  // namespace logwatch
