#include "eventbus/pool.h"

#include <atomic>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/async_select.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/allocations.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// A resource with a number, and a count of those that exist.
class Connection {
 public:
  struct World {
    std::atomic<int> made{0};
    std::atomic<int> alive{0};
    std::atomic<int> most{0};
  };

  explicit Connection(World& world) : world_(&world), number_(++world.made) {
    const int alive = ++world.alive;
    int most = world.most.load();
    while (most < alive && !world.most.compare_exchange_weak(most, alive)) {
    }
  }
  Connection(Connection&& other) noexcept : world_(std::exchange(other.world_, nullptr)), number_(other.number_) {}
  Connection& operator=(Connection&&) = delete;
  ~Connection() {
    if (world_ != nullptr) --world_->alive;
  }

  int number() const { return number_; }
  int uses = 0;  // TSan would see a race between two borrowers.

 private:
  World* world_;
  int number_;
};

using Connections = Pool<Connection>;

class PoolTest : public ::testing::Test {
 protected:
  Connections::Factory Factory() {
    return [this](const Context&) { return Connection(world_); };
  }

  Connection::World world_;
};

TEST_F(PoolTest, MakesResourcesUpToItsSizeAndLendsTheOneReturnedLast) {
  Connections pool({.max_size = 2}, Factory());
  EXPECT_EQ(pool.ApproxSize(), 0u) << "nothing is made before it is asked for";
  absl::StatusOr<Connections::Lease> one = pool.Acquire();
  absl::StatusOr<Connections::Lease> two = pool.Acquire();
  EXPECT_EQ((*one)->number(), 1);
  EXPECT_EQ((*two)->number(), 2);
  EXPECT_EQ(pool.TryAcquire().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(pool.AcquireUntil(absl::InfinitePast()).status().code(), absl::StatusCode::kDeadlineExceeded);
  two->Return();
  EXPECT_FALSE(*two);
  one->Return();
  EXPECT_EQ(pool.ApproxIdle(), 2u);
  EXPECT_EQ((*pool.Acquire())->number(), 1);
  EXPECT_EQ(world_.made, 2);
}

TEST_F(PoolTest, ThoseThatWaitAreServedInTheOrderInWhichTheyCame) {
  Connections pool({.max_size = 1}, Factory());
  absl::StatusOr<Connections::Lease> held = pool.Acquire();
  std::vector<int> order;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&, i] {
      const absl::StatusOr<Connections::Lease> lease = pool.Acquire();
      order.push_back(i);  // The lease is the lock.
    });
    AwaitTrue([&] { return pool.ApproxWaiting() == static_cast<size_t>(i) + 1; });
  }
  held->Return();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(world_.made, 1);
}

TEST_F(PoolTest, KeepsNoMoreIdleThanItIsTold) {
  Connections pool({.max_size = 4, .max_idle = 1}, Factory());
  {
    std::vector<absl::StatusOr<Connections::Lease>> leases;
    for (int i = 0; i < 4; ++i) leases.push_back(pool.Acquire());
    EXPECT_EQ(world_.alive, 4);
  }
  EXPECT_EQ(world_.alive, 1);
  EXPECT_EQ(pool.ApproxIdle(), 1u);
  EXPECT_EQ(pool.ApproxSize(), 1u);
  Connections none({.max_idle = 0}, Factory());
  EXPECT_TRUE(none.Acquire().ok());
  EXPECT_EQ(none.ApproxSize(), 0u);
}

TEST_F(PoolTest, ABrokenOneIsDestroyedAndItsPlaceGoesToAWaiter) {
  Connections pool({.max_size = 1}, Factory());
  absl::StatusOr<Connections::Lease> broken = pool.Acquire();
  int got = 0;
  std::thread waiter([&] { got = (*pool.Acquire())->number(); });
  AwaitTrue([&] { return pool.ApproxWaiting() == 1; });
  broken->Discard();
  EXPECT_FALSE(*broken);
  waiter.join();
  EXPECT_EQ(got, 2);
  EXPECT_EQ(world_.most, 1) << "the broken one is gone before the next is made";
}

