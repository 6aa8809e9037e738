// A channel as the scenarios between threads want it: with calls that fail where they cannot send or receive.

#ifndef EVENTBUS_BENCHMARKS_OURS_THREAD_CHANNEL_H_
#define EVENTBUS_BENCHMARKS_OURS_THREAD_CHANNEL_H_

#include <cstddef>
#include <cstdint>

#include "benchmarks/contender/contender.h"
#include "eventbus/channel.h"

namespace eventbus::benchmarks {

class ThreadChannel {
 public:
  explicit ThreadChannel(std::ptrdiff_t capacity) : channel_(capacity) {}

  void Send(uint64_t value) { contender::Require(channel_.Send(value).ok(), "a send failed"); }

  uint64_t Receive() {
    const absl::StatusOr<uint64_t> value = channel_.Receive();
    contender::Require(value.ok(), "a receive failed");
    return *value;
  }

 private:
  const Channel<uint64_t> channel_;
};

}  // namespace eventbus::benchmarks

#endif  // EVENTBUS_BENCHMARKS_OURS_THREAD_CHANNEL_H_
