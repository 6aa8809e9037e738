// A pool whose resources come back, break and are handed over in the instant in which who waits gives up or the pool closes.

#include <utility>

#include "eventbus/context.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/pool.h"
#include "eventbus/select.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

// How many exist. Changing it is a point at which others could come in.
using Alive = internal::Atomic<int>;

class Resource {
 public:
  explicit Resource(Alive& alive) : alive_(&alive) {
    Check(alive_->fetch_add(1, std::memory_order_relaxed) == 0, "one at a time");
  }
  Resource(Resource&& other) noexcept : alive_(std::exchange(other.alive_, nullptr)) {}
  ~Resource() {
    if (alive_ != nullptr) alive_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  Alive* alive_;
};

Pool<Resource>::Factory MakeOne(Alive& alive) {
  return [&alive](const Context&) { return Resource(alive); };
}

TEST(PoolModel, OneResourceServesAll) {
  Explore([] {
    Alive alive{0};
    Pool<Resource> pool({.max_size = 1}, MakeOne(alive));
    int served = 0;
    const auto use = [&] {
      const absl::StatusOr<Pool<Resource>::Lease> lease = pool.Acquire();
      Check(lease.ok(), "served");
      ++served;
    };
    Thread first(use);
    Thread second(use);
    use();
    first.Join();
    second.Join();
    Check(served == 3 && pool.ApproxIdle() == 1, "all were, and it is back");
  });
}

TEST(PoolModel, CancelAgainstHandOffLosesNothing) {
  Explore([] {
    Alive alive{0};
    Pool<Resource> pool({.max_size = 1}, MakeOne(alive));
    absl::StatusOr<Pool<Resource>::Lease> held = pool.Acquire();
    CancelHandle cancel = Context::Background().WithCancel();
    Thread waiter([&] { pool.Acquire(cancel.context()).status().IgnoreError(); });
    Thread canceller([&] { cancel.Cancel(); });
    held->Return();
    waiter.Join();
    canceller.Join();
    Check(pool.ApproxIdle() == 1, "it is back");
    Check(pool.ApproxWaiting() == 0, "nobody is left");
  });
}

TEST(PoolModel, ThePlaceOfABrokenOneGoesToWhoWaits) {
  Explore([] {
    Alive alive{0};
    Pool<Resource> pool({.max_size = 1}, MakeOne(alive));
    absl::StatusOr<Pool<Resource>::Lease> held = pool.Acquire();
    Thread waiter([&] { Check(pool.Acquire().ok(), "served"); });
    held->Discard();
    waiter.Join();
    Check(pool.ApproxSize() == 1 && alive.Peek() == 1, "one, again");
  });
}

TEST(PoolModel, AFactoryThatFailsGivesItsPlaceToWhoWaits) {
  Explore([] {
    int calls = 0;
    Alive alive{0};
    Pool<Resource> pool({.max_size = 1}, [&](const Context&) -> absl::StatusOr<Resource> {
      if (++calls == 1) return absl::UnavailableError("");
      return Resource(alive);
    });
    int served = 0;
    const auto use = [&] { served += pool.Acquire().ok(); };
    Thread other(use);
    use();
    other.Join();
    Check(served == 1, "the one that came second");
  });
}

TEST(PoolModel, CloseAgainstAWaiterAndAReturn) {
  Explore([] {
    Alive alive{0};
    Pool<Resource> pool({.max_size = 1}, MakeOne(alive));
    absl::StatusOr<Pool<Resource>::Lease> held = pool.Acquire();
    Thread waiter([&] {
      const absl::Status status = pool.Acquire().status();
      Check(status.ok() || absl::IsFailedPrecondition(status), "served or told");
    });
    Thread closer([&] { pool.Close(); });
    held->Return();
    waiter.Join();
    closer.Join();
    Check(alive.Peek() == 0 && pool.ApproxSize() == 0, "all gone");
  });
}

TEST(PoolModel, CloseWakesWhoWaitsForALeaseThatStaysOut) {
  Explore([] {
    Alive alive{0};
    Pool<Resource> pool({.max_size = 1}, MakeOne(alive));
    const absl::StatusOr<Pool<Resource>::Lease> held = pool.Acquire();
    Thread waiter([&] { Check(absl::IsFailedPrecondition(pool.Acquire().status()), "told"); });
    pool.Close();
    waiter.Join();
  });
}

TEST(PoolModel, ASelectThatTakesAnotherCaseTakesNoResource) {
  Explore([] {
    Alive alive{0};
    Pool<Resource> pool({.max_size = 1}, MakeOne(alive));
    absl::StatusOr<Pool<Resource>::Lease> held = pool.Acquire();
    CancelHandle cancel = Context::Background().WithCancel();
    Thread returner([&] { held->Return(); });
    Thread canceller([&] { cancel.Cancel(); });
    absl::StatusOr<Pool<Resource>::Lease> lease;
    const int chosen = SelectInOrder({cancel.context().OnDone(), pool.OnAcquire(&lease)});
    returner.Join();
    canceller.Join();
    Check(pool.ApproxIdle() == (chosen == 0 ? 1 : 0), "taken if and only if it was chosen");
  });
}

}  // namespace
}  // namespace eventbus
