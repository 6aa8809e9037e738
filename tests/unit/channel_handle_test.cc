#include "eventbus/internal/channel/channel_handle.h"

#include <limits>
#include <utility>

#include "eventbus/channel.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(ChannelHandle, CopiesAreTheSameChannel) {
  const Channel<int> channel(1);
  const Channel<int> copy = channel;
  EXPECT_EQ(channel, copy);
  EXPECT_NE(channel, Channel<int>(1));
  EXPECT_TRUE(copy.Close());
  EXPECT_TRUE(channel.closed());
}

TEST(ChannelHandle, DirectionsOfOneChannelAreEqualAndShareIt) {
  const Channel<int> channel(1);
  const SendChannel<int> in = channel;
  const ReceiveChannel<int> out = channel;
  EXPECT_EQ(in, SendChannel<int>(channel));
  EXPECT_EQ(out, ReceiveChannel<int>(channel));
  EXPECT_TRUE(in.Send(7).ok());
  EXPECT_EQ(out.ApproxSize(), 1u);
  EXPECT_TRUE(out.Close());
  EXPECT_TRUE(in.closed());
}

TEST(ChannelHandle, NullHandlesAreNullAndEqual) {
  EXPECT_TRUE(SendChannel<int>().is_null());
  EXPECT_TRUE(ReceiveChannel<int>().is_null());
  EXPECT_EQ(SendChannel<int>(), SendChannel<int>());
  EXPECT_FALSE(Channel<int>().is_null());
  EXPECT_NE(SendChannel<int>(), SendChannel<int>(Channel<int>()));
}

TEST(ChannelHandle, MovedFromIsNull) {
  Channel<int> channel(1);
  const Channel<int> moved = std::move(channel);
  EXPECT_TRUE(channel.is_null());
  EXPECT_FALSE(moved.is_null());
}

TEST(ChannelHandle, KnowsCapacityAndSize) {
  EXPECT_EQ(Channel<int>().capacity(), 0u);
  EXPECT_EQ(Channel<int>(8).capacity(), 8u);
  EXPECT_EQ(Channel<int>(kUnbounded).capacity(), std::numeric_limits<size_t>::max());
  const Channel<int> channel(8);
  EXPECT_EQ(channel.ApproxSize(), 0u);
  EXPECT_TRUE(channel.Send(1).ok());
  EXPECT_TRUE(channel.Send(2).ok());
  EXPECT_EQ(channel.ApproxSize(), 2u);
}

TEST(ChannelHandle, KeepsTheChannelAliveFromEitherSide) {
  ReceiveChannel<int> out;
  {
    const Channel<int> channel(1);
    EXPECT_TRUE(channel.Send(7).ok());
    out = channel;
  }
  EXPECT_EQ(out.Receive().value(), 7);
}

TEST(ChannelHandleDeathTest, EveryCallOnANullHandleNamesItself) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const SendChannel<int> channel;
  EXPECT_DEATH(channel.Close(), "eventbus: Close: null channel");
  EXPECT_DEATH(static_cast<void>(channel.closed()), "eventbus: closed: null channel");
  EXPECT_DEATH(static_cast<void>(channel.capacity()), "eventbus: capacity: null channel");
  EXPECT_DEATH(static_cast<void>(channel.ApproxSize()), "eventbus: ApproxSize: null channel");
}

}  // namespace
}  // namespace eventbus
