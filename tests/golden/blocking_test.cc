// Which operations block, which do not, and who wakes whom. Asked by nonblock, select3, select7, closedchan, nilchan,
// TestChan, TestNonblockRecvRace, TestNonblockSelectRace and TestNonblockSelectRace2.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/case.h"
#include "eventbus/channel.h"
#include "eventbus/receive_channel.h"
#include "eventbus/select.h"
#include "eventbus/send_channel.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

template <typename T>
class NonBlocking : public ::testing::Test {};

// One type a size: less than a word, a word, several words, and one that owns memory.
using Sizes = ::testing::Types<std::int8_t, std::int64_t, std::array<std::int64_t, 5>, std::string>;
TYPED_TEST_SUITE(NonBlocking, Sizes);

TYPED_TEST(NonBlocking, ARendezvousNeedsAPartnerThatWaits) {
  const Channel<TypeParam> channel;
  EXPECT_TRUE(absl::IsUnavailable(channel.TryReceive().status()));
  EXPECT_TRUE(absl::IsResourceExhausted(channel.TrySend(TypeParam())));
  {
    std::jthread receiver([&] { EXPECT_TRUE(channel.Receive().ok()); });
    AwaitReceivers(channel, 1);
    EXPECT_TRUE(channel.TrySend(TypeParam()).ok());
  }
  std::jthread sender([&] { EXPECT_TRUE(channel.Send(TypeParam()).ok()); });
  AwaitSenders(channel, 1);
  EXPECT_TRUE(channel.TryReceive().ok());
}

TYPED_TEST(NonBlocking, ABufferNeedsRoomOrAValue) {
  const Channel<TypeParam> channel(2);
  EXPECT_TRUE(absl::IsUnavailable(channel.TryReceive().status()));
  EXPECT_TRUE(channel.TrySend(TypeParam()).ok());
  EXPECT_TRUE(channel.TrySend(TypeParam()).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(channel.TrySend(TypeParam())));
  EXPECT_TRUE(channel.TryReceive().ok());
  EXPECT_TRUE(channel.TryReceive().ok());
  EXPECT_TRUE(absl::IsUnavailable(channel.TryReceive().status()));
}

// Whether a select of nothing but that case would take it at once.
bool IsReady(Case one) { return TrySelect({std::move(one)}) == 0; }

TEST(Readiness, OfACaseInEachStateOfItsChannel) {
  absl::StatusOr<int> got;
  int value = 1;
  const Channel<int> empty;
  EXPECT_FALSE(IsReady(empty.OnReceive(&got)));
  EXPECT_FALSE(IsReady(empty.OnSend(&value)));

  const Channel<int> with_room(2);
  EXPECT_FALSE(IsReady(with_room.OnReceive(&got)));
  EXPECT_TRUE(IsReady(with_room.OnSend(&value)));
  EXPECT_TRUE(IsReady(with_room.OnSend(&value)));
  EXPECT_FALSE(IsReady(with_room.OnSend(&value)));
  EXPECT_TRUE(IsReady(with_room.OnReceive(&got)));

  const Channel<int> closed;
  closed.Close();
  absl::Status sent;
  EXPECT_TRUE(IsReady(closed.OnReceive(&got)));
  EXPECT_TRUE(absl::IsOutOfRange(got.status()));
  EXPECT_TRUE(IsReady(closed.OnSend(&value, &sent)));
  EXPECT_TRUE(absl::IsFailedPrecondition(sent));
  EXPECT_EQ(value, 1);
}

TEST(Readiness, ANullChannelIsNeverReadyBesideOneThatIs) {
  const ReceiveChannel<int> no_input;
  const SendChannel<int> no_output;
  absl::StatusOr<int> got = 5;
  int value = 1;
  EXPECT_FALSE(IsReady(no_input.OnReceive(&got)));
  EXPECT_FALSE(IsReady(no_output.OnSend(&value)));
  EXPECT_FALSE(IsReady(Case::Never()));

  const Channel<int> ready(1);
  ASSERT_TRUE(ready.Send(9).ok());
  EXPECT_EQ(Select({no_input.OnReceive(&got), no_output.OnSend(&value), ready.OnReceive(&got)}), 2);
  EXPECT_EQ(got.value_or(-1), 9);
}

TEST(ReadinessDeathTest, AWaitThatCouldNeverEndFailsAtOnceAndNamesTheCall) {
  const ReceiveChannel<int> no_input;
  const SendChannel<int> no_output;
  absl::StatusOr<int> got;
  int value = 1;
  EXPECT_DEATH((void)no_input.Receive(), "Receive.*null channel");
  EXPECT_DEATH((void)no_input.TryReceive(), "TryReceive.*null channel");
  EXPECT_DEATH((void)no_output.Send(1), "Send.*null channel");
  EXPECT_DEATH((void)no_output.TrySend(1), "TrySend.*null channel");
  EXPECT_DEATH((void)no_output.Close(), "Close.*null channel");
  EXPECT_DEATH(Select(std::span<Case>()), "Select");
  EXPECT_DEATH(Select({no_input.OnReceive(&got), no_output.OnSend(&value)}), "Select");
}

