#include "eventbus/gated_queue.h"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/async_select.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"
#include "eventbus/timer.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

using Pass = GatedQueue::Pass;
using Place = GatedQueue::Place;

bool HasTurn(const Place& place) { return TrySelect({place.OnTurn()}) == 0; }

TEST(GatedQueue, AnOpenGateLetsInAllAtOnce) {
  GatedQueue queue;
  const int64_t before = AllocationCount();
  const absl::StatusOr<Pass> one = queue.Enter();
  const absl::StatusOr<Pass> two = queue.TryEnter();
  EXPECT_EQ(AllocationCount(), before);
  EXPECT_TRUE(one.ok() && two.ok());
  absl::StatusOr<Place> place = queue.LineUp();
  EXPECT_TRUE(HasTurn(*place));
  EXPECT_TRUE(place->Take().ok());
  EXPECT_EQ(place->Take().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(queue.Release()) << "it was not held";
}

TEST(GatedQueue, AHeldGateLetsInTheLineInOrderAndAFewAtATime) {
  GatedQueue queue({.drain_concurrency = 2});
  queue.Hold();
  EXPECT_TRUE(queue.held());
  EXPECT_EQ(queue.TryEnter().status().code(), absl::StatusCode::kUnavailable);
  std::vector<Place> places;
  for (int i = 0; i < 5; ++i) places.push_back(*queue.LineUp());
  EXPECT_EQ(queue.ApproxWaiting(), 5u);
  EXPECT_EQ(places[0].Take().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(queue.Release());
  EXPECT_EQ(queue.ApproxWaiting(), 3u);
  absl::StatusOr<Pass> first = places[0].Take();
  absl::StatusOr<Pass> second = places[1].Take();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(HasTurn(places[2]));
  second->Done();
  second->Done();
  EXPECT_TRUE(HasTurn(places[2]));
  EXPECT_FALSE(HasTurn(places[3]));
  EXPECT_TRUE(queue.TryEnter().ok()) << "who did not wait does not count";
  places.erase(places.begin() + 2);  // Has its turn, and gives it up.
  EXPECT_TRUE(HasTurn(places[2]));
  first = absl::CancelledError("done");
  EXPECT_TRUE(HasTurn(places[3]));
  EXPECT_EQ(queue.ApproxWaiting(), 0u);
}

TEST(GatedQueue, APassThatIsAssignedToIsDone) {
  GatedQueue queue;
  queue.Hold();
  std::vector<Place> places;
  for (int i = 0; i < 3; ++i) places.push_back(*queue.LineUp());
  queue.Release();
  Pass pass = *places[0].Take();
  EXPECT_FALSE(HasTurn(places[1]));
  Pass other;
  other = std::move(pass);
  EXPECT_FALSE(HasTurn(places[1])) << "who has moved it is still inside";
  other = Pass();
  EXPECT_TRUE(HasTurn(places[1]));
}

TEST(GatedQueue, AFullLineEvictsTheOldestAndTellsIt) {
  GatedQueue queue({.name = "primary", .capacity = 2});
  queue.Hold();
  absl::Status evicted;
  std::thread oldest([&] { evicted = queue.Enter().status(); });
  AwaitTrue([&] { return queue.ApproxWaiting() == 1; });
  absl::StatusOr<Place> second = queue.LineUp();
  absl::StatusOr<Place> third = queue.LineUp();
  oldest.join();
  EXPECT_EQ(evicted, absl::ResourceExhaustedError("gated queue 'primary': evicted, the oldest of too many that wait"));
  EXPECT_EQ(queue.ApproxWaiting(), 2u);
  {
    const absl::StatusOr<Place> fourth = queue.LineUp();
    EXPECT_EQ(second->Take().status().code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_EQ(queue.ApproxWaiting(), 1u) << "who leaves makes room";
  const absl::StatusOr<Place> fifth = queue.LineUp();
  EXPECT_FALSE(HasTurn(*third)) << "nobody is evicted from a line that is not full";
}

TEST(GatedQueue, WithNoCapacityNobodyWaits) {
  GatedQueue queue({.name = "primary", .capacity = 0});
  EXPECT_TRUE(queue.Enter().ok());
  queue.Hold();
  EXPECT_EQ(queue.Enter().status(), absl::ResourceExhaustedError("gated queue 'primary': held, and nobody may wait"));
  EXPECT_EQ(queue.TryEnter().status().code(), absl::StatusCode::kUnavailable);
}

TEST(GatedQueue, AHoldEndsAtItsDeadline) {
  GatedQueue queue;
  queue.Hold(absl::Milliseconds(1));
  EXPECT_TRUE(queue.Enter().ok());
  EXPECT_FALSE(queue.held());
  queue.Hold(absl::ZeroDuration());
  EXPECT_TRUE(queue.Enter().ok());
}

TEST(GatedQueue, TheLineKeepsItsOrderWhenADeadlineLetsItIn) {
  GatedQueue queue;
  std::vector<int> order;
  std::vector<std::thread> waiters;
  queue.Hold(absl::Milliseconds(20));
  for (int i = 0; i < 4; ++i) {
    const size_t waiting = queue.ApproxWaiting();
    waiters.emplace_back([&, i] {
      const absl::StatusOr<Pass> pass = queue.Enter();
      order.push_back(i);  // One at a time, if all of them waited.
    });
    AwaitTrue([&] { return queue.ApproxWaiting() == waiting + 1 || !queue.held(); });
    if (!queue.held()) break;  // A machine that is too slow for this test.
  }
  for (std::thread& waiter : waiters) waiter.join();
  for (size_t i = 1; i < order.size() && order.size() == 4; ++i) EXPECT_LT(order[i - 1], order[i]);
}

TEST(GatedQueue, ADeadlineOfAnEarlierHoldNeverEndsALaterOne) {
  GatedQueue queue;
  queue.Hold(absl::Milliseconds(1));
  queue.Hold();  // A new generation, without a deadline.
  After(absl::Milliseconds(5)).Receive().IgnoreError();
  EXPECT_TRUE(queue.held());
  queue.Release();
  queue.Hold(absl::Milliseconds(1));
  queue.Release();
  queue.Hold(absl::Hours(1));
  After(absl::Milliseconds(5)).Receive().IgnoreError();
  EXPECT_TRUE(queue.held());
}

TEST(GatedQueue, HoldAndReleaseAtOnceLeaveNothing) {
  const int64_t before = LiveAllocations();
  {
    GatedQueue queue;
    std::vector<std::thread> operators;
    for (int t = 0; t < 3; ++t) {
      operators.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          queue.Hold(absl::Hours(1));
          queue.Release();
        }
      });
    }
    for (std::thread& o : operators) o.join();
    EXPECT_FALSE(queue.held());
  }
  EXPECT_EQ(LiveAllocations(), before);
}

TEST(GatedQueue, AWaitEndsWithItsContextAndLeavesTheLine) {
  GatedQueue queue;
  queue.Hold();
  for (int i = 0; i < 1000; ++i) {
    const CancelHandle timeout = Context::Background().WithTimeout(absl::Microseconds(1));
    EXPECT_EQ(queue.Enter(timeout.context()).status().code(), absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_EQ(queue.EnterUntil(absl::InfinitePast()).status().code(), absl::StatusCode::kDeadlineExceeded);
  CancelHandle cancel = Context::Background().WithCancel();
  cancel.Cancel();
  EXPECT_EQ(queue.Enter(cancel.context()).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(queue.ApproxWaiting(), 0u);
  absl::StatusOr<Place> place = queue.LineUp();
  EXPECT_EQ(place->Await(cancel.context()).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(queue.ApproxWaiting(), 1u) << "the place is kept";
  queue.Release();
  EXPECT_TRUE(place->Await(Context::Background()).ok());
}

TEST(GatedQueue, CloseRefusesTheLineAndWhoComes) {
  std::optional<GatedQueue> queue(std::in_place, GatedQueueOptions{.name = "primary"});
  queue->Hold();
  absl::StatusOr<Place> place = queue->LineUp();
  absl::Status refused;
  std::thread waiter([&] { refused = queue->Enter().status(); });
  AwaitTrue([&] { return queue->ApproxWaiting() == 2; });
  EXPECT_TRUE(queue->Close());
  EXPECT_FALSE(queue->Close());
  waiter.join();
  EXPECT_EQ(refused, absl::FailedPreconditionError("gated queue 'primary': closed"));
  EXPECT_EQ(queue->TryEnter().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(queue->LineUp().status().code(), absl::StatusCode::kFailedPrecondition);
  queue.reset();
  EXPECT_EQ(place->Take().status(), refused) << "a place may outlive the queue";
}

TEST(GatedQueue, ACoroutineWaitsInTheLine) {
  ThreadPool pool(1);
  GatedQueue queue;
  queue.Hold();
  const auto enter = [](GatedQueue* its_queue) -> Task<bool> {
    absl::StatusOr<Place> place = its_queue->LineUp();
    co_await AsyncSelect(place->OnTurn());
    co_return place->Take().ok();
  };
  Spawned<bool> stopped = Spawn(pool, enter(&queue));
  AwaitTrue([&] { return queue.ApproxWaiting() == 1; });
  stopped.Stop();
  EXPECT_EQ(queue.ApproxWaiting(), 0u);
  Spawned<bool> entered = Spawn(pool, enter(&queue));
  AwaitTrue([&] { return queue.ApproxWaiting() == 1; });
  queue.Release();
  EXPECT_TRUE(*entered.Join());
}

TEST(GatedQueueDeathTest, AProgrammingErrorFailsAtOnce) {
  EXPECT_DEATH(GatedQueue({.drain_concurrency = 0}), "GatedQueue: drain_concurrency must be at least 1");
}

}  // namespace
}  // namespace eventbus::testing
