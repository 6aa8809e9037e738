// What may be in a channel, how many of it, and what each direction allows. Asked by zerosize, chancap, perm,
// TestChanSendInterface and TestChanRecvInterface.

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <type_traits>

#include "eventbus/channel.h"
#include "eventbus/receive_channel.h"
#include "eventbus/send_channel.h"
#include "gtest/gtest.h"

namespace eventbus::testing {
namespace {

struct Nothing {};

TEST(Types, AnEmptyTypeCountsButCarriesNothing) {
  const Channel<Nothing> buffered(1'000);
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(buffered.TrySend(Nothing()).ok());
  EXPECT_FALSE(buffered.TrySend(Nothing()).ok());
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(buffered.TryReceive().ok());
  EXPECT_FALSE(buffered.TryReceive().ok());

  const Channel<Nothing> rendezvous;
  std::jthread sender([&] { EXPECT_TRUE(rendezvous.Send(Nothing()).ok()); });
  EXPECT_TRUE(rendezvous.Receive().ok());
}

TEST(Types, AValueOfAnyTypeOrNoneKeepsItsType) {
  const Channel<std::shared_ptr<const void>> channel(2);
  ASSERT_TRUE(channel.Send(nullptr).ok());
  ASSERT_TRUE(channel.Send(std::make_shared<const std::string>("text")).ok());
  EXPECT_EQ(channel.Receive().value(), nullptr);
  EXPECT_EQ(*std::static_pointer_cast<const std::string>(channel.Receive().value()), "text");
}

TEST(Types, AFunctionIsAValue) {
  const Channel<std::function<int(int)>> channel(1);
  ASSERT_TRUE(channel.Send([](int x) { return x + 1; }).ok());
  EXPECT_EQ(channel.Receive().value()(4), 5);
}

TEST(CapacityDeathTest, ANegativeOneFailsAtOnce) {
  EXPECT_DEATH(Channel<int>{-1}, "negative capacity -1");
  EXPECT_DEATH(Channel<Nothing>{std::numeric_limits<std::ptrdiff_t>::min()}, "negative capacity");
}

TEST(Capacity, MoreThanCanBeAddressedIsRefusedAndNotCutOff) {
  constexpr std::ptrdiff_t kMost = std::numeric_limits<std::ptrdiff_t>::max();
  EXPECT_THROW(Channel<std::string>{kMost}, std::bad_alloc);
  EXPECT_THROW(Channel<int>{kMost / 2}, std::bad_alloc);
  // The product of capacity and size is a small number modulo the word.
  struct Big {
    char bytes[1 << 16];
  };
  EXPECT_THROW(Channel<Big>{std::ptrdiff_t{1} << 48}, std::bad_alloc);
}

TEST(Capacity, AClosedOrFullChannelStillTellsItsCapacity) {
  const Channel<int> channel(3);
  while (channel.TrySend(1).ok()) {
  }
  channel.Close();
  EXPECT_EQ(channel.capacity(), 3u);
  EXPECT_EQ(channel.ApproxSize(), 3u);
}

template <typename C>
concept Sends = requires(C channel) {
  channel.Send(1), channel.TrySend(1), channel.OnSend(1);
};
template <typename C>
concept Receives = requires(C channel) {
  channel.Receive(), channel.TryReceive(), channel.begin();
};

static_assert(Sends<Channel<int>> && Receives<Channel<int>>);
static_assert(Sends<SendChannel<int>> && !Receives<SendChannel<int>>);
static_assert(!Sends<ReceiveChannel<int>> && Receives<ReceiveChannel<int>>);

// A channel is both of its directions, a direction is neither the channel nor the other one, and the type of the
// values is part of each.
static_assert(std::is_convertible_v<Channel<int>, SendChannel<int>>);
static_assert(std::is_convertible_v<Channel<int>, ReceiveChannel<int>>);
static_assert(!std::is_constructible_v<Channel<int>, SendChannel<int>>);
static_assert(!std::is_constructible_v<Channel<int>, ReceiveChannel<int>>);
static_assert(!std::is_constructible_v<SendChannel<int>, ReceiveChannel<int>>);
static_assert(!std::is_constructible_v<ReceiveChannel<int>, SendChannel<int>>);
static_assert(!std::is_convertible_v<Channel<int>, SendChannel<long>>);

TEST(Directions, OfOneChannelAreOneChannel) {
  const Channel<int> channel(1);
  const SendChannel<int> in = channel;
  const ReceiveChannel<int> out = channel;
  ASSERT_TRUE(in.Send(3).ok());
  EXPECT_EQ(out.Receive().value_or(-1), 3);
  EXPECT_TRUE(out.Close()) << "Either side may close here; where Go's receivers may not, it is a compile error there.";
  EXPECT_TRUE(in.closed());
  EXPECT_FALSE(in.Close());
}

}  // namespace
}  // namespace eventbus::testing
