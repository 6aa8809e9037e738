// What every adapter promises, as one suite over the ways to set one up. A stage is an executor with the threads behind it:
//
//   Stage(int threads, ExceptionHandler)   as many threads, at the most
//   executor()
//   Finish()                               returns when all that was submitted has run, and nothing more will
//   kSideBySide                            whether two threads run two works at the same time, for certain
//
// To run it: INSTANTIATE_TYPED_TEST_SUITE_P(Asio, ExecutorContract, ::testing::Types<...>).

#ifndef EVENTBUS_TESTS_ADAPTERS_EXECUTOR_CONTRACT_H_
#define EVENTBUS_TESTS_ADAPTERS_EXECUTOR_CONTRACT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "eventbus/executor.h"
#include "eventbus/feed.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {

// Counts what becomes of it.
class CountedWork final : public Work {
 public:
  void Run() override { ++ran; }
  void Abandon() override { ++abandoned; }

  std::atomic<int> ran{0};
  std::atomic<int> abandoned{0};
};

inline std::vector<std::unique_ptr<CountedWork>> MakeWorks(size_t count) {
  std::vector<std::unique_ptr<CountedWork>> works(count);
  for (auto& work : works) work = std::make_unique<CountedWork>();
  return works;
}

// What it is given as `number` goes to the end of `order`.
class NumberedWork final : public Work {
 public:
  NumberedWork(std::vector<int>& order, int number) : order_(order), number_(number) {}
  void Run() override { order_.push_back(number_); }
  void Abandon() override { order_.push_back(-1); }

 private:
  std::vector<int>& order_;
  const int number_;
};

inline std::vector<int> Ascending(int count) {
  std::vector<int> numbers(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) numbers[static_cast<size_t>(i)] = i;
  return numbers;
}

inline Task<int64_t> Sum(ReceiveChannel<int> values) {
  int64_t sum = 0;
  while (true) {
    const absl::StatusOr<int> value = co_await values.AsyncReceive();
    if (!value.ok()) co_return sum;
    sum += *value;
  }
}

inline Task<> Relay(ReceiveChannel<int> from, SendChannel<int> to) {
  while (true) {
    const absl::StatusOr<int> value = co_await from.AsyncReceive();
    if (!value.ok()) co_return;
    if (!(co_await to.AsyncSend(*value)).ok()) co_return;
  }
}

template <typename Stage>
class ExecutorContract : public ::testing::Test {};

TYPED_TEST_SUITE_P(ExecutorContract);

TYPED_TEST_P(ExecutorContract, EachWorkRunsOnceWhicheverThreadSubmitsIt) {
  const auto works = MakeWorks(6000);
  TypeParam stage(3);
  std::vector<std::thread> submitters;
  for (size_t t = 0; t < 3; ++t) {
    submitters.emplace_back([&, t] {
      for (size_t i = t; i < works.size(); i += 3) stage.executor().Submit(*works[i]);
    });
  }
  for (std::thread& submitter : submitters) submitter.join();
  stage.Finish();
  for (const auto& work : works) {
    ASSERT_EQ(work->ran, 1);
    ASSERT_EQ(work->abandoned, 0);
  }
}

TYPED_TEST_P(ExecutorContract, OneThreadRunsWorksInTheOrderInWhichTheyCame) {
  std::vector<int> order;
  TypeParam stage(1);
  for (int i = 0; i < 1000; ++i) stage.executor().Submit([&order, i] { order.push_back(i); });
  stage.Finish();
  EXPECT_EQ(order, Ascending(1000));
}

TYPED_TEST_P(ExecutorContract, OneThreadRunsABatchInItsOrder) {
  std::vector<int> order;
  std::vector<std::unique_ptr<NumberedWork>> works;
  WorkList list;
  for (int i = 0; i < 100; ++i) {
    works.push_back(std::make_unique<NumberedWork>(order, i));
    list.PushBack(*works.back());
  }
  TypeParam stage(1);
  stage.executor().SubmitAll(WorkList());
  stage.executor().SubmitAll(std::move(list));
  stage.Finish();
  EXPECT_EQ(order, Ascending(100));
}

