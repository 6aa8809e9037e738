// Every history that small programs can have, up to two preemptions; and many of longer ones.

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/linearizability/recorded_runs.h"
#include "tests/support/explorer/explore.h"

namespace eventbus::testing {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Options;
using explorer::Thread;

void ExploreProgram(const Program& program, const Options& options = {}) {
  for (const int64_t capacity : {int64_t{0}, int64_t{1}, int64_t{2}, kNoLimit}) {
    Explore(
        [&] {
          const Channel<int> channel = capacity == kNoLimit ? Channel<int>(kUnbounded) : Channel<int>(capacity);
          const ChannelHistory history = ChannelRun(channel).Run<Thread>(program);
          if (!IsLinearizable(capacity, history)) Check(false, "linearizable:\n" + ToString(history));
        },
        options);
  }
}

TEST(ExploredLinearizability, SendersAgainstReceivers) {
  ExploreProgram({{}, {Step::kSend, Step::kSend}, {Step::kReceive, Step::kReceive}});
  ExploreProgram({{Step::kTryReceive}, {Step::kSend}, {Step::kSend, Step::kReceive}});
}

TEST(ExploredLinearizability, TriesAgainstBlocked) {
  ExploreProgram({{Step::kTrySend, Step::kTrySend}, {Step::kReceive}, {Step::kReceive}});
  ExploreProgram({{Step::kTryReceive, Step::kTryReceive}, {Step::kSend}, {Step::kTrySend}});
}

TEST(ExploredLinearizability, CancellationAgainstHandOff) {
  ExploreProgram({{Step::kCancel}, {Step::kCancellableSend}, {Step::kReceive}});
  ExploreProgram({{Step::kCancel}, {Step::kCancellableReceive, Step::kTryReceive}, {Step::kSend}});
}

TEST(ExploredLinearizability, SelectsAgainstCalls) {
  ExploreProgram({{}, {Step::kSelectSend}, {Step::kSelectReceive, Step::kTryReceive}});
  ExploreProgram({{Step::kTrySend}, {Step::kSelectReceive}, {Step::kCancellableSend}});
}

TEST(ExploredLinearizability, RandomProgramsUnderRandomSchedules) {
  std::mt19937_64 random(20'261'121);
  for (int i = 0; i < 40; ++i) {
    const Program program = RandomProgram(random, 3 + random() % 2, 4);
    ExploreProgram(program, {.random_executions = 200, .seed = random()});
  }
}

void CheckFeed(const FeedHistory& history) {
  const std::string fault = FindFault(history);
  Check(fault.empty(), fault);
}

TEST(ExploredLinearizability, Feeds) {
  Explore([] { CheckFeed(RunFeed<Thread>(2, 1, {1}, 0)); });
  for (const int capacity : {0, 1}) {
    Explore([&] { CheckFeed(RunFeed<Thread>(2, 2, {2, 1}, capacity)); }, {.random_executions = 3000});
  }
}

}  // namespace
}  // namespace eventbus::testing
