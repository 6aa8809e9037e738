#include "eventbus/internal/execution/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "eventbus/internal/ground/fail.h"

#ifdef __linux__
#include <sys/eventfd.h>
#endif

namespace eventbus::internal {

namespace {

[[noreturn]] void ThrowSystemError() {
  throw std::system_error(errno, std::generic_category(), "ReadinessFd: no file descriptor");
}

// The same read or write, however often a signal gets in its way.
template <typename Call>
void Insist(Call call) {
  ssize_t done;
  do {
    done = call();
  } while (done < 0 && errno == EINTR);
  if (done <= 0) Fail("ReadinessFd", "the descriptor was closed, read or written by someone else");
}

}  // namespace

PipeDescriptor::PipeDescriptor() {
  int ends[2];
  if (::pipe(ends) != 0) ThrowSystemError();
  read_end_ = ends[0];
  write_end_ = ends[1];
  for (const int end : ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
}

PipeDescriptor::~PipeDescriptor() {
  ::close(write_end_);
  ::close(read_end_);
}

void PipeDescriptor::Raise() {
  const char byte = 0;
  Insist([&] { return ::write(write_end_, &byte, 1); });
}

void PipeDescriptor::Lower() {
  char byte;
  Insist([&] { return ::read(read_end_, &byte, 1); });
}

#ifdef __linux__

EventDescriptor::EventDescriptor() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) ThrowSystemError();
}

EventDescriptor::~EventDescriptor() { ::close(fd_); }

void EventDescriptor::Raise() {
  const uint64_t one = 1;
  Insist([&] { return ::write(fd_, &one, sizeof(one)); });
}

void EventDescriptor::Lower() {
  uint64_t count;
  Insist([&] { return ::read(fd_, &count, sizeof(count)); });
}

#endif

}  // namespace eventbus::internal
