// In which order values come, through one channel, through a chain of threads, and through a crowd. Asked by fifo,
// goroutines, TestChan, TestMultiConsumer, TestPseudoRandomSend and select6.

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

TEST(Order, ABufferIsFirstInFirstOut) {
  const Channel<int> channel(10);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(channel.Send(i).ok());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(channel.Receive().value_or(-1), i);
}

TEST(Order, ThreadsThatTakeTurnsThroughABatonServeARendezvousInOrder) {
  constexpr int kThreads = 16;
  const Channel<int> values;
  // Thread i sends once it holds baton i, and then passes on baton i + 1.
  std::vector<Channel<bool>> batons;
  for (int i = 0; i <= kThreads; ++i) batons.emplace_back(1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      EXPECT_TRUE(batons[i].Receive().ok());
      EXPECT_TRUE(values.Send(i).ok());
      EXPECT_TRUE(batons[i + 1].Send(true).ok());
    });
  }
  ASSERT_TRUE(batons[0].Send(true).ok());
  for (int i = 0; i < kThreads; ++i) EXPECT_EQ(values.Receive().value_or(-1), i);
  EXPECT_TRUE(batons[kThreads].Receive().ok());
}

TEST(Order, AValueWalksThroughAChainOfAHundredThreads) {
  constexpr int kLinks = 100;
  std::vector<Channel<int>> links(kLinks + 1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kLinks; ++i) {
    threads.emplace_back([&, i] {
      for (int value : links[i]) EXPECT_TRUE(links[i + 1].Send(value + 1).ok());
      links[i + 1].Close();
    });
  }
  std::jthread source([&] {
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(links[0].Send(i * 1'000).ok());
    links[0].Close();
  });
  std::vector<int> arrived;
  for (int value : links[kLinks]) arrived.push_back(value);
  EXPECT_EQ(arrived, (std::vector<int>{100, 1'100, 2'100, 3'100, 4'100}));
}

// Work goes through a shared queue to a crowd and the results through another one back: a checksum of it all.
TEST(Order, ACrowdOfWorkersTakesEveryJobOnce) {
  constexpr int kWorkers = 6;
  constexpr int kJobs = 5'000;
  const Channel<long> jobs(kWorkers / 2);
  const Channel<long> results(kWorkers / 3);
  std::vector<std::jthread> workers;
  std::atomic<int> working{kWorkers};
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back([&] {
      for (long job : jobs) {
        if (job % 17 == 0) std::this_thread::yield();
        EXPECT_TRUE(results.Send(job * job).ok());
      }
      if (--working == 0) results.Close();
    });
  }
  std::jthread producer([&] {
    for (long job = 1; job <= kJobs; ++job) EXPECT_TRUE(jobs.Send(job).ok());
    jobs.Close();
  });
  std::vector<long> seen;
  for (long result : results) seen.push_back(result);
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), static_cast<size_t>(kJobs));
  for (long job = 1; job <= kJobs; ++job) ASSERT_EQ(seen[job - 1], job * job);
}

// Sends one of two values, by the choice of a select.
void Toss(const Channel<int>& coin) {
  int heads = 1;
  int tails = 0;
  Select({coin.OnSend(&heads), coin.OnSend(&tails)});
}

constexpr int kTosses = 400;

// A quarter of the tosses away from half of them is ten standard deviations.
void ExpectFair(int heads) {
  EXPECT_GT(heads, kTosses / 4);
  EXPECT_LT(heads, kTosses * 3 / 4);
}

TEST(Order, ASelectThatCouldSendEitherOfTwoValuesSendsBothSooner) {
  const Channel<int> coin(1);
  int heads = 0;
  for (int i = 0; i < kTosses; ++i) {
    Toss(coin);
    heads += coin.Receive().value_or(0);
  }
  ExpectFair(heads);
}

TEST(Order, ABlockedSelectThatCouldSendEitherOfTwoValuesSendsBothSooner) {
  const Channel<int> coin;
  std::jthread thrower([&] {
    for (int i = 0; i < kTosses; ++i) Toss(coin);
  });
  int heads = 0;
  for (int i = 0; i < kTosses; ++i) {
    AwaitSenders(coin, 2);
    heads += coin.Receive().value_or(0);
  }
  ExpectFair(heads);
}

// A select that was served by one channel has to leave the queue of the other, wherever in that queue it stands.
TEST(Order, ASelectServedElsewhereLeavesTheMiddleOfAQueueIntact) {
  for (int middle = 0; middle < 3; ++middle) {
    const Channel<int> shared;
    const Channel<int> elsewhere;
    std::vector<int> got(3, -1);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        absl::StatusOr<int> value;
        if (i == middle) {
          Select({shared.OnReceive(&value), elsewhere.OnReceive(&value)});
        } else {
          value = shared.Receive();
        }
        got[i] = value.value_or(-2);
      });
      AwaitReceivers(shared, i + 1);
    }
    ASSERT_TRUE(elsewhere.Send(100).ok());
    threads[middle].join();
    EXPECT_EQ(WaitingReceivers(shared), 2u);
    ASSERT_TRUE(shared.Send(0).ok());
    ASSERT_TRUE(shared.Send(1).ok());
    for (std::jthread& thread : threads) {
      if (thread.joinable()) thread.join();
    }
    std::vector<int> expected = {0, 1};
    expected.insert(expected.begin() + middle, 100);
    EXPECT_EQ(got, expected);
  }
}

}  // namespace
}  // namespace eventbus::testing
