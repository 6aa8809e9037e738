#include "eventbus/notifier.h"

#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/async_select.h"
#include "eventbus/context.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

constexpr absl::StatusCode kNothing = absl::StatusCode::kUnavailable;
constexpr absl::StatusCode kLate = absl::StatusCode::kDeadlineExceeded;

size_t Waiting(Notifier& notifier) { return internal::CoreAccess::core(notifier).CountWaiting(); }

TEST(Notifier, AnyNumberOfNotifiesBeforeAWaitAreOneWakeUp) {
  Notifier notifier;
  EXPECT_EQ(notifier.TryWait().code(), kNothing);
  for (int i = 0; i < 1'000; ++i) notifier.Notify();
  EXPECT_TRUE(notifier.TryWait().ok());
  EXPECT_EQ(notifier.TryWait().code(), kNothing);
  EXPECT_EQ(notifier.WaitUntil(absl::InfinitePast()).code(), kLate);
}

TEST(Notifier, ANotifyDuringHandlingIsOneMore) {
  Notifier notifier;
  notifier.Notify();
  notifier.Wait();
  notifier.Notify();  // While it is handled.
  notifier.Notify();
  EXPECT_TRUE(notifier.WaitUntil(absl::InfinitePast()).ok());
  EXPECT_EQ(notifier.TryWait().code(), kNothing);
}

TEST(Notifier, WakesOneAtATimeInArrivalOrder) {
  Notifier notifier;
  std::vector<int> order;  // One thread at a time is woken.
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&, i] {
      notifier.Wait();
      order.push_back(i);
      notifier.Notify();
    });
    AwaitTrue([&] { return Waiting(notifier) == static_cast<size_t>(i + 1); });
  }
  notifier.Notify();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_TRUE(notifier.TryWait().ok()) << "the last one's";
}

TEST(Notifier, AWaitThatGaveUpTookNothing) {
  Notifier notifier;
  CancelHandle cancel = Context::Background().WithCancel();
  std::thread waiter([&] { EXPECT_EQ(notifier.Wait(cancel.context()).code(), absl::StatusCode::kCancelled); });
  AwaitTrue([&] { return Waiting(notifier) == 1; });
  cancel.Cancel();
  waiter.join();
  EXPECT_EQ(notifier.WaitUntil(absl::Now() + absl::Microseconds(10)).code(), kLate);
  EXPECT_EQ(Waiting(notifier), 0u);
  notifier.Notify();
  EXPECT_EQ(notifier.Wait(cancel.context()).code(), absl::StatusCode::kCancelled) << "that is looked at first";
  EXPECT_TRUE(notifier.TryWait().ok()) << "still there";
}

TEST(Notifier, NoChangeIsMissedByWhoLooksAfterEachWakeUp) {
  Notifier notifier;
  internal::Atomic<int> changes{0};
  std::thread looker([&] {
    while (changes.load(std::memory_order_relaxed) < 20'000) notifier.Wait();
  });
  for (int i = 0; i < 20'000; ++i) {
    changes.fetch_add(1, std::memory_order_relaxed);
    notifier.Notify();
  }
  looker.join();
}

TEST(Notifier, IsACaseThatTakesTheWakeUpIfChosen) {
  Notifier notifier;
  EXPECT_EQ(TrySelect({notifier.OnNotify()}), -1);
  notifier.Notify();
  bool woken = false;
  EXPECT_EQ(Select({Case::Never(), notifier.OnNotify([&] { woken = true; })}), 1);
  EXPECT_TRUE(woken);
  EXPECT_EQ(notifier.TryWait().code(), kNothing);
}

Task<> Take(Notifier& notifier) { co_await AsyncSelect(notifier.OnNotify()); }

TEST(Notifier, AWakeUpOfACoroutineThatIsStoppedIsAnothers) {
  Notifier notifier;
  ManualExecutor executor;
  Spawned<> stopped = Spawn(executor, Take(notifier));
  executor.RunAll();
  std::thread waiter([&] { notifier.Wait(); });
  AwaitTrue([&] { return Waiting(notifier) == 2; });
  notifier.Notify();  // To the coroutine, which has not run since.
  stopped.Stop();
  waiter.join();
  EXPECT_EQ(notifier.TryWait().code(), kNothing);
}

}  // namespace
}  // namespace eventbus
