// Histories of real threads, many and short, from random programs.

#include <iostream>
#include <iterator>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "tests/linearizability/recorded_runs.h"
#include "tests/stress/stress.h"

namespace eventbus::testing {
namespace {

TEST(Linearizability, OfChannels) {
  const StressRun run;
  std::mt19937_64 random = run.Random(1);
  int64_t histories = 0;
  for (; run.goes_on(); ++histories) {
    constexpr int64_t kCapacities[] = {0, 1, 2, 8, kNoLimit};
    const int64_t capacity = kCapacities[random() % std::size(kCapacities)];
    const Program program = RandomProgram(random, 2 + random() % 3, 4);
    const Channel<int> channel = capacity == kNoLimit ? Channel<int>(kUnbounded) : Channel<int>(capacity);
    const ChannelHistory history = ChannelRun(channel).Run<std::thread>(program);
    ASSERT_TRUE(IsLinearizable(capacity, history)) << "capacity " << capacity << "\n" << ToString(history);
  }
  std::cout << histories << " histories" << std::endl;
  EXPECT_GT(histories, 0);
}

TEST(Linearizability, OfFeeds) {
  const StressRun run;
  std::mt19937_64 random = run.Random(2);
  int64_t histories = 0;
  int64_t received = 0;
  for (; run.goes_on(); ++histories) {
    std::vector<int> takes(1 + random() % 3);
    for (int& take : takes) take = static_cast<int>(random() % 20);
    const FeedHistory history = RunFeed<std::thread>(1 + random() % 3, 4, takes, static_cast<int64_t>(random() % 3));
    ASSERT_EQ(FindFault(history), "");
    for (const FeedMembership& membership : history.memberships) received += membership.received.size();
  }
  std::cout << histories << " histories, " << received << " values at subscribers that came and left" << std::endl;
  EXPECT_GT(received, 0);
}

}  // namespace
}  // namespace eventbus::testing
