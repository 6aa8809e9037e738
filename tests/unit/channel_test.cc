#include "eventbus/channel.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/context.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/payloads.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AllocationCount;
using testing::AwaitReceivers;
using testing::AwaitSenders;
using testing::AwaitTrue;
using testing::Counted;
using testing::MoveOnly;
using testing::WaitingReceivers;
using testing::WaitingSenders;

TEST(Channel, IsARendezvousUnlessAskedOtherwise) {
  const Channel<int> channel;
  EXPECT_EQ(channel.capacity(), 0u);
  EXPECT_EQ(channel.TrySend(1).code(), absl::StatusCode::kResourceExhausted);
}

TEST(Channel, HoldsAsManyAsItsCapacity) {
  for (const int capacity : {1, 8}) {
    const Channel<int> channel(capacity);
    for (int i = 0; i < capacity; ++i) EXPECT_TRUE(channel.TrySend(i).ok());
    EXPECT_EQ(channel.TrySend(99).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(channel.ApproxSize(), static_cast<size_t>(capacity));
  }
}

TEST(Channel, TooLargeACapacityThrows) {
  constexpr std::ptrdiff_t kTooMany = std::numeric_limits<std::ptrdiff_t>::max();
  EXPECT_THROW(Channel<int64_t>{kTooMany}, std::bad_alloc);
}

TEST(Channel, WhatTheSenderDidBeforeIsVisibleToTheReceiver) {
  for (const int capacity : {0, 1}) {
    const Channel<int> channel(capacity);
    std::vector<int> written(1'000);  // Not atomic on purpose.
    std::thread sender([&] {
      for (int i = 0; i < 1'000; ++i) {
        written[i] = i + 1;
        EXPECT_TRUE(channel.Send(i).ok());
      }
    });
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(written[channel.Receive().value()], i + 1);
    sender.join();
  }
}

TEST(Channel, ValuesOfOneSenderArriveInOrderAtAnyCapacity) {
  for (const Channel<int>& channel : {Channel<int>(), Channel<int>(1), Channel<int>(8), Channel<int>(kUnbounded)}) {
    std::thread sender([channel] {
      for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(channel.Send(i).ok());
      channel.Close();
    });
    int expected = 0;
    for (int value : channel) ASSERT_EQ(value, expected++);
    EXPECT_EQ(expected, 10'000);
    sender.join();
  }
}

TEST(Channel, EachValueIsReceivedByExactlyOne) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  for (const Channel<int>& channel : {Channel<int>(), Channel<int>(3), Channel<int>(kUnbounded)}) {
    std::vector<std::atomic<int>> seen(kThreads * kEach);
    std::vector<std::thread> senders, receivers;
    for (int t = 0; t < kThreads; ++t) {
      senders.emplace_back([&channel, t] {
        for (int i = 0; i < kEach; ++i) EXPECT_TRUE(channel.Send(t * kEach + i).ok());
      });
      receivers.emplace_back([&channel, &seen] {
        for (int value : channel) ++seen[value];
      });
    }
    for (std::thread& sender : senders) sender.join();
    channel.Close();
    for (std::thread& receiver : receivers) receiver.join();
    for (const std::atomic<int>& times : seen) ASSERT_EQ(times, 1);
  }
}

// Values sent are values received plus values that stayed with their senders, whatever the instant of the cancellation.
TEST(Channel, ACancelledOperationDidNothing) {
  constexpr int kRounds = 3'000;
  for (const int capacity : {0, 1}) {
    Counted::Counts counts;
    int sent = 0;
    int received = 0;
    {
      const Channel<Counted> channel(capacity);
      for (int round = 0; round < kRounds; ++round) {
        CancelHandle send_cancel = Context::Background().WithCancel();
        CancelHandle receive_cancel = Context::Background().WithCancel();
        std::thread sender([&] {
          Counted value(counts, round);
          const absl::Status status = channel.Send(send_cancel.context(), std::move(value));
          sent += status.ok();
          EXPECT_EQ(value.number(), status.ok() ? -1 : round);
        });
        std::thread canceller([&] {
          if (round % 3 != 0) receive_cancel.Cancel();
          if (round % 3 != 1) send_cancel.Cancel();
          sender.join();
          receive_cancel.Cancel();  // Nothing will come any more.
        });
        received += channel.Receive(receive_cancel.context()).ok();
        send_cancel.Cancel();
        canceller.join();
      }
      received += static_cast<int>(channel.ApproxSize());
    }
    EXPECT_EQ(sent, received) << "capacity " << capacity;
    EXPECT_EQ(counts.alive, 0);
  }
}

TEST(ChannelClose, WakesAllBlockedReceivers) {
  const Channel<int> channel(4);
  std::vector<std::thread> receivers;
  for (int i = 0; i < 100; ++i) {
    receivers.emplace_back([&] { EXPECT_EQ(channel.Receive().status().code(), absl::StatusCode::kOutOfRange); });
  }
  AwaitReceivers(channel, 100);
  std::atomic<int> first{0};
  std::vector<std::thread> closers;
  for (int i = 0; i < 10; ++i) closers.emplace_back([&] { first += channel.Close(); });
  for (std::thread& closer : closers) closer.join();
  for (std::thread& receiver : receivers) receiver.join();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(WaitingReceivers(channel), 0u);
}

TEST(ChannelClose, WakesAllBlockedSenders) {
  for (const int capacity : {0, 1}) {
    const Channel<int> channel(capacity);
    if (capacity > 0) {
      ASSERT_TRUE(channel.Send(7).ok());
    }
    std::vector<std::thread> senders;
    for (int i = 0; i < 20; ++i) {
      senders.emplace_back([&] { EXPECT_EQ(channel.Send(1).code(), absl::StatusCode::kFailedPrecondition); });
    }
    AwaitSenders(channel, 20);
    EXPECT_TRUE(channel.Close());
    for (std::thread& sender : senders) sender.join();
    EXPECT_EQ(WaitingSenders(channel), 0u);
    EXPECT_EQ(channel.ApproxSize(), static_cast<size_t>(capacity)) << "what was accepted stays";
  }
}

TEST(ChannelClose, WhatTheCloserDidBeforeIsVisibleAtTheEnd) {
  for (int round = 0; round < 200; ++round) {
    const Channel<int> channel;
    int written = 0;  // Not atomic on purpose.
    std::thread closer([&] {
      written = round + 1;
      channel.Close();
    });
    EXPECT_FALSE(channel.Receive().ok());
    EXPECT_EQ(written, round + 1);
    closer.join();
  }
}

TEST(ChannelClose, RacesWithSendersAndLosesNothingAccepted) {
  for (int round = 0; round < 200; ++round) {
    const Channel<int> channel(2);
    std::atomic<int> accepted{0};
    std::vector<std::thread> senders;
    for (int s = 0; s < 4; ++s) {
      senders.emplace_back([&] {
        while (channel.Send(1).ok()) ++accepted;
      });
    }
    std::thread closer([&] {
      AwaitTrue([&] { return accepted.load() > 10; });
      channel.Close();
    });
    int received = 0;
    for (int value : channel) received += value;
    closer.join();
    for (std::thread& sender : senders) sender.join();
    EXPECT_EQ(received, accepted);
  }
}

TEST(ChannelDestruction, DestroysValuesThatNobodyReceived) {
  Counted::Counts counts;
  {
    const Channel<Counted> bounded(4);
    const Channel<Counted> unbounded(kUnbounded);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(bounded.Send(Counted(counts, i)).ok());
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(unbounded.Send(Counted(counts, i)).ok());
    bounded.Close();
    EXPECT_EQ(counts.alive, 503) << "closing drops nothing";
  }
  EXPECT_EQ(counts.alive, 0);
}

struct alignas(128) OverAligned {
  explicit OverAligned(int n) : number(n) {}
  OverAligned(OverAligned&& other) noexcept : number(other.number) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(this) % 128, 0u);
  }
  int number;
};

