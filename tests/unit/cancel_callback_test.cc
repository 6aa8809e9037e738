#include "eventbus/cancel_callback.h"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/context.h"
#include "eventbus/internal/waiting/alarm.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;

TEST(OnCancel, IsCalledOnceInTheCancellingThread) {
  CancelHandle handle = Context::Background().WithCancel();
  std::vector<std::thread::id> callers;
  const CancelCallback callback = handle.context().OnCancel([&] {
    EXPECT_TRUE(handle.context().done());
    callers.push_back(std::this_thread::get_id());
  });
  EXPECT_TRUE(callers.empty());
  handle.Cancel();
  handle.Cancel();
  EXPECT_EQ(callers, (std::vector<std::thread::id>{std::this_thread::get_id()}));
}

TEST(OnCancel, ComesAfterTheEndOfAllBelow) {
  CancelHandle parent = Context::Background().WithCancel();
  const CancelHandle child = parent.context().WithCancel();
  const CancelHandle grandchild = child.context().WithTimeout(absl::Hours(1));
  int calls = 0;
  const auto check = [&] {
    ++calls;
    EXPECT_TRUE(grandchild.context().done());
  };
  const CancelCallback callbacks[] = {grandchild.context().OnCancel(check), child.context().OnCancel(check),
                                      parent.context().OnCancel(check)};
  parent.Cancel();
  EXPECT_EQ(calls, 3);
}

TEST(OnCancel, OfAContextThatHasEndedIsCalledAtOnce) {
  CancelHandle handle = Context::Background().WithCancel();
  handle.Cancel();
  int calls = 0;
  CancelCallback callback = handle.context().OnCancel([&] { ++calls; });
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(callback.Remove());
  const CancelHandle late = Context::Background().WithDeadline(absl::Now() - absl::Seconds(1));
  const CancelCallback of_late = late.context().OnCancel([&] { ++calls; });
  EXPECT_EQ(calls, 2);
}

TEST(OnCancel, OfTheBackgroundIsNeverCalledAndGoesAtOnce) {
  auto captured = std::make_shared<int>(0);
  CancelCallback callback = Context::Background().OnCancel([captured] { FAIL(); });
  EXPECT_EQ(captured.use_count(), 1);
  EXPECT_FALSE(callback.Remove());
}

TEST(OnCancel, IsCalledWhenTheDeadlinePassesThoughNobodyLooks) {
  std::atomic<bool> called{false};
  const CancelHandle handle = Context::Background().WithTimeout(absl::Milliseconds(2));
  const CancelCallback callback = handle.context().OnCancel([&] {
    EXPECT_EQ(handle.context().status().code(), absl::StatusCode::kDeadlineExceeded);
    called = true;
  });
  AwaitTrue([&] { return called.load(); });
}

// Who asks may hold a lock that the callback wants.
TEST(OnCancel, IsNotCalledByWhoFindsTheDeadlinePassed) {
  std::atomic<bool> called{false};
  std::thread::id caller;
  const CancelHandle handle = Context::Background().WithTimeout(absl::Milliseconds(2));
  const CancelCallback callback = handle.context().OnCancel([&] {
    caller = std::this_thread::get_id();
    called = true;
  });
  AwaitTrue([&] { return handle.context().done(); });
  AwaitTrue([&] { return called.load(); });
  EXPECT_NE(caller, std::this_thread::get_id());
}

TEST(OnCancel, ThatWasRemovedIsNotCalled) {
  CancelHandle handle = Context::Background().WithTimeout(absl::Hours(1));
  auto captured = std::make_shared<int>(0);
  CancelCallback removed = handle.context().OnCancel([captured] { FAIL(); });
  EXPECT_TRUE(removed.Remove());
  EXPECT_FALSE(removed.Remove());
  EXPECT_EQ(captured.use_count(), 1);
  {
    const CancelCallback dropped = handle.context().OnCancel([] { FAIL(); });
  }
  CancelCallback replaced = handle.context().OnCancel([] { FAIL(); });
  int calls = 0;
  replaced = handle.context().OnCancel([&] { ++calls; });
  CancelCallback moved = std::move(replaced);
  handle.Cancel();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(moved.Remove());
}

TEST(OnCancel, RemovingWaitsForARunningCall) {
  CancelHandle handle = Context::Background().WithCancel();
  std::atomic<bool> began{false};
  std::atomic<bool> released{false};
  std::atomic<bool> over{false};
  CancelCallback callback = handle.context().OnCancel([&] {
    began = true;
    AwaitTrue([&] { return released.load(); });
    over = true;
  });
  std::thread canceller([&] { handle.Cancel(); });
  AwaitTrue([&] { return began.load(); });
  std::thread releaser([&] { released = true; });
  EXPECT_FALSE(callback.Remove());
  EXPECT_TRUE(over);
  canceller.join();
  releaser.join();
}

