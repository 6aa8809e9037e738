// Channels served by an epoll loop, told of levels and told of edges.

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <map>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "eventbus/channel.h"
#include "eventbus/readiness_fd.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

// A loop in the calling thread over many channels, until all have ended. Counts what came from each, in order.
class EpollLoop {
 public:
  explicit EpollLoop(uint32_t flags) : flags_(EPOLLIN | flags), loop_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~EpollLoop() { ::close(loop_); }

  void Serve(const Channel<int>& channel) {
    served_.push_back({.channel = channel, .ready = ReadinessFd(channel)});
    epoll_event event = {.events = flags_, .data = {.u64 = served_.size() - 1}};
    EXPECT_EQ(::epoll_ctl(loop_, EPOLL_CTL_ADD, served_.back().ready.fd(), &event), 0);
  }

  // One wake-up of the loop. False once every channel has ended.
  bool RunOnce(int timeout = -1) {
    if (ended_ == served_.size()) return false;
    epoll_event events[16];
    const int count = ::epoll_wait(loop_, events, 16, timeout);
    for (int i = 0; i < count; ++i) TakeAll(served_[events[i].data.u64]);
    if (count == 0) ++idle_;
    return true;
  }

  int received(size_t channel) const { return served_[channel].next; }
  int idle() const { return idle_; }

 private:
  struct Served {
    Channel<int> channel;
    ReadinessFd ready;
    int next = 0;
  };

  void TakeAll(Served& served) {
    while (true) {
      const absl::StatusOr<int> value = served.channel.TryReceive();
      if (value.ok()) {
        EXPECT_EQ(*value, served.next);
        ++served.next;
        continue;
      }
      if (absl::IsOutOfRange(value.status())) {
        EXPECT_EQ(::epoll_ctl(loop_, EPOLL_CTL_DEL, served.ready.fd(), nullptr), 0);
        ++ended_;
      }
      return;
    }
  }

  const uint32_t flags_;
  const int loop_;
  std::vector<Served> served_;
  size_t ended_ = 0;
  int idle_ = 0;
};

class EpollTest : public ::testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(LevelsAndEdges, EpollTest, ::testing::Values(0, EPOLLET));

TEST_P(EpollTest, ManyChannelsOnOneLoopLoseNothing) {
  constexpr int kChannels = 40;
  constexpr int kValues = 500;
  EpollLoop loop(GetParam());
  std::vector<Channel<int>> channels;
  for (int i = 0; i < kChannels; ++i) loop.Serve(channels.emplace_back(i % 5));
  std::vector<std::thread> senders;
  for (int sender = 0; sender < 4; ++sender) {
    senders.emplace_back([&, sender] {
      for (int value = 0; value < kValues; ++value) {
        for (int i = sender; i < kChannels; i += 4) ASSERT_TRUE(channels[i].Send(value).ok());
      }
      for (int i = sender; i < kChannels; i += 4) channels[i].Close();
    });
  }
  while (loop.RunOnce()) {
  }
  for (std::thread& sender : senders) sender.join();
  for (int i = 0; i < kChannels; ++i) EXPECT_EQ(loop.received(i), kValues);
}

TEST_P(EpollTest, IsNotWokenForNothing) {
  EpollLoop loop(GetParam());
  const Channel<int> channel(8);
  loop.Serve(channel);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(loop.RunOnce(0));
    EXPECT_EQ(loop.idle(), i + 1);
    ASSERT_TRUE(channel.TrySend(i).ok());
    EXPECT_TRUE(loop.RunOnce(0));
    EXPECT_EQ(loop.received(0), i + 1);
  }
  channel.Close();
  EXPECT_TRUE(loop.RunOnce(0));
  EXPECT_FALSE(loop.RunOnce(0));
}

}  // namespace
}  // namespace eventbus
