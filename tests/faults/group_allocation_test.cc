// Groups and synchronisers when an allocation fails: the caller gets `std::bad_alloc`, nothing has happened, nothing is left
// behind, and the group goes on.

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/faults/every_allocation.h"

namespace eventbus::testing {
namespace {

TEST(GroupAllocationFaults, SynchronisersAllocateNothing) {
  EXPECT_EQ(FailEveryAllocation([](AllocationFault& fault) {
              EXPECT_TRUE(fault.Attempt([] {
                WaitGroup group;
                group.Add();
                group.Done();
                EXPECT_TRUE(group.Wait(Context::Background()).ok());
                Semaphore semaphore(2);
                EXPECT_TRUE(semaphore.Hold(2).ok());
                absl::StatusOr<SemaphorePermit> permit;
                EXPECT_EQ(Select({semaphore.OnAcquire(2, &permit)}), 0);
                Notifier notifier;
                notifier.Notify();
                EXPECT_EQ(Select({notifier.OnNotify()}), 0);
              }));
            }),
            0);
}

TEST(GroupAllocationFaults, AValueThatCouldNotBeSetChangesNothing) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    Latest<int> latest(1);
    const bool set = fault.Attempt([&] { latest.Set(2); });
    EXPECT_EQ(*latest.Get().value, set ? 2 : 1);
    EXPECT_EQ(latest.Get().version, set ? 2u : 1u);
  });
  EXPECT_EQ(failures, 1);
}

// The function is large, so it is allocated too.
template <typename Start>
int64_t FailStarting(ErrorGroupOptions options, Start start) {
  return FailEveryAllocation([&](AllocationFault& fault) {
    ErrorGroup group(Context::Background(), options);
    for (int i = 0; i < 2; ++i) fault.Attempt([&] { EXPECT_TRUE(start(group).ok()); });
    EXPECT_TRUE(group.Wait().ok());
    EXPECT_EQ(group.ApproxRunning(), 0);
    EXPECT_TRUE(group.TryGo([] {}).ok()) << "no turn was lost";
    EXPECT_TRUE(group.Wait().ok());
  });
}

TEST(GroupAllocationFaults, ATaskThatCouldNotBeStartedIsNotCounted) {
  const auto go = [](ErrorGroup& group) {
    return group.Go([large = std::array<char, 200>()] { EXPECT_EQ(large[0], 0); });
  };
  EXPECT_GE(FailStarting({.limit = 1}, go), 3);
  InlineExecutor executor;
  EXPECT_GE(FailStarting({.executor = &executor, .limit = 1}, go), 2);
}

Task<> Nothing() { co_return; }

TEST(GroupAllocationFaults, ACoroutineThatCouldNotBeStartedIsNotCounted) {
  InlineExecutor executor;
  EXPECT_GE(FailStarting({.limit = 1}, [&](ErrorGroup& group) { return SpawnIn(group, executor, Nothing()); }), 3);
}

TEST(GroupAllocationFaults, ALinkThatCouldNotBeMadeIsNone) {
  const int64_t failures = FailEveryAllocation([](AllocationFault& fault) {
    TaskGroup front;
    TaskGroup back;
    TaskToken token = back.Add();
    const bool linked = fault.Attempt([&] { EXPECT_TRUE(front.Link(back).ok()); });
    EXPECT_EQ(front.ApproxOpen(), linked ? 1 : 0);
    token.Done();
    EXPECT_EQ(front.ApproxOpen(), 0);
    EXPECT_EQ(internal::CoreAccess::core(front)->CountLinked(), linked ? 1u : 0u);
  });
  EXPECT_GE(failures, 2);
}

TEST(GroupAllocationFaults, AGroupBelowThatCouldNotBeMadeIsNone) {
  FailEveryAllocation([](AllocationFault& fault) {
    TaskGroup parent;
    fault.Attempt([&] { TaskGroup child = parent.Sub(); });
    EXPECT_TRUE(parent.Wait().ok());
    EXPECT_EQ(internal::CoreAccess::core(parent)->CountLinked(), 0u);
  });
}

TEST(GroupAllocationFaults, GatheringAndClosing) {
  FailEveryAllocation([](AllocationFault& fault) {
    InlineExecutor executor;
    const Channel<int> channel(1);
    TaskGroup group(Context::Background(), {.executor = &executor});
    TaskToken token = group.Add();
    const bool closes = fault.Attempt([&] { CloseWhenDone(group, channel); });
    std::optional<Gather<int>> gather;
    size_t started = 0;
    absl::StatusOr<std::vector<int>> results;
    if (fault.Attempt([&] { gather.emplace(group, 3); })) {
      for (int i = 0; i < 3; ++i) started += fault.Attempt([&] { EXPECT_TRUE(gather->Go([i] { return i; }).ok()); });
      while (!fault.Attempt([&] { results = gather->Collect(); })) {
      }
      EXPECT_EQ(results->size(), started) << "none is lost";
    }
    token.Done();
    EXPECT_EQ(channel.closed(), closes);
  });
}

}  // namespace
}  // namespace eventbus::testing
