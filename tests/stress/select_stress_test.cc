// Selects that face each other over the same channels, in every order and direction, with deadlines and cancellations:
// each value that was sent is received once.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/stress/stress.h"

namespace eventbus::testing {
namespace {

TEST(SelectStress, FacingSelectsConserveValues) {
  const StressRun run;
  constexpr int kThreads = 6;
  std::vector<Channel<uint64_t>> channels = {Channel<uint64_t>(0), Channel<uint64_t>(0), Channel<uint64_t>(1),
                                             Channel<uint64_t>(4)};
  std::atomic<int64_t> sent{0};
  std::atomic<int64_t> received{0};
  std::atomic<uint64_t> sent_sum{0};
  std::atomic<uint64_t> received_sum{0};

  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random = run.Random(t);
      for (uint64_t round = 0; run.goes_on(); ++round) {
        uint64_t value = random() >> 8;
        absl::StatusOr<uint64_t> slot = absl::UnavailableError("");
        std::vector<Case> cases;
        std::vector<bool> sends;
        const size_t count = 1 + random() % 5;
        for (size_t i = 0; i < count; ++i) {
          const Channel<uint64_t>& channel = channels[random() % channels.size()];
          sends.push_back(random() % 2 == 0);
          cases.push_back(sends.back() ? channel.OnSend(&value) : channel.OnReceive(&slot));
        }
        CancelHandle soon = Context::Background().WithTimeout(absl::Microseconds(random() % 200));
        cases.push_back(soon.context().OnDone());
        const int chosen = random() % 8 == 0   ? TrySelect(cases)
                           : random() % 4 == 0 ? SelectUntil(absl::Now() + absl::Microseconds(random() % 100), cases)
                           : random() % 2 == 0 ? SelectInOrder(cases)
                                               : Select(cases);
        if (chosen < 0 || chosen == static_cast<int>(count)) continue;
        if (sends[chosen]) {
          ++sent;
          sent_sum += value;
        } else {
          ASSERT_TRUE(slot.ok());
          ++received;
          received_sum += *slot;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Channel<uint64_t>& channel : channels) {
    channel.Close();
    for (uint64_t value : channel) {
      ++received;
      received_sum += value;
    }
  }
  std::cout << "sent and received " << sent << std::endl;
  EXPECT_EQ(sent, received);
  EXPECT_EQ(sent_sum, received_sum);
  EXPECT_GT(sent, 0);
}

// A select against the close of everything that it waits for.
TEST(SelectStress, CloseEndsEverySelect) {
  const StressRun run;
  int64_t rounds = 0;
  for (; run.goes_on(); ++rounds) {
    std::vector<Channel<int>> channels = {Channel<int>(0), Channel<int>(1), Channel<int>(0)};
    std::vector<std::thread> threads;
    std::atomic<int> sent{0};
    std::atomic<int> received{0};
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937_64 random = run.Random(rounds * 4 + t);
        while (true) {
          absl::StatusOr<int> slot = absl::UnavailableError("");
          absl::Status status = absl::OkStatus();
          Case cases[] = {channels[random() % 3].OnReceive(&slot), channels[random() % 3].OnSend(1, &status),
                          channels[random() % 3].OnReceive(&slot)};
          const bool sends = Select(cases) == 1;
          const absl::StatusCode code = sends ? status.code() : slot.status().code();
          if (code == absl::StatusCode::kOk) {
            ++(sends ? sent : received);
          } else {
            ASSERT_EQ(code, sends ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kOutOfRange);
            return;
          }
        }
      });
    }
    for (const Channel<int>& channel : channels) channel.Close();
    for (std::thread& thread : threads) thread.join();
    for (const Channel<int>& channel : channels) {
      for (int value : channel) received += value;
    }
    ASSERT_EQ(sent, received);
  }
  std::cout << rounds << " rounds" << std::endl;
}

}  // namespace
}  // namespace eventbus::testing