// Every way to wait for a partner meets every way to come along.
TEST(Meeting, EachWayToReceiveMeetsEachWayToSend) {
  using Receive = std::function<int(const Channel<int>&)>;
  using Send = std::function<void(const Channel<int>&, int)>;
  // One a side, so that the two sides meet nowhere else.
  const Channel<int> no_senders;
  const Channel<int> no_receivers;
  const std::vector<Receive> receives = {[](const Channel<int>& channel) { return channel.Receive().value_or(-1); },
                                         [](const Channel<int>& channel) {
                                           absl::StatusOr<int> got;
                                           Select({channel.OnReceive(&got)});
                                           return got.value_or(-1);
                                         },
                                         [&](const Channel<int>& channel) {
                                           absl::StatusOr<int> got, other;
                                           Select({no_senders.OnReceive(&other), channel.OnReceive(&got)});
                                           return got.value_or(-1);
                                         },
                                         [](const Channel<int>& channel) {
                                           absl::StatusOr<int> got;
                                           SelectInOrder({channel.OnReceive(&got), Case::Never()});
                                           return got.value_or(-1);
                                         }};
  const std::vector<Send> sends = {[](const Channel<int>& channel, int value) { (void)channel.Send(value); },
                                   [](const Channel<int>& channel, int value) { Select({channel.OnSend(&value)}); },
                                   [&](const Channel<int>& channel, int value) {
                                     int other = -5;
                                     Select({channel.OnSend(&value), no_receivers.OnSend(&other)});
                                   },
                                   [](const Channel<int>& channel, int value) {
                                     Select({Case::Never(), channel.OnSend(int{value})});
                                   }};

  int value = 0;
  for (const int capacity : {0, 1, 10}) {
    for (const Receive& receive : receives) {
      for (const Send& send : sends) {
        const Channel<int> channel(capacity);
        {
          std::jthread sender([&] {
            AwaitReceivers(channel, 1);
            send(channel, ++value);
          });
          EXPECT_EQ(receive(channel), value) << "the receiver came first";
        }
        std::jthread sender([&] { send(channel, 100); });
        AwaitTrue([&] { return WaitingSenders(channel) + channel.ApproxSize() > 0; });
        EXPECT_EQ(receive(channel), 100) << "the sender came first";
      }
    }
  }
}

TEST(Races, ATryReceiveNeverFindsAFullChannelEmptyBecauseItIsBeingClosed) {
  for (int round = 0; round < 2'000; ++round) {
    const Channel<int> channel(1);
    ASSERT_TRUE(channel.Send(1).ok());
    std::jthread closer([&] { channel.Close(); });
    absl::StatusOr<int> got;
    ASSERT_EQ(TrySelect({channel.OnReceive(&got)}), 0);
    ASSERT_TRUE(got.ok());
  }
}

// At every moment at least one of two is ready, but which one changes while a `TrySelect` looks.
TEST(Races, ATrySelectSeesAllItsCasesAtOneMoment) {
  for (int round = 0; round < 2'000; ++round) {
    const Channel<int> first(1);
    const Channel<int> second(1);
    ASSERT_TRUE(first.Send(1).ok());
    int chosen = -1;
    {
      std::jthread looker([&] {
        absl::StatusOr<int> got;
        chosen = TrySelect({first.OnReceive(&got), second.OnReceive(&got)});
      });
      // Even rounds hand the readiness on by a send, odd ones by a close.
      if (round % 2 == 0) {
        EXPECT_TRUE(second.Send(1).ok());
      } else {
        second.Close();
      }
      (void)first.TryReceive();
    }
    ASSERT_GE(chosen, 0);
  }
}

TEST(Closed, ReceivesGoOnForEverAndSelectsAreNotStuck) {
  for (const int capacity : {0, 2}) {
    const Channel<int> channel(capacity);
    for (int i = 0; i < capacity; ++i) ASSERT_TRUE(channel.Send(i + 1).ok());
    channel.Close();
    for (int i = 0; i < capacity; ++i) EXPECT_EQ(channel.Receive().value_or(-1), i + 1);
    for (int i = 0; i < 10; ++i) {
      absl::StatusOr<int> got = 3;
      EXPECT_TRUE(absl::IsOutOfRange(channel.Receive().status()));
      EXPECT_TRUE(absl::IsOutOfRange(channel.TryReceive().status()));
      EXPECT_EQ(Select({Case::Never(), channel.OnReceive(&got)}), 1);
      EXPECT_TRUE(absl::IsOutOfRange(got.status()));
    }
    for (int value : channel) ADD_FAILURE() << value;
  }
}

}  // namespace
}  // namespace eventbus::testing
