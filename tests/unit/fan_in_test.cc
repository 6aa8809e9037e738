// `Gather`, `CloseWhenDone` and `ParallelMap`.

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/close_when_done.h"
#include "eventbus/context.h"
#include "eventbus/error_group.h"
#include "eventbus/gather.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/parallel_map.h"
#include "eventbus/select.h"
#include "eventbus/task_group.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

constexpr absl::StatusCode kCancelled = absl::StatusCode::kCancelled;

TEST(Gather, CollectsTheResultsOfAll) {
  TaskGroup group;
  Gather<std::unique_ptr<int>> gather(group, 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(gather.Go([i] { return std::make_unique<int>(i); }).ok());
  }
  const absl::StatusOr<std::vector<std::unique_ptr<int>>> results = gather.Collect();
  ASSERT_TRUE(results.ok());
  std::set<int> seen;
  for (const auto& result : *results) seen.insert(*result);
  EXPECT_EQ(seen, (std::set<int>{0, 1, 2, 3, 4}));
}

TEST(Gather, StopsEarlyAndLeavesNoProducerBlocked) {
  TaskGroup group;
  Gather<int> gather(group, 2);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(gather.Go([i] { return i; }).ok());
  EXPECT_EQ(gather.Collect()->size(), 2u);
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_TRUE(group.status().ok()) << "a result that nobody needs is no error";
}

TEST(Gather, ThatGoesUncollectedLeavesNoProducerBlocked) {
  TaskGroup group;
  {
    Gather<int> gather(group, 1);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(gather.Go([i] { return i; }).ok());
  }
  EXPECT_TRUE(group.Wait().ok());
}

TEST(Gather, EndsWhenItsTasksHaveAndGivesWhatThereIs) {
  TaskGroup group;
  TaskToken other = group.Add();  // Not its concern.
  Gather<int> gather(group, 3);
  EXPECT_TRUE(gather.Go([] { return 7; }).ok());
  EXPECT_TRUE(gather.Go([]() -> absl::StatusOr<int> { return absl::DataLossError("lost"); }).ok());
  EXPECT_TRUE(gather.Go([]() -> int { throw std::runtime_error("thrown"); }).ok());
  EXPECT_EQ(*gather.Collect(), std::vector<int>{7});
  other.Done();
  EXPECT_TRUE(group.Wait().ok());
  EXPECT_EQ(group.errors().size(), 2u);
}

TEST(Gather, OfNothing) {
  TaskGroup group;
  Gather<int> none(group, 0);
  EXPECT_TRUE(none.Collect()->empty());
  Gather<int> nobody(group, 3);
  EXPECT_TRUE(nobody.Collect()->empty());
}

TEST(Gather, ACancelledCollectKeepsWhatHasCome) {
  TaskGroup group;
  const Channel<int> gate(0);
  Gather<int> gather(group, 2);
  EXPECT_TRUE(gather.Go([] { return 1; }).ok());
  EXPECT_TRUE(gather.Go([&](const Context& context) { return gate.Receive(context); }).ok());
  EXPECT_EQ(gather.Collect(Context::Background().WithTimeout(absl::Milliseconds(5)).context()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(gate.Send(2).ok());
  EXPECT_EQ(gather.Collect()->size(), 2u);
}

TEST(Gather, AFailureOfAnErrorGroupEndsIt) {
  ErrorGroup group;
  Gather<int> gather(group, 3);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(gather
                    .Go([](const Context& context) -> absl::StatusOr<int> {
                      Select({context.OnDone()});
                      return context.status();
                    })
                    .ok());
  }
  gather.Go([]() -> absl::StatusOr<int> { return absl::DataLossError(""); }).IgnoreError();
  EXPECT_TRUE(gather.Collect()->empty());
  EXPECT_EQ(group.Wait(), absl::DataLossError(""));
}

TEST(CloseWhenDone, ClosesOnceAfterTheLastProducer) {
  const Channel<int> channel(4);
  TaskGroup producers;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(producers.Go([channel, i] { return channel.Send(i); }).ok());
  }
  CloseWhenDone(producers, channel);
  int sum = 0;
  for (const int value : channel) sum += value;  // Ends.
  EXPECT_EQ(sum, 28);
  EXPECT_TRUE(producers.Wait().ok());
  EXPECT_TRUE(producers.status().ok()) << "none found it closed";
}

TEST(CloseWhenDone, AtOnceIfNothingIsOpen) {
  TaskGroup tasks;
  ErrorGroup errors;
  const Channel<int> first(0);
  const Channel<int> second(0);
  CloseWhenDone(tasks, first);
  CloseWhenDone(errors, SendChannel<int>(second));
  EXPECT_TRUE(first.closed());
  EXPECT_TRUE(second.closed());
}