TEST_F(PoolTest, AFactoryThatFailsOrThrowsGivesItsPlaceToTheNext) {
  std::atomic<int> calls{0};
  const Channel<int> go_on;
  Connections pool({.name = "replicas", .max_size = 1}, [&](const Context&) -> absl::StatusOr<Connection> {
    switch (++calls) {
      case 1:
        go_on.Receive().IgnoreError();
        return absl::UnavailableError("refused");
      case 2:
        throw std::runtime_error("no route");
      default:
        return Connection(world_);
    }
  });
  absl::Status first;
  std::thread failing([&] { first = pool.Acquire().status(); });
  AwaitTrue([&] { return calls == 1; });
  absl::Status second;
  std::thread throwing([&] { second = pool.Acquire().status(); });
  AwaitTrue([&] { return pool.ApproxWaiting() == 1; });
  absl::Status third;
  std::thread served([&] { third = pool.Acquire().status(); });
  AwaitTrue([&] { return pool.ApproxWaiting() == 2; });
  go_on.Close();
  failing.join();
  throwing.join();
  served.join();
  EXPECT_EQ(first, absl::UnavailableError("refused"));
  EXPECT_EQ(second, absl::InternalError("pool 'replicas': the factory threw: no route"));
  EXPECT_TRUE(third.ok());
}

TEST_F(PoolTest, AFactoryMayThrowAnything) {
  Connections pool({.name = "replicas"}, [](const Context&) -> absl::StatusOr<Connection> { throw 1; });
  EXPECT_EQ(pool.Acquire().status(), absl::InternalError("pool 'replicas': the factory threw"));
}

TEST_F(PoolTest, ALeaseThatIsAssignedToIsReturned) {
  Connections pool({.max_size = 2}, Factory());
  Connections::Lease one = *pool.Acquire();
  one = *pool.Acquire();
  EXPECT_EQ(pool.ApproxIdle(), 1u);
  EXPECT_EQ(pool.ApproxSize(), 2u);
}

TEST_F(PoolTest, WhatTheFactorySaysIsNotTakenForAFullPool) {
  Connections pool({},
                   [](const Context&) -> absl::StatusOr<Connection> { return absl::DeadlineExceededError("slow"); });
  EXPECT_EQ(pool.TryAcquire().status(), absl::DeadlineExceededError("slow"));
}

TEST_F(PoolTest, TheFactoryGetsTheContextAndMayUseThePool) {
  Context seen = Context::Background();
  std::unique_ptr<Connections> pool;
  pool = std::make_unique<Connections>(PoolOptions{.max_size = 2}, [&](const Context& context) {
    seen = context;
    EXPECT_EQ(pool->ApproxIdle(), 0u);
    return Connection(world_);
  });
  const CancelHandle cancel = Context::Background().WithCancel();
  EXPECT_TRUE(pool->Acquire(cancel.context()).ok());
  EXPECT_TRUE(seen == cancel.context());
}

TEST_F(PoolTest, CloseWakesThoseThatWaitAndALeaseMayOutliveThePool) {
  absl::StatusOr<Connections::Lease> lease;
  {
    Connections pool({.name = "replicas", .max_size = 2}, Factory());
    lease = pool.Acquire();
    absl::StatusOr<Connections::Lease> other = pool.Acquire();
    std::vector<std::thread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back(
          [&] { EXPECT_EQ(pool.Acquire().status(), absl::FailedPreconditionError("pool 'replicas': closed")); });
    }
    AwaitTrue([&] { return pool.ApproxWaiting() == 3; });
    EXPECT_FALSE(pool.closed());
    EXPECT_TRUE(pool.Close());
    EXPECT_FALSE(pool.Close());
    EXPECT_TRUE(pool.closed());
    for (std::thread& waiter : waiters) waiter.join();
    EXPECT_EQ(pool.TryAcquire().status().code(), absl::StatusCode::kFailedPrecondition);
    other->Return();
    EXPECT_EQ(world_.alive, 1) << "what comes back to a closed pool is destroyed";
    EXPECT_EQ(pool.ApproxSize(), 1u);
  }
  EXPECT_EQ((*lease)->number(), 1);
  lease = absl::CancelledError("dropped");
  EXPECT_EQ(world_.alive, 0);
}

