#include "eventbus/readiness_fd.h"

#include <poll.h>
#include <sys/resource.h>

#include <atomic>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

bool IsReadable(const ReadinessFd& ready, int timeout = 0) {
  pollfd polled = {.fd = ready.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, timeout) == 1 && (polled.revents & POLLIN);
}

constexpr int kForEver = -1;

TEST(ReadinessFd, IsReadableWhileThereIsAValue) {
  const Channel<int> channel(2);
  const ReadinessFd ready(channel);
  EXPECT_FALSE(IsReadable(ready));
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(channel.TrySend(1).ok());
    EXPECT_TRUE(IsReadable(ready));
    ASSERT_TRUE(channel.TrySend(2).ok());
    EXPECT_EQ(*channel.TryReceive(), 1);
    EXPECT_TRUE(IsReadable(ready));
    EXPECT_EQ(*channel.TryReceive(), 2);
    EXPECT_FALSE(IsReadable(ready));
    EXPECT_EQ(channel.TryReceive().status().code(), absl::StatusCode::kUnavailable);
    EXPECT_FALSE(IsReadable(ready));
  }
}

TEST(ReadinessFd, MadeLateIsReadableAtOnce) {
  const Channel<int> channel(2);
  ASSERT_TRUE(channel.TrySend(1).ok());
  const ReadinessFd ready(channel);
  EXPECT_TRUE(IsReadable(ready));
  EXPECT_EQ(channel.ReceiveMany(8)->size(), 1u);
  EXPECT_FALSE(IsReadable(ready));
}

TEST(ReadinessFd, StaysReadableOnceClosed) {
  const Channel<int> channel(2);
  const ReadinessFd ready{ReceiveChannel<int>(channel)};
  ASSERT_TRUE(channel.TrySend(1).ok());
  channel.Close();
  EXPECT_TRUE(IsReadable(ready));
  EXPECT_TRUE(channel.TryReceive().ok());
  EXPECT_TRUE(IsReadable(ready)) << "the end of the stream is still to be received";
  EXPECT_EQ(channel.TryReceive().status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(IsReadable(ready));
}

TEST(ReadinessFd, IsReadableWhileASenderWaits) {
  const Channel<int> channel(0);
  const ReadinessFd ready(channel);
  std::thread sender([&] { EXPECT_TRUE(channel.Send(1).ok()); });
  EXPECT_TRUE(IsReadable(ready, kForEver));
  EXPECT_EQ(*channel.TryReceive(), 1);
  EXPECT_FALSE(IsReadable(ready));
  sender.join();
}

TEST(ReadinessFd, ASenderThatGaveUpIsSeenOnceAtMost) {
  const Channel<int> channel(0);
  const ReadinessFd ready(channel);
  EXPECT_EQ(channel.SendUntil(absl::Now() + absl::Milliseconds(1), 1).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(channel.TryReceive().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(IsReadable(ready));
}

TEST(ReadinessFd, IsNotReadableForAValueThatAWaitingReceiverGets) {
  const Channel<int> channel(1);
  const ReadinessFd ready(channel);
  std::thread receiver([&] { EXPECT_TRUE(channel.Receive().ok()); });
  AwaitReceivers(channel, 1);
  ASSERT_TRUE(channel.TrySend(1).ok());
  EXPECT_FALSE(IsReadable(ready));
  receiver.join();
}

TEST(ReadinessFd, OfATimerIsReadableOnceItIsDue) {
  const ReceiveChannel<absl::Time> soon = After(absl::Milliseconds(3));
  const ReceiveChannel<absl::Time> far = After(absl::Hours(1));
  const ReadinessFd ready(soon);
  const ReadinessFd not_ready(far);
  EXPECT_TRUE(IsReadable(ready, kForEver));
  EXPECT_TRUE(soon.TryReceive().ok());
  EXPECT_FALSE(IsReadable(ready));
  EXPECT_FALSE(IsReadable(not_ready));
  far.Close();
  EXPECT_TRUE(IsReadable(not_ready));
  const ReceiveChannel<absl::Time> past = After(absl::ZeroDuration());
  EXPECT_TRUE(IsReadable(ReadinessFd(past)));
}

TEST(ReadinessFd, SeveralOfOneChannelComeAndGo) {
  const Channel<int> channel(1);
  std::vector<std::optional<ReadinessFd>> ready(3);
  for (auto& one : ready) one.emplace(channel);
  ready[1].reset();
  ASSERT_TRUE(channel.TrySend(1).ok());
  EXPECT_TRUE(IsReadable(*ready[0]));
  EXPECT_TRUE(IsReadable(*ready[2]));
  ready[2].reset();
  ReadinessFd moved = *std::move(ready[0]);
  EXPECT_TRUE(channel.TryReceive().ok());
  EXPECT_FALSE(IsReadable(moved));
  moved = ReadinessFd(channel);
  ASSERT_TRUE(channel.TrySend(1).ok());
  EXPECT_TRUE(IsReadable(moved));
}

TEST(ReadinessFd, KeepsItsChannelAlive) {
  auto channel = std::make_unique<Channel<int>>(1);
  const ReadinessFd ready(*channel);
  channel.reset();
  EXPECT_FALSE(IsReadable(ready));
}

TEST(ReadinessFd, SaysThatThereAreNoMoreDescriptors) {
  const Channel<int> channel(1);
  rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_THROW(const ReadinessFd ready(channel), std::system_error);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_TRUE(channel.TrySend(1).ok()) << "nothing of it is left";
}

TEST(ReadinessFd, NoValueIsMissedByALoopBesideOtherReceivers) {
  constexpr int kValues = 20'000;
  for (const int capacity : {0, 1, 64}) {
    const Channel<int> channel(capacity);
    const ReadinessFd ready(channel);
    std::atomic<int> received{0};
    std::vector<std::thread> threads;
    for (int sender = 0; sender < 2; ++sender) {
      threads.emplace_back([&] {
        for (int i = 0; i < kValues; ++i) ASSERT_TRUE(channel.Send(i).ok());
      });
    }
    threads.emplace_back([&] {  // One that takes only what it wants.
      for (int i = 0; i < kValues / 4; ++i) received += channel.Receive().ok();
    });
    std::thread loop([&] {
      while (IsReadable(ready, kForEver)) {
        while (true) {
          const absl::StatusOr<int> value = channel.TryReceive();
          if (value.ok()) {
            ++received;
            continue;
          }
          if (absl::IsOutOfRange(value.status())) return;
          break;
        }
      }
    });
    for (std::thread& thread : threads) thread.join();
    channel.Close();
    loop.join();
    EXPECT_EQ(received, 2 * kValues) << "capacity " << capacity;
  }
}

TEST(ReadinessFdDeathTest, OfANullChannel) {
  EXPECT_DEATH(const ReadinessFd ready{ReceiveChannel<int>()}, "ReadinessFd: null channel");
}

}  // namespace
}  // namespace eventbus::testing
