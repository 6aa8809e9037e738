// The owner of a file descriptor.

#ifndef DOCS_EXAMPLES_LINE_SERVER_DESCRIPTOR_H_
#define DOCS_EXAMPLES_LINE_SERVER_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace line_server {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace line_server

#endif  // DOCS_EXAMPLES_LINE_SERVER_DESCRIPTOR_H_
