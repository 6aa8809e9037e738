// Channels served by an io_context of Boost.Asio.

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/readiness_fd.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

namespace asio = boost::asio;

// Receives from `channel` in the threads of `context` until its end, and counts.
template <typename T>
class Served {
 public:
  Served(asio::io_context& context, ReceiveChannel<T> channel)
      : channel_(std::move(channel)), ready_(channel_), descriptor_(context, ready_.fd()) {
    Wait();
  }
  ~Served() { descriptor_.release(); }  // It is not Asio's to close.

  int received() const { return received_; }
  bool ended() const { return ended_; }

 private:
  void Wait() {
    descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](boost::system::error_code error) {
      ASSERT_FALSE(error);
      while (true) {
        const absl::StatusOr<T> value = channel_.TryReceive();
        if (value.ok()) {
          ++received_;
          continue;
        }
        ended_ = absl::IsOutOfRange(value.status());
        break;
      }
      if (!ended_) Wait();
    });
  }

  const ReceiveChannel<T> channel_;
  const ReadinessFd ready_;
  asio::posix::stream_descriptor descriptor_;
  int received_ = 0;
  bool ended_ = false;
};

TEST(AsioTest, ManyChannelsOnOneContextLoseNothing) {
  constexpr int kChannels = 20;
  constexpr int kValues = 500;
  asio::io_context context;
  std::vector<Channel<int>> channels;
  std::vector<std::unique_ptr<Served<int>>> served;
  for (int i = 0; i < kChannels; ++i) {
    channels.emplace_back(i % 5);
    served.push_back(std::make_unique<Served<int>>(context, channels.back()));
  }
  std::vector<std::thread> senders;
  for (int sender = 0; sender < 2; ++sender) {
    senders.emplace_back([&, sender] {
      for (int value = 0; value < kValues; ++value) {
        for (int i = sender; i < kChannels; i += 2) ASSERT_TRUE(channels[i].Send(value).ok());
      }
      for (int i = sender; i < kChannels; i += 2) channels[i].Close();
    });
  }
  context.run();  // Until nothing waits: each channel has ended.
  for (std::thread& sender : senders) sender.join();
  for (const auto& each : served) {
    EXPECT_TRUE(each->ended());
    EXPECT_EQ(each->received(), kValues);
  }
}

TEST(AsioTest, AValueThatWasThereBeforeTheWaitAndOneAfter) {
  asio::io_context context;
  const Channel<int> channel(4);
  ASSERT_TRUE(channel.TrySend(1).ok());
  const Served<int> served(context, channel);
  EXPECT_EQ(context.run_one(), 1u);
  EXPECT_EQ(served.received(), 1);
  EXPECT_EQ(context.poll(), 0u) << "nothing is there, and nothing comes for nothing";
  ASSERT_TRUE(channel.TrySend(2).ok());
  EXPECT_EQ(context.run_one(), 1u);
  EXPECT_EQ(served.received(), 2);
  channel.Close();
  context.run();
  EXPECT_TRUE(served.ended());
}

TEST(AsioTest, ATimerOfOursBesideOneOfTheirs) {
  asio::io_context context;
  const ReceiveChannel<absl::Time> soon = After(absl::Milliseconds(3));
  const Served<absl::Time> served(context, soon);
  asio::steady_timer theirs(context, std::chrono::milliseconds(1));
  bool rang = false;
  theirs.async_wait([&](boost::system::error_code) { rang = true; });
  while (served.received() == 0 || !rang) context.run_one();
  soon.Close();
  context.run();
  EXPECT_TRUE(served.ended());
}

}  // namespace
}  // namespace eventbus
