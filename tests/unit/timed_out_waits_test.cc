// A wait that times out leaves nothing behind, whatever its kind: a thousand of each, and neither the threads nor the heap
// have grown.

#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/async_select.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/inline_executor.h"
#include "eventbus/select.h"
#include "eventbus/sleep.h"
#include "eventbus/stop_token.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"
#include "eventbus/timer.h"
#include "eventbus/watchdog.h"
#include "gtest/gtest.h"
#include "tests/support/nothing_left.h"

namespace eventbus {
namespace {

constexpr absl::Duration kShort = absl::Microseconds(20);  // Most waits have begun by then.

struct Kind {
  std::string name;
  std::function<void()> time_out;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class TimedOutWait : public ::testing::TestWithParam<Kind> {};

TEST_P(TimedOutWait, LeavesNothingBehind) { testing::ExpectNothingIsLeft(GetParam().time_out); }

CancelHandle Limit() { return Context::Background().WithTimeout(kShort); }

absl::Status AwaitTask(Task<absl::Status> task) {
  InlineExecutor executor;
  return Spawn(executor, std::move(task)).Join();
}

Task<absl::Status> ReceiveAsync(Channel<int> channel, Context context) {
  co_return (co_await channel.AsyncReceive(context)).status();
}

Task<absl::Status> SelectAsync(Channel<int> channel, Context context) {
  absl::StatusOr<int> slot;
  const int chosen = co_await AsyncSelect(channel.OnReceive(&slot), context.OnDone());
  co_return chosen == 1 ? context.status() : absl::OkStatus();
}

INSTANTIATE_TEST_SUITE_P(
    All, TimedOutWait,
    ::testing::Values(
        Kind{"Receive", [] { EXPECT_FALSE(Channel<int>().Receive(Limit().context()).ok()); }},
        Kind{"ReceiveUntil", [] { EXPECT_FALSE(Channel<int>().ReceiveUntil(Clock::Now() + kShort).ok()); }},
        Kind{"ReceiveMany", [] { EXPECT_FALSE(Channel<int>().ReceiveMany(Limit().context(), 4).ok()); }},
        Kind{"Send", [] { EXPECT_FALSE(Channel<int>().Send(Limit().context(), 1).ok()); }},
        Kind{"SendUntil", [] { EXPECT_FALSE(Channel<int>().SendUntil(Clock::Now() + kShort, 1).ok()); }},
        Kind{"SelectOnDone", [] { EXPECT_EQ(Select({Limit().context().OnDone()}), 0); }},
        Kind{"SelectUntil", [] { EXPECT_EQ(SelectUntil(Clock::Now() + kShort, {Case::Never()}), -1); }},
        Kind{"SelectAfter",
             [] {
               absl::StatusOr<absl::Time> now;
               EXPECT_EQ(Select({After(kShort).OnReceive(&now)}), 0);
             }},
        Kind{"SleepFor", [] { EXPECT_FALSE(SleepFor(Limit().context(), absl::Hours(1)).ok()); }},
        Kind{"Timer", [] { EXPECT_TRUE(Timer(kShort).Receive().ok()); }},
        Kind{"Tick", [] { EXPECT_TRUE(Tick(kShort).Receive().ok()); }},
        Kind{"OnCancel",
             [] {
               const Channel<int> over;
               const CancelHandle limit = Limit();
               const CancelCallback callback = limit.context().OnCancel([&over] { over.Close(); });
               EXPECT_FALSE(over.Receive().ok());
             }},
        Kind{"StopToken",
             [] {
               const CancelHandle limit = Limit();
               const StopTokenFromContext bridge(limit.context());
               const ContextFromStopToken back(bridge.token());
               EXPECT_EQ(Select({back.context().OnDone()}), 0);
             }},
        Kind{"Watchdog", [] { EXPECT_EQ(Select({Watchdog(kShort).context().OnDone()}), 0); }},
        Kind{"FeedSend",
             [] {
               FeedOf<int> feed;
               const Channel<int> full;
               const absl::StatusOr<Subscription> subscription = feed.Subscribe(full);
               EXPECT_FALSE(feed.Send(Limit().context(), 1).status.ok());
             }},
        Kind{"AsyncReceive", [] { EXPECT_FALSE(AwaitTask(ReceiveAsync(Channel<int>(), Limit().context())).ok()); }},
        Kind{"AsyncSelect", [] { EXPECT_FALSE(AwaitTask(SelectAsync(Channel<int>(), Limit().context())).ok()); }},
        Kind{"Drain",
             [] {
               static ThreadPool& pool = *new ThreadPool(1);
               static Channel<int>& held = *new Channel<int>();
               static const bool once = (pool.Submit([] { held.Receive().IgnoreError(); }), true);
               EXPECT_TRUE(once);
               EXPECT_FALSE(pool.Drain(Limit().context()).ok());
             }}),
    [](const ::testing::TestParamInfo<Kind>& kind) { return kind.param.name; });

}  // namespace
}  // namespace eventbus
