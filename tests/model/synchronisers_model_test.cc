// Wait groups, semaphores, notifiers and newest values: a hand-over in the instant in which its waiter gives up, or is
// stopped, or takes something else.

#include <optional>

#include "eventbus/async_select.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/latest.h"
#include "eventbus/manual_executor.h"
#include "eventbus/notifier.h"
#include "eventbus/select.h"
#include "eventbus/semaphore.h"
#include "eventbus/task.h"
#include "eventbus/wait_group.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

absl::Time InASecond() { return internal::WallNow() + absl::Seconds(1); }

TEST(WaitGroupModel, WhoWaitedMayDestroyIt) {
  Explore([] {
    std::optional<WaitGroup> group(std::in_place);
    group->Add(2);
    Thread first([&] { group->Done(); });
    Thread second([&] { group->Done(); });
    group->Wait();
    group.reset();
  });
}

TEST(WaitGroupModel, AWaiterOfOneRoundGoesOnThoughTheNextHasBegun) {
  Explore([] {
    WaitGroup group;
    group.Add();
    Thread waiter([&] { group.Wait(); });
    Thread late([&] { group.WaitUntil(InASecond()).IgnoreError(); });
    group.Done();
    group.Add();
    group.Done();
  });
}

TEST(SemaphoreModel, UnitsReleasedInTheInstantOfTheDeadlineAreNotLost) {
  Explore([] {
    Semaphore semaphore(2);
    Check(semaphore.Acquire(2).ok(), "all");
    bool taken = false;
    Thread taker([&] { taken = semaphore.AcquireUntil(InASecond(), 2).ok(); });
    semaphore.Release(2);
    taker.Join();
    Check(semaphore.ApproxAvailable() == (taken ? 0 : 2), "taken, or there");
  });
}

// A large request gives up while a small one waits behind it, and while units come back.
TEST(SemaphoreModel, ACancelledLargeRequestHoldsUpNobody) {
  Explore([] {
    Semaphore semaphore(3);
    Check(semaphore.Acquire(2).ok(), "most");
    CancelHandle cancel = Context::Background().WithCancel();
    bool large_taken = false;
    Thread large([&] {
      large_taken = semaphore.Acquire(cancel.context(), 3).ok();
      if (large_taken) semaphore.Release(3);
    });
    Thread small([&] { Check(semaphore.Acquire(1).ok(), "served"); });
    cancel.Cancel();
    large.Join();
    small.Join();
    Check(!large_taken, "never enough for it");
    Check(semaphore.ApproxAvailable() == 0, "no unit is lost");
  });
}

TEST(SemaphoreModel, ARequestThatWasNotChosenHoldsUpNobody) {
  Explore([] {
    Semaphore semaphore(2);
    Notifier other;
    Check(semaphore.Acquire(1).ok(), "one");
    Thread selecting([&] {
      absl::StatusOr<SemaphorePermit> permit;
      Select({semaphore.OnAcquire(2, &permit), other.OnNotify()});
    });
    Thread small([&] { Check(semaphore.Acquire(1).ok(), "served"); });
    other.Notify();
    selecting.Join();
    small.Join();
  });
}

// The select has been claimed by its other case and not yet taken its request out when units come back.
TEST(SemaphoreModel, AStaleRequestIsPassedOver) {
  Explore([] {
    Semaphore semaphore(2);
    Notifier other;
    Check(semaphore.Acquire(2).ok(), "all");
    absl::StatusOr<SemaphorePermit> permit;
    Thread selecting([&] { Select({semaphore.OnAcquire(2, &permit), other.OnNotify()}); });
    Thread small([&] { Check(semaphore.Acquire(1).ok(), "served"); });
    other.Notify();
    semaphore.Release(2);
    selecting.Join();
    if (permit.ok()) permit->Release();
    small.Join();
    Check(semaphore.ApproxAvailable() == 1, "no unit is lost");
  });
}