TYPED_TEST_P(ExecutorContract, WorkThatIsSubmittedByWorkRunsAfterIt) {
  std::string written;
  std::atomic<bool> over{false};
  TypeParam stage(1);
  stage.executor().Submit([&] {
    stage.executor().Submit([&] {
      written += "second";
      over = true;
    });
    written += "first ";
  });
  AwaitTrue([&] { return over.load(); });
  stage.Finish();
  EXPECT_EQ(written, "first second");
}

TYPED_TEST_P(ExecutorContract, WhatWasDoneBeforeSubmitIsVisibleToTheWork) {
  std::vector<int> values(2000, 0);
  std::atomic<int> seen{0};
  TypeParam stage(2);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 1;
    stage.executor().Submit([&values, &seen, i] { seen += values[i]; });
  }
  stage.Finish();
  EXPECT_EQ(seen, 2000);
}

TYPED_TEST_P(ExecutorContract, KnowsItsOwnThreads) {
  std::atomic<int> right{0};
  TypeParam stage(2);
  TypeParam other(1);
  stage.executor().Submit([&] { right += stage.executor().RunsHere() && !other.executor().RunsHere(); });
  other.executor().Submit([&] { right += other.executor().RunsHere() && !stage.executor().RunsHere(); });
  EXPECT_FALSE(stage.executor().RunsHere());
  AwaitTrue([&] { return right.load() == 2; });
  stage.Finish();
  other.Finish();
}

TYPED_TEST_P(ExecutorContract, ThreadsRunSideBySide) {
  if (!TypeParam::kSideBySide) GTEST_SKIP() << "one at a time";
  TypeParam stage(2);
  const Channel<int> meet(0);
  std::atomic<int> met{0};
  stage.executor().Submit([&] { met += meet.Send(1).ok(); });
  stage.executor().Submit([&] { met += meet.Receive().ok(); });
  stage.Finish();
  EXPECT_EQ(met, 2);
}

TYPED_TEST_P(ExecutorContract, WorkThatThrowsIsCountedAndToldAndTheNextRuns) {
  std::atomic<int> told{0};
  const auto tell = [&told](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::runtime_error&) {
      ++told;
    }
  };
  TypeParam stage(1, tell);
  bool ran = false;
  stage.executor().Submit([] { throw std::runtime_error("x"); });
  stage.executor().Submit([&] { ran = stage.executor().exceptions() == 1; });
  stage.Finish();
  EXPECT_TRUE(ran);
  EXPECT_EQ(told, 1);
}

TYPED_TEST_P(ExecutorContract, WorkThatThrowsWithoutAHandlerOfExceptionsIsCounted) {
  TypeParam stage(2);
  for (int i = 0; i < 100; ++i) stage.executor().Submit([] { throw 1; });
  AwaitTrue([&] { return stage.executor().exceptions() == 100; });
  stage.Finish();
}

TYPED_TEST_P(ExecutorContract, CoroutinesShareAChannelAndMissNothing) {
  constexpr int kValues = 5000;
  const Channel<int> values(4);
  TypeParam stage(3);
  std::vector<Spawned<int64_t>> consumers;
  for (int i = 0; i < 5; ++i) consumers.push_back(Spawn(stage.executor(), Sum(values)));
  std::vector<std::thread> senders;
  for (int t = 0; t < 2; ++t) {
    senders.emplace_back([&values] {
      for (int i = 1; i <= kValues; ++i) EXPECT_EQ(values.Send(i), absl::OkStatus());
    });
  }
  for (std::thread& sender : senders) sender.join();
  values.Close();
  int64_t sum = 0;
  for (auto& consumer : consumers) sum += *consumer.Join();
  EXPECT_EQ(sum, int64_t{kValues} * (kValues + 1));
  stage.Finish();
}

