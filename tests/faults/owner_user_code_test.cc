// User code that throws at its n-th call in owners and groups: their functions, also while they are moved there, the resources
// and results that they copy, their hooks.

#include <atomic>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"

namespace eventbus::testing {
namespace {

using Refused = std::runtime_error;

constexpr absl::StatusCode kInternal = absl::StatusCode::kInternal;

// Whose copies and moves throw, once, at the n-th of all.
class Fragile {
 public:
  struct Plan {
    std::atomic<int> alive{0};
    std::atomic<int> moves_until_throw{-1};
  };

  explicit Fragile(Plan& plan) : plan_(&plan) { ++plan_->alive; }
  Fragile(const Fragile& other) : plan_(other.plan_) {
    if (plan_->moves_until_throw.load() >= 0 && plan_->moves_until_throw.fetch_sub(1) == 0) throw Refused("refused");
    ++plan_->alive;
  }
  Fragile& operator=(const Fragile&) = delete;
  ~Fragile() { --plan_->alive; }

 private:
  Plan* plan_;
};

// Runs `scenario(plan)` with a throw at the first move, at the second, and so on until none throws.
template <typename Scenario>
void ThrowAtEveryMove(Scenario scenario) {
  for (int n = 0;; ++n) {
    Fragile::Plan plan;
    plan.moves_until_throw = n;
    scenario(plan);
    EXPECT_EQ(plan.alive, 0) << "move " << n;
    if (plan.moves_until_throw >= 0 || ::testing::Test::HasFailure()) {
      EXPECT_GT(n, 0) << "none was moved";
      return;
    }
  }
}

TEST(ThrowingCopy, OfTheResultOfACallIsItsStatusAndTheActorGoesOn) {
  Counted::Counts counts;
  {
    Actor<Counted> actor({}, counts, 7);
    const auto get = [](Counted& state) { return state; };
    for (int n = 0; n < 2; ++n) {
      counts.copies_until_throw = 0;
      EXPECT_EQ(actor.Call(get).status().code(), kInternal);
      EXPECT_EQ(actor.Call(get)->number(), 7);
    }
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ThrowingFunction, ThatIsMovedToAnActorHasNotRun) {
  ThrowAtEveryMove([](Fragile::Plan& plan) {
    InlineExecutor executor;
    Actor<int> actor({.executor = &executor});
    bool called = false;
    try {
      called = actor.Call([fragile = Fragile(plan)](int& state) { ++state; }).ok();
    } catch (const Refused&) {
    }
    EXPECT_EQ(*actor.Call([](int& state) { return state; }), called ? 1 : 0);
    EXPECT_EQ(actor.ApproxPending(), 0u);
  });
}

TEST(ThrowingHook, OfAnActorIsIgnored) {
  InlineExecutor executor;
  int told = 0;
  Actor<int> actor({.executor = &executor, .on_error = [&told](const absl::Status&) {
                      ++told;
                      throw Refused("hook");
                    }});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(actor.Post([](int&) { throw Refused("call"); }).ok());
  EXPECT_EQ(told, 3);
  EXPECT_TRUE(actor.Call([](int&) {}).ok());
}

TEST(ThrowingCopy, OfAResourceInItsFactoryLeavesThePlaceFree) {
  Counted::Counts counts;
  {
    const Counted original(counts, 7);
    Pool<Counted> pool({.max_size = 1}, [&original](const Context&) -> absl::StatusOr<Counted> { return original; });
    counts.copies_until_throw = 0;
    EXPECT_EQ(pool.Acquire().status().code(), kInternal);
    EXPECT_EQ(pool.ApproxSize(), 0u);
    EXPECT_EQ((**pool.Acquire()).number(), 7);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ThrowingFactory, AtItsNthCallFailsThatOneOnly) {
  int calls = 0;
  Pool<int> pool({.max_size = 2, .max_idle = 0}, [&calls](const Context&) -> absl::StatusOr<int> {
    if (++calls == 2) throw Refused("factory");
    return calls;
  });
  EXPECT_TRUE(pool.Acquire().ok());
  EXPECT_EQ(pool.Acquire().status().code(), kInternal);
  EXPECT_TRUE(pool.Acquire().ok());
  EXPECT_EQ(pool.ApproxSize(), 0u);
}

TEST(ThrowingFunction, ThatIsMovedToAKeyedTaskLeavesItsKeyFree) {
  ThrowAtEveryMove([](Fragile::Plan& plan) {
    InlineExecutor executor;
    int errors = 0;
    KeyedTasks<int> tasks({.executor = &executor, .on_error = [&errors](int, const absl::Status&) {
                             ++errors;
                             throw Refused("hook");
                           }});
    try {
      EXPECT_TRUE(tasks.Start(1, [fragile = Fragile(plan)](const Context&) { throw Refused("task"); }).ok());
      EXPECT_EQ(errors, 1);
    } catch (const Refused&) {
      EXPECT_EQ(errors, 0);
    }
    EXPECT_FALSE(tasks.Has(1));
    EXPECT_TRUE(tasks.Start(1, [](const Context&) {}).ok());
  });
}

TEST(ThrowingFunction, ThatIsMovedToAGroupIsNotCounted) {
  ThrowAtEveryMove([](Fragile::Plan& plan) {
    InlineExecutor executor;
    ErrorGroup group(Context::Background(), {.executor = &executor, .limit = 1});
    bool started = false;
    try {
      started = group.TryGo([fragile = Fragile(plan)]() -> absl::Status { throw Refused("task"); }).ok();
    } catch (const Refused&) {
    }
    EXPECT_EQ(group.ApproxRunning(), 0);
    EXPECT_EQ(group.Wait().code(), started ? kInternal : absl::StatusCode::kOk);
  });
}

TEST(ThrowingFunction, OfATaskGroupIsOneOfItsErrors) {
  InlineExecutor executor;
  TaskGroup group(Context::Background(), {.executor = &executor});
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(group
                    .Go([i] {
                      if (i % 2 == 1) throw Refused("odd");
                    })
                    .ok());
  }
  group.Wait().IgnoreError();
  EXPECT_EQ(group.errors().size(), 2u);
}

TEST(ThrowingFunction, OfAParallelMapAtItsNthCallIsItsStatus) {
  const std::vector<int> inputs = {0, 1, 2, 3, 4};
  for (const int nth : inputs) {
    const auto map = [nth](int input) {
      if (input == nth) throw Refused("input");
      return input;
    };
    EXPECT_EQ(ParallelMap(Context::Background(), inputs, {.limit = 2}, map).status().code(), kInternal);
    EXPECT_THROW(ParallelMap(Context::Background(), inputs, {.limit = 2, .rethrow = true}, map).IgnoreError(), Refused);
  }
}

TEST(ThrowingCopy, OfTheNthResultOfAParallelMapLeavesNothing) {
  Counted::Counts counts;
  {
    const std::vector<int> inputs = {1, 2, 3};
    const Counted original(counts, 7);
    for (int nth = 0; nth < 4; ++nth) {
      counts.copies_until_throw = nth;
      const auto results =
          ParallelMap(Context::Background(), inputs, {.limit = 2}, [&original](int) { return original; });
      EXPECT_EQ(results.status().code(), nth < 3 ? kInternal : absl::StatusCode::kOk);
      EXPECT_EQ(counts.alive, results.ok() ? 4 : 1);
    }
    counts.copies_until_throw = -1;
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ThrowingFunction, OfAGatherAtItsNthCallIsNoResult) {
  for (int nth = 0; nth < 3; ++nth) {
    InlineExecutor executor;
    TaskGroup group(Context::Background(), {.executor = &executor});
    Gather<int> gather(group, 3);
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(gather
                      .Go([i, nth] {
                        if (i == nth) throw Refused("one");
                        return i;
                      })
                      .ok());
    }
    EXPECT_EQ(gather.Collect()->size(), 2u);
    EXPECT_TRUE(group.Wait().ok());
    EXPECT_EQ(group.status().code(), kInternal);
  }
}

}  // namespace
}  // namespace eventbus::testing