TEST(SemaphoreModel, TwoTakersAndOneWhoGivesBack) {
  Explore([] {
    Semaphore semaphore(2);
    Check(semaphore.Acquire(2).ok(), "all");
    int hasty = 0;
    Thread first([&] { hasty = semaphore.AcquireUntil(InASecond(), 2).ok() ? 2 : 0; });
    Thread second([&] { Check(semaphore.Acquire(1).ok(), "who waits for ever is served"); });
    semaphore.Release(1);
    semaphore.Release(1);
    first.Join();
    if (hasty > 0) semaphore.Release(hasty);
    second.Join();
    Check(semaphore.ApproxAvailable() == 1, "no unit is lost");
  });
}

Task<> TakeTwo(Semaphore& semaphore) {
  absl::StatusOr<SemaphorePermit> permit;
  co_await AsyncSelect(semaphore.OnAcquire(2, &permit));
}

TEST(SemaphoreModel, UnitsHandedToACoroutineThatIsStoppedComeBack) {
  Explore([] {
    Semaphore semaphore(2);
    Check(semaphore.Acquire(2).ok(), "all");
    ManualExecutor executor;
    Spawned<> taker = Spawn(executor, TakeTwo(semaphore));
    executor.RunAll();  // It waits.
    Thread giver([&] { semaphore.Release(2); });
    taker.Stop();
    giver.Join();
    Check(semaphore.ApproxAvailable() == 2, "no unit is lost");
  });
}

TEST(NotifierModel, ANotifyInTheInstantOfTheDeadlineIsNotLost) {
  Explore([] {
    Notifier notifier;
    bool woken = false;
    Thread waiter([&] { woken = notifier.WaitUntil(InASecond()).ok(); });
    notifier.Notify();
    waiter.Join();
    Check(woken != notifier.TryWait().ok(), "one wake-up, somewhere");
  });
}

TEST(NotifierModel, WhoLooksAfterEachWakeUpMissesNothing) {
  Explore([] {
    Notifier notifier;
    internal::Mutex mutex;
    int changes = 0;
    Thread looker([&] {
      while (true) {
        notifier.Wait();
        internal::MutexLock lock(&mutex);
        if (changes == 2) return;
      }
    });
    const auto change = [&] {
      {
        internal::MutexLock lock(&mutex);
        ++changes;
      }
      notifier.Notify();
    };
    Thread other(change);
    change();
  });
}

Task<> TakeWakeUp(Notifier& notifier) { co_await AsyncSelect(notifier.OnNotify()); }

TEST(NotifierModel, AWakeUpOfACoroutineThatIsStoppedIsAnothers) {
  Explore([] {
    Notifier notifier;
    ManualExecutor executor;
    Spawned<> stopped = Spawn(executor, TakeWakeUp(notifier));
    executor.RunAll();  // It waits.
    Thread waiter([&] { notifier.Wait(); });
    Thread waker([&] { notifier.Notify(); });
    stopped.Stop();
    waiter.Join();
    waker.Join();
    Check(!notifier.TryWait().ok(), "one wake-up");
  });
}

TEST(LatestModel, TheLastValueIsSeenByAll) {
  Explore([] {
    Latest<int> latest;
    const auto read = [&] {
      LatestReader<int> reader = latest.Reader();
      uint64_t seen = 0;
      while (seen < 2) {
        const absl::StatusOr<LatestValue<int>> next = reader.Next();
        Check(next.ok(), "it comes");
        Check(next->version == seen + next->skipped + 1, "none is unaccounted for");
        seen = next->version;
      }
    };
    Thread first(read);
    latest.Set(1);
    latest.Set(2);
    read();
  });
}

TEST(LatestModel, CloseEndsWhoWaits) {
  Explore([] {
    Latest<int> latest;
    LatestReader<int> reader = latest.Reader();
    Thread reading([&] {
      while (reader.Next().ok()) {
      }
    });
    latest.Set(1);
    latest.Close();
    reading.Join();
    Check(reader.seen() == 1, "the last value comes before the end");
  });
}

}  // namespace
}  // namespace eventbus