TEST(OnCancel, MayRemoveItselfAndOthersAndDestroyTheHandles) {
  std::optional<CancelHandle> handle = Context::Background().WithTimeout(absl::Hours(1));
  const Context context = handle->context();
  std::optional<CancelCallback> self;
  std::optional<CancelCallback> other;
  int calls = 0;
  self = context.OnCancel([&] {
    ++calls;
    self.reset();
    EXPECT_TRUE(other->Remove());
    handle.reset();
  });
  other = context.OnCancel([] { FAIL(); });
  handle->Cancel();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(handle.has_value());
}

TEST(OnCancel, MayRemoveItselfInTheThreadOfTheAlarms) {
  std::atomic<bool> removed{false};
  std::atomic<bool> registered{false};
  std::optional<CancelCallback> self;
  const CancelHandle handle = Context::Background().WithTimeout(absl::Milliseconds(1));
  self = handle.context().OnCancel([&] {
    AwaitTrue([&] { return registered.load(); });
    self.reset();
    removed = true;
  });
  registered = true;
  AwaitTrue([&] { return removed.load(); });
}

TEST(OnCancel, MayRegisterAndCancelMore) {
  CancelHandle first = Context::Background().WithCancel();
  CancelHandle second = Context::Background().WithCancel();
  std::vector<int> order;
  CancelCallback nested;
  const CancelCallback of_second = second.context().OnCancel([&] { order.push_back(2); });
  const CancelCallback of_first = first.context().OnCancel([&] {
    order.push_back(1);
    second.Cancel();
    nested = first.context().OnCancel([&] { order.push_back(3); });  // At once.
    order.push_back(4);
  });
  first.Cancel();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

TEST(OnCancel, ManyOfOneContextAreAllCalledInTheirOrder) {
  CancelHandle handle = Context::Background().WithCancel();
  std::vector<int> order;
  std::vector<CancelCallback> callbacks;
  std::vector<int> expected;
  for (int i = 0; i < 1000; ++i) {
    callbacks.push_back(handle.context().OnCancel([&order, i] { order.push_back(i); }));
    expected.push_back(i);
  }
  handle.Cancel();
  EXPECT_EQ(order, expected);
}

TEST(OnCancel, LeavesNoAlarmBehind) {
  CancelHandle handle = Context::Background().WithTimeout(absl::Hours(1));
  const size_t before = internal::AlarmClock::Get().size();
  {
    const CancelCallback removed = handle.context().OnCancel([] {});
    CancelCallback called = handle.context().OnCancel([] {});
    EXPECT_EQ(internal::AlarmClock::Get().size(), before + 2);
    CancelHandle child = handle.context().WithCancel();
    const CancelCallback of_child = child.context().OnCancel([] {});
    child.Cancel();
    EXPECT_EQ(internal::AlarmClock::Get().size(), before + 2);
  }
  EXPECT_EQ(internal::AlarmClock::Get().size(), before);
}

TEST(OnCancel, AgainstRemovalFromManyThreads) {
  for (int round = 0; round < 300; ++round) {
    CancelHandle handle = Context::Background().WithTimeout(absl::Microseconds(round % 60));
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) {
          auto calls = std::make_unique<int>(0);  // AddressSanitizer knows of a call that comes too late.
          CancelCallback callback = handle.context().OnCancel([&calls] { ++*calls; });
          const bool never = callback.Remove();
          EXPECT_EQ(*calls, never ? 0 : 1);
          calls.reset();
        }
      });
    }
    if (round % 2 == 0) handle.Cancel();
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(WithoutCancel, GoesOnAndTakesNewLimits) {
  CancelHandle handle = Context::Background().WithTimeout(absl::Hours(1));
  const Context clean_up = handle.context().WithoutCancel();
  const CancelHandle limited = clean_up.WithTimeout(absl::Hours(2));
  handle.Cancel();
  EXPECT_FALSE(clean_up.done());
  EXPECT_FALSE(limited.context().done());
  EXPECT_EQ(clean_up.deadline(), absl::InfiniteFuture());
  EXPECT_FALSE(handle.context().WithoutCancel().WithCancel().context() == handle.context());
}

}  // namespace
}  // namespace eventbus