TEST_F(PoolTest, IsACaseOfASelect) {
  Connections pool({.max_size = 1}, Factory());
  absl::StatusOr<Connections::Lease> lease;
  EXPECT_EQ(TrySelect({pool.OnAcquire(&lease)}), 0);
  EXPECT_EQ((*lease)->number(), 1);
  absl::StatusOr<Connections::Lease> second = absl::UnknownError("untouched");
  EXPECT_EQ(TrySelect({pool.OnAcquire(&second)}), -1);
  EXPECT_EQ(second.status(), absl::UnknownError("untouched"));
  EXPECT_EQ(pool.ApproxWaiting(), 0u);
  std::thread returner([&] {
    AwaitTrue([&] { return pool.ApproxWaiting() == 1; });
    lease->Return();
  });
  EXPECT_EQ(Select({Case::Never(), pool.OnAcquire(&second)}), 1);
  returner.join();
  EXPECT_EQ((*second)->number(), 1);
  pool.Close();
  EXPECT_EQ(Select({pool.OnAcquire(&lease)}), 0);
  EXPECT_EQ(lease.status().code(), absl::StatusCode::kFailedPrecondition);
}

// The hand-off race of a connection pool's wait list: a waiter gives up in the instant in which it is served.
TEST_F(PoolTest, AResourceHandedOverInTheInstantOfACancelIsNotLost) {
  Connections pool({.max_size = 1}, Factory());
  std::minstd_rand random(1);
  for (int round = 0; round < 2000; ++round) {
    absl::StatusOr<Connections::Lease> held = pool.Acquire();
    ASSERT_TRUE(held.ok());
    CancelHandle cancel = Context::Background().WithCancel();
    std::thread waiter([&] { pool.Acquire(cancel.context()).status().IgnoreError(); });
    for (auto spins = random() % 200; spins > 0; --spins) std::this_thread::yield();
    std::thread canceller([&] { cancel.Cancel(); });
    held->Return();
    canceller.join();
    waiter.join();
    ASSERT_EQ(pool.ApproxIdle(), 1u);
  }
  EXPECT_EQ(world_.made, 1);
}

TEST_F(PoolTest, AStoppedTaskGivesBackWhatItWasGiven) {
  Connections pool({.max_size = 1}, Factory());
  ThreadPool threads(1);
  const auto acquire = [](Connections* its_pool) -> Task<> {
    absl::StatusOr<Connections::Lease> lease;
    co_await AsyncSelect(its_pool->OnAcquire(&lease));
  };
  absl::StatusOr<Connections::Lease> held = pool.Acquire();
  Spawned<> task = Spawn(threads, acquire(&pool));
  AwaitTrue([&] { return pool.ApproxWaiting() == 1; });
  task.Stop();
  EXPECT_EQ(pool.ApproxWaiting(), 0u);
  held->Return();
  EXPECT_EQ(pool.ApproxIdle(), 1u);
}

TEST_F(PoolTest, ManyTimedOutWaitsLeaveNothingBehind) {
  Connections pool({.max_size = 1}, Factory());
  const absl::StatusOr<Connections::Lease> held = pool.Acquire();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(pool.AcquireUntil(absl::Now() + absl::Microseconds(1)).status().code(),
              absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_EQ(pool.ApproxWaiting(), 0u);
}

TEST_F(PoolTest, AcquiringAndReturningAllocatesNothing) {
  Connections pool({.max_size = 1}, Factory());
  EXPECT_TRUE(pool.Acquire().ok());
  const int64_t before = AllocationCount();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(pool.Acquire().ok());
  EXPECT_EQ(AllocationCount(), before);
}

TEST_F(PoolTest, NoMemoryForAResourceFreesItsPlace) {
  Connections pool({.max_size = 1}, Factory());
  FailAllocation(1);
  EXPECT_THROW(pool.Acquire().status().IgnoreError(), std::bad_alloc);
  EXPECT_EQ(pool.ApproxSize(), 0u);
  EXPECT_TRUE(pool.TryAcquire().ok());
}

TEST_F(PoolTest, UnderLoadThereAreNeverTooMany) {
  Connections pool({.max_size = 3, .max_idle = 2}, Factory());
  std::vector<std::thread> users;
  for (int t = 0; t < 6; ++t) {
    users.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        absl::StatusOr<Connections::Lease> lease = pool.Acquire();
        ++(*lease)->uses;
        if (i % 7 == 0) lease->Discard();
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_LE(world_.most, 3);
  EXPECT_EQ(pool.ApproxSize(), pool.ApproxIdle());
  pool.Close();
  EXPECT_EQ(world_.alive, 0);
}

TEST(PoolDeathTest, AProgrammingErrorFailsAtOnce) {
  EXPECT_DEATH(Pool<int>({.max_size = 0}, [](const Context&) { return 1; }), "Pool: max_size must be at least 1");
  EXPECT_DEATH(Pool<int>({}, Pool<int>::Factory()), "Pool: the factory is empty");
}

}  // namespace
}  // namespace eventbus::testing