struct Large {
  int number;
  char bytes[1'020];
};

class NotDefault {
 public:
  explicit NotDefault(int n) : number(n) {}
  NotDefault(const NotDefault&) = default;
  NotDefault& operator=(const NotDefault&) = delete;
  const int number;
};

template <typename T, typename Make, typename Number>
void PassThroughEveryReceive(const Channel<T>& channel, Make make, Number number) {
  std::thread sender([&] {
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(channel.Send(make(i)).ok());
    channel.Close();
  });
  EXPECT_EQ(number(channel.Receive().value()), 0);
  EXPECT_EQ(number(channel.Receive(Context::Background()).value()), 1);
  EXPECT_EQ(number(channel.ReceiveUntil(absl::InfiniteFuture()).value()), 2);
  int next = 3;
  const absl::StatusOr<std::vector<T>> many = channel.ReceiveMany(3);
  for (const T& value : *many) EXPECT_EQ(number(value), next++);
  for (const T& value : channel) EXPECT_EQ(number(value), next++);
  EXPECT_EQ(next, 8);
  sender.join();
}

TEST(ChannelPayload, EveryKindPassesThroughEveryReceiveAtAnyCapacity) {
  for (int setup = 0; setup < 4; ++setup) {
    const auto make_channel = [setup]<typename T>(std::type_identity<T>) {
      if (setup == 3) return Channel<T>(kUnbounded);
      return Channel<T>(setup == 2 ? 8 : setup);
    };
    PassThroughEveryReceive(
        make_channel(std::type_identity<MoveOnly>()), [](int i) { return MoveOnly(i); },
        [](const MoveOnly& value) { return value.number(); });
    PassThroughEveryReceive(
        make_channel(std::type_identity<NotDefault>()), [](int i) { return NotDefault(i); },
        [](const NotDefault& value) { return value.number; });
    PassThroughEveryReceive(
        make_channel(std::type_identity<OverAligned>()), [](int i) { return OverAligned(i); },
        [](const OverAligned& value) { return value.number; });
    PassThroughEveryReceive(
        make_channel(std::type_identity<Large>()), [](int i) { return Large{.number = i, .bytes = {}}; },
        [](const Large& value) { return value.number; });
    PassThroughEveryReceive(
        make_channel(std::type_identity<std::unique_ptr<int>>()), [](int i) { return std::make_unique<int>(i); },
        [](const std::unique_ptr<int>& value) { return *value; });
  }
}

TEST(ChannelPayload, AnErrorStatusIsAValueLikeAnyOther) {
  const Channel<absl::Status> channel(8);
  const absl::Status error = absl::DataLossError("a value");
  ASSERT_TRUE(channel.Send(error).ok());
  ASSERT_TRUE(channel.Send(absl::OkStatus()).ok());
  ASSERT_TRUE(channel.Send(error).ok());
  ASSERT_TRUE(channel.Send(error).ok());
  channel.Close();
  const absl::StatusOr<absl::Status> first = channel.Receive();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(*first, error);
  EXPECT_EQ(channel.Receive(Context::Background()).value(), absl::OkStatus());
  EXPECT_EQ(channel.ReceiveUntil(absl::InfiniteFuture()).value(), error);
  EXPECT_EQ(channel.ReceiveMany(2).value(), std::vector<absl::Status>{error});
  EXPECT_EQ(channel.Receive().status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(channel.TryReceive().status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(channel.Receive(Context::Background()).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(ChannelPayload, AChannelOfChannels) {
  const Channel<Channel<int>> channels(1);
  const Channel<int> inner(1);
  ASSERT_TRUE(channels.Send(inner).ok());
  EXPECT_EQ(channels.Receive().value(), inner);
}

TEST(ChannelAllocations, AChannelAllocatesWhenItIsMadeAndNeverAgain) {
  const Channel<int> bounded(8);
  const Channel<int> unbounded(kUnbounded);
  const CancelHandle cancel = Context::Background().WithCancel();
  const auto round = [&] {
    for (const Channel<int>& channel : {bounded, unbounded}) {
      for (int i = 0; i < 4; ++i) EXPECT_TRUE(channel.Send(i).ok());
      EXPECT_TRUE(channel.TryReceive().ok());
      EXPECT_TRUE(channel.Receive().ok());
      EXPECT_TRUE(channel.Receive(cancel.context()).ok());
      EXPECT_TRUE(channel.ReceiveUntil(absl::InfiniteFuture()).ok());
      EXPECT_FALSE(channel.TryReceive().ok());
      EXPECT_FALSE(channel.ReceiveUntil(absl::Now()).ok());
      EXPECT_TRUE(channel.Send(cancel.context(), 1).ok());
      EXPECT_TRUE(channel.Receive().ok());
    }
  };
  for (int i = 0; i < 1'000; ++i) round();  // The unbounded one reaches its spare chunk.
  const int64_t before = AllocationCount();
  for (int i = 0; i < 1'000; ++i) round();
  EXPECT_EQ(AllocationCount(), before);
}

TEST(ChannelAllocations, ABlockedHandOverAllocatesNothing) {
  const Channel<int> there, back;
  std::thread partner([&] {
    for (int value : there) EXPECT_TRUE(back.Send(value).ok());
  });
  const auto round = [&] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(there.Send(i).ok());
      EXPECT_EQ(back.Receive().value(), i);
    }
  };
  round();
  const int64_t before = AllocationCount();
  round();
  EXPECT_EQ(AllocationCount(), before);
  there.Close();
  partner.join();
}

TEST(ChannelDeathTest, ANegativeCapacityDies) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(Channel<int>(-1), "eventbus: Channel: negative capacity -1");
}

TEST(ChannelDeathTest, AMovedFromHandleIsNull) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Channel<int> channel(1);
  const Channel<int> moved = std::move(channel);
  EXPECT_DEATH(channel.Send(1).IgnoreError(), "eventbus: Send: null channel");
  EXPECT_DEATH(channel.Receive().IgnoreError(), "eventbus: Receive: null channel");
  EXPECT_DEATH(channel.Close(), "eventbus: Close: null channel");
}

}  // namespace
}  // namespace eventbus
