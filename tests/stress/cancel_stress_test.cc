// A receive that is cancelled in the instant in which it is served: the value is the receiver's or still the sender's, never
// nobody's. This is how a connection pool loses connections.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "eventbus/channel.h"
#include "gtest/gtest.h"
#include "tests/stress/stress.h"

namespace eventbus::testing {
namespace {

// The context of the operation in progress, for a canceller that comes at any moment.
class Cancellable {
 public:
  // Runs `operation` with a context of its own.
  template <typename Operation>
  auto Run(Operation operation) {
    CancelHandle handle = Context::Background().WithCancel();
    {
      std::lock_guard lock(mutex_);
      current_ = &handle;
    }
    auto result = operation(handle.context());
    std::lock_guard lock(mutex_);
    current_ = nullptr;
    return result;
  }

  void Cancel() {
    std::lock_guard lock(mutex_);
    if (current_ != nullptr) current_->Cancel();
  }

 private:
  std::mutex mutex_;
  CancelHandle* current_ = nullptr;
};

class CancelStress : public ::testing::TestWithParam<int> {};

TEST_P(CancelStress, AMillionRoundsLoseNothing) {
  constexpr int64_t kRounds = 1'000'000;
  const StressRun run;
  Channel<std::unique_ptr<int64_t>> channel(GetParam());
  Cancellable sends;
  Cancellable receives;
  std::atomic<bool> over{false};

  int64_t sent = 0;
  int64_t returned = 0;
  std::thread sender([&] {
    for (int64_t round = 0; round < kRounds; ++round) {
      auto value = std::make_unique<int64_t>(round);
      // Every fourth send can be cancelled too.
      const absl::Status status =
          round % 4 != 0 ? channel.Send(std::move(value))
                         : sends.Run([&](const Context& context) { return channel.Send(context, std::move(value)); });
      if (status.ok()) {
        ++sent;
        ASSERT_EQ(value, nullptr);
      } else {
        ++returned;
        ASSERT_EQ(status.code(), absl::StatusCode::kCancelled);
        ASSERT_NE(value, nullptr);
        ASSERT_EQ(*value, round);
      }
    }
    channel.Close();
  });

  int64_t received = 0;
  int64_t cancelled = 0;
  std::thread receiver([&] {
    int64_t last = -1;
    while (true) {
      absl::StatusOr<std::unique_ptr<int64_t>> value =
          receives.Run([&](const Context& context) { return channel.Receive(context); });
      if (value.ok()) {
        ++received;
        ASSERT_GT(**value, last);
        last = **value;
      } else if (value.status().code() == absl::StatusCode::kCancelled) {
        ++cancelled;
      } else {
        ASSERT_EQ(value.status().code(), absl::StatusCode::kOutOfRange);
        break;
      }
    }
    over = true;
  });

  std::mt19937_64 random = run.Random(0);
  while (!over) {
    (random() % 2 == 0 ? sends : receives).Cancel();
    for (uint64_t spin = random() % 256; spin > 0; --spin) std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  sender.join();
  receiver.join();
  std::cout << "sent " << sent << ", returned " << returned << ", received " << received << ", receives cancelled "
            << cancelled << std::endl;
  EXPECT_EQ(sent + returned, kRounds);
  EXPECT_EQ(received, sent);
  EXPECT_GT(cancelled, 0);
}

INSTANTIATE_TEST_SUITE_P(Capacities, CancelStress, ::testing::Values(0, 1));

}  // namespace
}  // namespace eventbus::testing