TYPED_TEST_P(ExecutorContract, CoroutinesInARowKeepTheOrder) {
  std::vector<Channel<int>> channels;
  for (std::ptrdiff_t capacity : {0, 1, 0, 8}) channels.emplace_back(capacity);
  TypeParam stage(2);
  std::vector<Spawned<>> relays;
  for (size_t i = 0; i + 1 < channels.size(); ++i) {
    relays.push_back(Spawn(stage.executor(), Relay(channels[i], channels[i + 1])));
  }
  std::thread sender([&] {
    for (int i = 0; i < 2000; ++i) EXPECT_EQ(channels.front().Send(i), absl::OkStatus());
  });
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(*channels.back().Receive(), i);
  sender.join();
  for (Spawned<>& relay : relays) relay.Stop();
  stage.Finish();
}

TYPED_TEST_P(ExecutorContract, HandlersOfAFeedSeeEveryValueInOneOrder) {
  constexpr int kValues = 3000;  // By each of two senders.
  constexpr size_t kHandlers = 6;
  std::vector<std::vector<int>> seen(kHandlers);
  std::atomic<int> calls{0};
  TypeParam stage(3);
  FeedOf<int> feed;
  std::vector<Subscription> subscriptions;
  for (size_t i = 0; i < kHandlers; ++i) {
    subscriptions.push_back(MustSubscribe(feed.Subscribe(
        [&, i](int value) {
          seen[i].push_back(value);
          ++calls;
        },
        {.executor = &stage.executor(), .capacity = 16})));
  }
  std::vector<std::thread> senders;
  for (int t = 0; t < 2; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < kValues; ++i) EXPECT_EQ(feed.Send(2 * i + t).delivered, kHandlers);
    });
  }
  for (std::thread& sender : senders) sender.join();
  AwaitTrue([&] { return calls.load() == 2 * kValues * static_cast<int>(kHandlers); });
  subscriptions.clear();
  stage.Finish();
  for (size_t i = 1; i < kHandlers; ++i) EXPECT_EQ(seen[i], seen[0]);
}

// The ends of consumers against their executor's threads: what was stopped does not run, and nothing is left behind.
TYPED_TEST_P(ExecutorContract, StopAndUnsubscribeAgainstRunningConsumers) {
  for (int round = 0; round < 100; ++round) {
    const Channel<int> values(1);
    TypeParam stage(2);
    FeedOf<int> feed;
    std::atomic<int> calls{0};
    Subscription subscription =
        MustSubscribe(feed.Subscribe([&](int) { ++calls; }, {.executor = &stage.executor(), .capacity = 2}));
    Spawned<int64_t> consumer = Spawn(stage.executor(), Sum(values));
    std::thread sender([&] {
      for (int i = 0; feed.Send(i).delivered == 1; ++i) (void)values.TrySend(i);
    });
    AwaitTrue([&] { return calls.load() > 10; });
    consumer.Stop();
    subscription.Unsubscribe();
    const int at_the_end = calls;
    sender.join();
    stage.Finish();
    EXPECT_EQ(calls, at_the_end);
    EXPECT_EQ(consumer.Join().status().code(), absl::StatusCode::kCancelled);
  }
}

REGISTER_TYPED_TEST_SUITE_P(ExecutorContract, EachWorkRunsOnceWhicheverThreadSubmitsIt,
                            OneThreadRunsWorksInTheOrderInWhichTheyCame, OneThreadRunsABatchInItsOrder,
                            WorkThatIsSubmittedByWorkRunsAfterIt, WhatWasDoneBeforeSubmitIsVisibleToTheWork,
                            KnowsItsOwnThreads, ThreadsRunSideBySide, WorkThatThrowsIsCountedAndToldAndTheNextRuns,
                            WorkThatThrowsWithoutAHandlerOfExceptionsIsCounted, CoroutinesShareAChannelAndMissNothing,
                            CoroutinesInARowKeepTheOrder, HandlersOfAFeedSeeEveryValueInOneOrder,
                            StopAndUnsubscribeAgainstRunningConsumers);

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_ADAPTERS_EXECUTOR_CONTRACT_H_
