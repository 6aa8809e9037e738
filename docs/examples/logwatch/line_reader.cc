#include "docs/examples/logwatch/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace logwatch {
namespace {

// One byte more than the limit is kept until the end of the line is seen: it may be the \r of it.
void Append(absl::string_view part, LineReader::Line& line) {
  const size_t room = kMaxLineBytes + 1 - line.text.size();
  absl::StrAppend(&line.text, part.substr(0, room));
  line.cut = line.cut || part.size() > room;
  line.binary = line.binary || absl::StrContains(part, '\0');
  line.bytes += part.size();
}

void EndWithNewline(LineReader::Line& line) {
  line.bytes += 1;
  if (!line.cut && !line.text.empty() && line.text.back() == '\r') line.text.pop_back();
}

LineReader::Line Finish(LineReader::Line line) {
  if (line.text.size() > kMaxLineBytes) {
    line.text.resize(kMaxLineBytes);
    line.cut = true;
  }
  return line;
}

}  // namespace

absl::StatusOr<std::optional<LineReader::Line>> LineReader::Next() {
  Line line;
  while (Fill()) {
    const size_t length = std::min(unread_.find('\n'), unread_.size());
    Append(unread_.substr(0, length), line);
    unread_.remove_prefix(length);
    if (unread_.empty()) continue;
    unread_.remove_prefix(1);
    EndWithNewline(line);
    return Finish(std::move(line));
  }
  if (line.bytes > 0) return Finish(std::move(line));
  if (!status_.ok()) return status_;
  return std::nullopt;
}

bool LineReader::Fill() {
  while (unread_.empty() && !ended_) {
    // A read that blocks could not be stopped, so it comes after a poll that can.
    pollfd files[] = {{.fd = fd_, .events = POLLIN, .revents = 0}, {.fd = stop_fd_, .events = POLLIN, .revents = 0}};
    if (poll(files, 2, -1) < 0) continue;  // Interrupted.
    if (files[1].revents != 0) {
      ended_ = true;
      break;
    }
    const ssize_t count = read(fd_, buffer_.data(), buffer_.size());
    if (count > 0) {
      unread_ = absl::string_view(buffer_.data(), static_cast<size_t>(count));
    } else if (count == 0) {
      ended_ = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      status_ = absl::ErrnoToStatus(errno, "cannot read");
      ended_ = true;
    }
  }
  return !unread_.empty();
}

}  // namespace logwatch