TEST(CloseWhenDone, ByTheLastTokenThoughTheGroupHasGone) {
  const Channel<int> channel(0);
  TaskToken token;
  {
    TaskGroup group;
    token = group.Add();
    CloseWhenDone(group, channel);
  }
  EXPECT_FALSE(channel.closed());
  token.Done();
  EXPECT_TRUE(channel.closed());
}

TEST(CloseWhenDone, AChannelThatIsClosedAlreadyIsNoError) {
  const Channel<int> channel(0);
  TaskGroup group;
  TaskToken token = group.Add();
  CloseWhenDone(group, channel);
  CloseWhenDone(group, channel);
  channel.Close();
  token.Done();
}

TEST(CloseWhenDoneDeathTest, ANullChannelFailsAtOnce) {
  TaskGroup group;
  EXPECT_DEATH(CloseWhenDone(group, SendChannel<int>()), "CloseWhenDone: null channel");
}

TEST(ParallelMap, GivesTheResultsInTheOrderOfTheInputs) {
  std::vector<int> inputs(1'000);
  std::iota(inputs.begin(), inputs.end(), 0);
  const absl::StatusOr<std::vector<std::string>> results =
      ParallelMap(Context::Background(), inputs, {.limit = 4}, [](int input) { return std::to_string(input); });
  ASSERT_TRUE(results.ok());
  ASSERT_EQ(results->size(), 1'000u);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ((*results)[i], std::to_string(i));
}

TEST(ParallelMap, OfNothingAndOfMoveOnlyValuesOnAnExecutor) {
  ThreadPool pool(2);
  const ParallelMapOptions options = {.limit = 3, .executor = &pool};
  const std::vector<int> none;
  EXPECT_TRUE(ParallelMap(Context::Background(), none, options, [](int) { return 1; })->empty());
  const std::vector<int> inputs = {1, 2};
  const absl::StatusOr<std::vector<std::unique_ptr<int>>> results =
      ParallelMap(Context::Background(), std::span<const int>(inputs), options,
                  [](int input) -> absl::StatusOr<std::unique_ptr<int>> { return std::make_unique<int>(input); });
  EXPECT_EQ(*(*results)[1], 2);
}

TEST(ParallelMap, WorksOnNoMoreThanTheLimitAtOnce) {
  internal::Atomic<int> running{0};
  const std::vector<int> inputs(100);
  EXPECT_TRUE(ParallelMap(Context::Background(), inputs, {.limit = 3}, [&](int) {
                EXPECT_LE(running.fetch_add(1, std::memory_order_relaxed), 2);
                std::this_thread::yield();
                running.fetch_sub(1, std::memory_order_relaxed);
                return 0;
              }).ok());
}

TEST(ParallelMap, TheFirstErrorStopsTheRest) {
  internal::Atomic<int> calls{0};
  const std::vector<int> inputs(10'000);
  const auto results =
      ParallelMap(Context::Background(), inputs, {.limit = 2}, [&](const Context& context, int) -> absl::StatusOr<int> {
        if (calls.fetch_add(1, std::memory_order_relaxed) == 1) {
          return absl::DataLossError("first");
        }
        Select({context.OnDone()});  // Told.
        return context.status();
      });
  EXPECT_EQ(results.status(), absl::DataLossError("first"));
  EXPECT_EQ(calls.load(std::memory_order_relaxed), 2);
}

TEST(ParallelMap, AnExceptionIsAStatusOrIsThrown) {
  const std::vector<int> inputs = {1};
  const auto fail = [](int) -> int { throw std::runtime_error("bad"); };
  EXPECT_EQ(ParallelMap(Context::Background(), inputs, {.name = "m"}, fail).status(),
            absl::InternalError("ErrorGroup 'm': a task threw: bad"));
  EXPECT_THROW(ParallelMap(Context::Background(), inputs, {.rethrow = true}, fail).status().IgnoreError(),
               std::runtime_error);
}

TEST(ParallelMap, TheEndOfTheContextEndsIt) {
  CancelHandle cancel = Context::Background().WithCancel();
  const std::vector<int> inputs(100);
  const auto results = ParallelMap(cancel.context(), inputs, {.limit = 2}, [&](int) {
    cancel.Cancel();
    return 1;
  });
  EXPECT_EQ(results.status().code(), kCancelled);
  EXPECT_EQ(ParallelMap(cancel.context(), inputs, {}, [](int) { return 1; }).status().code(), kCancelled);
}

TEST(ParallelMapDeathTest, ALimitOfNothingFailsAtOnce) {
  const std::vector<int> inputs = {1};
  EXPECT_DEATH(ParallelMap(Context::Background(), inputs, {.limit = 0}, [](int) { return 1; }).status().IgnoreError(),
               "ParallelMap: a limit of 0 lets nothing run");
}

}  // namespace
}  // namespace eventbus
