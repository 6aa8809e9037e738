// A file descriptor that is readable while a channel has something to receive: for event loops.
//
//   ReadinessFd ready(orders);                       // a ReceiveChannel<Order>
//   epoll_event event = {.events = EPOLLIN};
//   epoll_ctl(loop, EPOLL_CTL_ADD, ready.fd(), &event);
//   ...
//   while (true) {                                   // it is readable:
//     absl::StatusOr<Order> order = orders.TryReceive();
//     if (absl::IsOutOfRange(order.status())) Remove(ready);   // closed and drained
//     if (!order.ok()) break;                        // kUnavailable: nothing more for now
//     Handle(*std::move(order));
//   }
//
// Use it to receive in the thread of a loop that waits for descriptors: poll, epoll, kqueue, Boost.Asio
// (`posix::stream_descriptor::async_wait`), libuv (`uv_poll_t`), Qt (`QSocketNotifier`). A thread that waits for channels
// only uses `Select`.
//
// Guarantees:
//   - Readable while the channel holds a value or a sender waits, once it is closed, and for a timer once it is due; not
//     readable otherwise. It changes in the send, receive or close that brings the change, before that returns. So it is
//     right for loops that are told of levels and for those that are told of edges: who has received until `kUnavailable`
//     is told of the next value.
//   - It takes nothing: other receivers may be there, and be quicker, so receive with `TryReceive`. A sender that gives up
//     may leave it readable once for nothing.
//   - Closed and drained, it stays readable until it is destroyed: take it out of the loop then.
//
// Neither read from the descriptor nor write to it or close it, and take it out of the loop before the `ReadinessFd` goes.
//
// Cost: one descriptor (an eventfd; elsewhere than on Linux, the two of a pipe), and a system call each time that the
// channel changes between something and nothing, by who changes it. Channels without one pay for none of this.

#ifndef EVENTBUS_READINESS_FD_H_
#define EVENTBUS_READINESS_FD_H_

#include <memory>

#include "eventbus/channel.h"
#include "eventbus/internal/channel/channel_core.h"
#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/internal/execution/readiness.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/receive_channel.h"

namespace eventbus {

// Movable. Keeps the channel alive. Thread-safe but for moving and destroying.
class ReadinessFd {
 public:
  // Any number of them may watch one channel. Throws `std::system_error` if the system has no more descriptors; fails at
  // once if `channel` is null.
  template <typename T>
  explicit ReadinessFd(const ReceiveChannel<T>& channel) : ReadinessFd(internal::ChannelAccess::core(channel)) {}
  template <typename T>
  explicit ReadinessFd(const Channel<T>& channel) : ReadinessFd(internal::ChannelAccess::core(channel)) {}

  // The same for as long as this lives.
  int fd() const;

 private:
  explicit ReadinessFd(internal::Ref<internal::ChannelCore> channel);

  std::unique_ptr<internal::Readiness> readiness_;
};

}  // namespace eventbus

#endif  // EVENTBUS_READINESS_FD_H_
