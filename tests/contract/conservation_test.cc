// The contract, part six: under cancels and deadlines that race with the hand-off, every value sent is received or
// returned to its sender, never both and never neither. This is where the wait list of a connection pool loses its
// connections: a waiter gives up in the instant in which it is served.

#include <atomic>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "gtest/gtest.h"
#include "tests/contract/setups.h"
#include "tests/contract/support.h"
#include "tests/support/payloads.h"

namespace eventbus::testing {
namespace {

template <typename S>
class CancelConservation : public ::testing::Test {};
TYPED_TEST_SUITE(CancelConservation, CancellableSetups, SetupNames);

template <typename S>
class DeadlineConservation : public ::testing::Test {};
TYPED_TEST_SUITE(DeadlineConservation, TimedSetups, SetupNames);

// A context for each round of one thread, and another thread that cancels each a random while after its round began.
class RandomCancels {
 public:
  RandomCancels(int rounds, unsigned seed) {
    handles_.reserve(rounds);
    for (int i = 0; i < rounds; ++i) handles_.push_back(Context::Background().WithCancel());
    canceller_ = std::jthread([this, seed] { CancelAll(seed); });
  }

  const Context& Begin(int round) {
    // Relaxed: it only paces the canceller, and the handles are as old as the thread.
    begun_.store(round + 1, std::memory_order_relaxed);
    return handles_[round].context();
  }

 private:
  void CancelAll(unsigned seed) {
    std::minstd_rand random(seed);
    for (int i = 0; i < static_cast<int>(handles_.size()); ++i) {
      while (begun_.load(std::memory_order_relaxed) <= i) std::this_thread::yield();
      for (unsigned spin = random() % 64; spin > 0; --spin) std::atomic_signal_fence(std::memory_order_seq_cst);
      if (random() % 4 == 0) std::this_thread::yield();
      handles_[i].Cancel();
    }
  }

  std::vector<CancelHandle> handles_;
  std::atomic<int> begun_{0};
  std::jthread canceller_;
};

// Sends `count` values and puts aside those that came back, until the channel is closed.
struct Sender {
  template <typename Send>
  void Run(int count, Send send) {
    for (int i = 0; i < count; ++i) {
      MoveOnly value(i);
      const absl::Status status = send(i, std::move(value));
      if (status.ok()) {
        EXPECT_EQ(value.number(), -1);
        accepted.push_back(i);
      } else {
        EXPECT_EQ(value.number(), i) << status;
        ++returned;
        if (CodeOf(status) == kClosed) return;
      }
    }
  }

  std::vector<int> accepted;
  int returned = 0;
};

bool Keep(const absl::StatusOr<MoveOnly>& value, std::vector<int>& received) {
  if (value.ok()) received.push_back(value->number());
  return value.ok();
}

template <typename S>
void ReceiveRest(const Channel<MoveOnly>& channel, std::vector<int>& received) {
  while (Keep(S::Receive(channel), received)) {
  }
}

TYPED_TEST(CancelConservation, ReceiversThatAreCancelledLoseNothing) {
  constexpr int kRounds = kRaceRounds / TypeParam::kCost;
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  RandomCancels cancels(kRounds, 1);
  Sender sender;
  std::vector<int> received;
  {
    std::jthread thread([&] {
      sender.Run(kRounds, [&](int, MoveOnly&& value) { return TypeParam::Send(channel, std::move(value)); });
    });
    for (int i = 0; i < kRounds; ++i) Keep(TypeParam::Receive(cancels.Begin(i), channel), received);
    channel.Close();
  }
  ReceiveRest<TypeParam>(channel, received);
  EXPECT_EQ(received, sender.accepted);
}

TYPED_TEST(CancelConservation, SendersThatAreCancelledLoseNothing) {
  constexpr int kRounds = kRaceRounds / TypeParam::kCost;
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  RandomCancels cancels(kRounds, 2);
  Sender sender;
  std::vector<int> received;
  {
    std::jthread thread([&] {
      sender.Run(kRounds,
                 [&](int i, MoveOnly&& value) { return TypeParam::Send(cancels.Begin(i), channel, std::move(value)); });
      channel.Close();
    });
    ReceiveRest<TypeParam>(channel, received);
  }
  EXPECT_EQ(received, sender.accepted);
  EXPECT_EQ(sender.accepted.size() + sender.returned, static_cast<size_t>(kRounds));
}

TYPED_TEST(CancelConservation, BothSidesCancelledLoseNothing) {
  constexpr int kRounds = kRaceRounds / TypeParam::kCost;
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  RandomCancels send_cancels(kRounds, 3);
  RandomCancels receive_cancels(kRounds, 4);
  Sender sender;
  std::vector<int> received;
  {
    std::jthread thread([&] {
      sender.Run(kRounds, [&](int i, MoveOnly&& value) {
        return TypeParam::Send(send_cancels.Begin(i), channel, std::move(value));
      });
    });
    for (int i = 0; i < kRounds; ++i) Keep(TypeParam::Receive(receive_cancels.Begin(i), channel), received);
  }
  channel.Close();
  ReceiveRest<TypeParam>(channel, received);
  EXPECT_EQ(received, sender.accepted);
  EXPECT_EQ(sender.accepted.size() + sender.returned, static_cast<size_t>(kRounds));
}

TYPED_TEST(DeadlineConservation, BothSidesLateLoseNothing) {
  // Each round may really wait for its deadline.
  constexpr int kRounds = kRaceRounds / 10;
  const auto soon = [](std::minstd_rand& random) { return absl::Now() + absl::Nanoseconds(random() % 20'000); };
  const auto channel = MakeChannel<MoveOnly, TypeParam>();
  Sender sender;
  std::vector<int> received;
  {
    std::jthread thread([&] {
      std::minstd_rand random(5);
      sender.Run(kRounds,
                 [&](int, MoveOnly&& value) { return TypeParam::SendUntil(soon(random), channel, std::move(value)); });
    });
    std::minstd_rand random(6);
    for (int i = 0; i < kRounds; ++i) Keep(TypeParam::ReceiveUntil(soon(random), channel), received);
  }
  channel.Close();
  ReceiveRest<TypeParam>(channel, received);
  EXPECT_EQ(received, sender.accepted);
  EXPECT_EQ(sender.accepted.size() + sender.returned, static_cast<size_t>(kRounds));
}

}  // namespace
}  // namespace eventbus::testing
