#include "eventbus/on_each.h"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/channel.h"
#include "eventbus/manual_executor.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

TEST(OnEach, HandlesEveryValueInOrderAndOneAtATimeUntilTheEnd) {
  ThreadPool pool(2);
  const Channel<int> channel(4);
  std::vector<int> seen;
  std::atomic<int> inside{0};
  Spawned<absl::Status> handling = channel.OnEach(pool, [&](int value) {
    EXPECT_EQ(inside.fetch_add(1), 0);
    seen.push_back(value);
    inside.fetch_sub(1);
  });
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(channel.Send(i).ok());
  channel.Close();
  EXPECT_EQ(handling.Join(), absl::OkStatus());
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(seen[i], i);
}

TEST(OnEach, MovesTheValueToTheHandlerAndKeepsTheChannelAlive) {
  ManualExecutor executor;
  std::unique_ptr<int> taken;
  std::optional<Channel<std::unique_ptr<int>>> channel(1);
  const Spawned<absl::Status> handling = ReceiveChannel<std::unique_ptr<int>>(*channel).OnEach(
      executor, [&](std::unique_ptr<int> value) { taken = std::move(value); });
  ASSERT_TRUE(channel->TrySend(std::make_unique<int>(7)).ok());
  channel.reset();
  executor.RunAll();
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(*taken, 7);
}

TEST(OnEach, AFailedCallIsToldAndTheNextFollows) {
  ManualExecutor executor;
  const Channel<int> channel(8);
  std::vector<absl::Status> errors;
  int handled = 0;
  Spawned<absl::Status> handling = channel.OnEach(executor,
                                                  [&](int value) -> absl::Status {
                                                    ++handled;
                                                    if (value == 1) throw std::runtime_error("no ones");
                                                    if (value == 2) throw 2;
                                                    return value == 3 ? absl::DataLossError("three") : absl::OkStatus();
                                                  },
                                                  {.name = "audit", .on_error = [&](const absl::Status& error) {
                                                     errors.push_back(error);
                                                     throw std::runtime_error("the hook too");
                                                   }});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(channel.TrySend(i).ok());
  channel.Close();
  executor.RunAll();
  EXPECT_EQ(handling.Join(), absl::OkStatus());
  EXPECT_EQ(handled, 5);
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors[0].code(), absl::StatusCode::kInternal);
  EXPECT_EQ(errors[0].message(), "OnEach: the handler 'audit' threw: no ones");
  EXPECT_EQ(errors[1].message(), "OnEach: the handler 'audit' threw");
  EXPECT_EQ(errors[2], absl::DataLossError("three"));
}

TEST(OnEach, EndsWithTheErrorIfAskedAndLeavesTheRestInTheChannel) {
  ManualExecutor executor;
  const Channel<int> channel(8);
  Spawned<absl::Status> handling =
      channel.OnEach(executor, [](int value) { return value == 1 ? absl::DataLossError("one") : absl::OkStatus(); },
                     {.ends_on_error = true});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(channel.TrySend(i).ok());
  executor.RunAll();
  EXPECT_EQ(handling.Join(), absl::DataLossError("one"));
  EXPECT_EQ(channel.ApproxSize(), 3u);
}

TEST(OnEach, NoCallOnceStopHasReturned) {
  ThreadPool pool(1);
  const Channel<int> channel(kUnbounded);
  std::atomic<int> handled{0};
  std::atomic<bool> released{false};
  Spawned<absl::Status> handling = channel.OnEach(pool, [&](int) {
    ++handled;
    AwaitTrue([&] { return released.load(); });
  });
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(channel.TrySend(i).ok());
  AwaitTrue([&] { return handled == 1; });
  std::thread stopper([&] {
    handling.Stop();
    EXPECT_TRUE(released);
  });
  released = true;
  stopper.join();
  const int by_then = handled;
  EXPECT_EQ(handling.Join().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(channel.ApproxSize() + by_then, 10u);
}

TEST(OnEach, MayStopItself) {
  ManualExecutor executor;
  const Channel<int> channel(8);
  std::optional<Spawned<absl::Status>> handling;
  int handled = 0;
  handling = channel.OnEach(executor, [&](int) {
    ++handled;
    handling.reset();
  });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(channel.TrySend(i).ok());
  executor.RunAll();
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(channel.ApproxSize(), 2u);
}

TEST(OnEach, OfAnExecutorThatIsShutDownEndsWithUnavailable) {
  ManualExecutor executor;
  const Channel<int> channel(1);
  Spawned<absl::Status> handling = channel.OnEach(executor, [](int) {});
  executor.Close();
  EXPECT_EQ(handling.Join().code(), absl::StatusCode::kUnavailable);
}

TEST(OnEach, SeveralShareTheValues) {
  ThreadPool pool(2);
  const Channel<int> channel(16);
  std::atomic<int> sum{0};
  Spawned<absl::Status> one = channel.OnEach(pool, [&](int value) { sum += value; });
  Spawned<absl::Status> other = channel.OnEach(pool, [&](int value) { sum += value; });
  for (int i = 1; i <= 1000; ++i) ASSERT_TRUE(channel.Send(i).ok());
  channel.Close();
  EXPECT_TRUE(one.Join().ok());
  EXPECT_TRUE(other.Join().ok());
  EXPECT_EQ(sum, 500'500);
}

TEST(OnEachDeathTest, OfANullChannel) {
  ManualExecutor executor;
  EXPECT_DEATH(static_cast<void>(ReceiveChannel<int>().OnEach(executor, [](int) {})), "OnEach: null channel");
}

}  // namespace
}  // namespace eventbus::testing
