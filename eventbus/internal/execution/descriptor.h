// A file descriptor that is readable or not, as it is told: how event loops, which wait for descriptors, learn of things that
// are none.

#ifndef EVENTBUS_INTERNAL_EXECUTION_DESCRIPTOR_H_
#define EVENTBUS_INTERNAL_EXECUTION_DESCRIPTOR_H_

namespace eventbus::internal {

// A pipe, with a byte in it or none.
class PipeDescriptor {
 public:
  // Throws `std::system_error` if the system has no more descriptors.
  PipeDescriptor();
  PipeDescriptor(const PipeDescriptor&) = delete;
  PipeDescriptor& operator=(const PipeDescriptor&) = delete;
  ~PipeDescriptor();

  int fd() const { return read_end_; }

  // One system call each, which does not block. `Raise` and `Lower` take turns, `Raise` first.
  void Raise();
  void Lower();

 private:
  int read_end_ = -1;
  int write_end_ = -1;
};

#ifdef __linux__

// An eventfd: half the descriptors, and none of the buffers.
class EventDescriptor {
 public:
  EventDescriptor();
  EventDescriptor(const EventDescriptor&) = delete;
  EventDescriptor& operator=(const EventDescriptor&) = delete;
  ~EventDescriptor();

  int fd() const { return fd_; }

  void Raise();
  void Lower();

 private:
  const int fd_;
};

using Descriptor = EventDescriptor;

#else

using Descriptor = PipeDescriptor;

#endif

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_EXECUTION_DESCRIPTOR_H_
