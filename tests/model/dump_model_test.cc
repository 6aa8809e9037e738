// Dumps and stall reports, while what they describe goes on and ends.

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/dump_waiters.h"
#include "eventbus/feed.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/stall_watch.h"
#include "eventbus/task.h"
#include "gtest/gtest.h"
#include "tests/support/explorer/explore.h"

namespace eventbus {
namespace {

using explorer::Check;
using explorer::Explore;
using explorer::Thread;

// At most `most` wait; what each waits for is named.
void CheckDump(size_t most) {
  const WaiterDump dump = DumpWaiters();
  Check(dump.waiters.size() <= most, "no more than there are threads");
  for (const WaiterInfo& waiter : dump.waiters) Check(!waiter.things.empty(), "each waits for something");
}

TEST(DumpModel, AReceiverThatGoesOnAndDropsItsChannel) {
  Explore([] {
    internal::ListBlocked();
    std::optional<Channel<int>> channel(std::in_place, 0);
    const SendChannel<int> sending = *channel;
    Thread receiver([&] {
      Check(*channel->Receive() == 1, "received");
      channel.reset();
    });
    Thread dumper([&] { CheckDump(2); });
    Check(sending.Send(1).ok(), "sent");
    receiver.Join();
    dumper.Join();
    CheckDump(0);
  });
}

TEST(DumpModel, ASelectWhoseChannelsGoOneAfterTheOther) {
  Explore([] {
    internal::ListBlocked();
    const Channel<int> kept(1);
    Thread selecting([&] {
      const Channel<int> dropped(0);
      absl::StatusOr<int> value;
      Check(Select({dropped.OnReceive(&value), kept.OnReceive(&value)}) == 1, "the second");
    });
    Thread dumper([&] { CheckDump(1); });
    Check(kept.Send(1).ok(), "sent");
    selecting.Join();
    dumper.Join();
  });
}

TEST(DumpModel, ASendWhoseSubscribersTakeAndLeave) {
  Explore([] {
    internal::ListBlocked();
    FeedOf<int> feed;
    const Channel<int> one(0);
    const Channel<int> two(0);
    const Subscription taking = *feed.Subscribe(one);
    Subscription leaving = *feed.Subscribe(two);
    Thread sender([&] { feed.Send(1); });
    Thread dumper([&] {
      for (const WaiterInfo& waiter : DumpWaiters().waiters) Check(waiter.not_taken_by.size() <= 2, "of two");
    });
    Check(*one.Receive() == 1, "received");
    leaving.Unsubscribe();
    sender.Join();
    dumper.Join();
  });
}

TEST(DumpModel, ACoroutineThatGoesOnAndEnds) {
  Explore([] {
    internal::ListBlocked();
    ManualExecutor executor;
    const Channel<int> channel(0);
    Spawned<int> receiving = Spawn(executor, [](ReceiveChannel<int> from) -> Task<int> {
      const absl::StatusOr<int> value = co_await from.AsyncReceive();
      co_return value.value_or(0);
    }(channel));
    executor.RunAll();
    Thread dumper([&] { CheckDump(1); });
    Check(channel.Send(1).ok(), "sent");
    dumper.Join();
    executor.RunAll();
    Check(*receiving.Join() == 1, "received");
    CheckDump(0);
  });
}

TEST(DumpModel, ACoroutineThatIsStopped) {
  Explore([] {
    internal::ListBlocked();
    ManualExecutor executor;
    const Channel<int> channel(0);
    {
      Spawned<int> receiving = Spawn(executor, [](ReceiveChannel<int> from) -> Task<int> {
        const absl::StatusOr<int> value = co_await from.AsyncReceive();
        co_return value.value_or(0);
      }(channel));
      executor.RunAll();
      Thread dumper([&] { CheckDump(1); });
      receiving.Stop();
      Check(!receiving.Join().ok(), "stopped");
      receiving = Spawned<int>();
      dumper.Join();
    }
    CheckDump(0);
  });
}

// The hook takes the value, unless that has been done meanwhile.
TEST(StallModel, AReportAgainstTheLastToTakeTheValue) {
  Explore([] {
    SetStallThreshold(absl::Seconds(1));
    FeedOf<int> feed;
    const Channel<int> slow(0);
    const Subscription subscription = *feed.Subscribe(slow);
    int taken = 0;
    SetStallHook([&](const StallReport& report) {
      Check(report.event == 1 && report.not_taken_by.size() == 1, "who has not taken what");
      if (slow.TryReceive().ok()) ++taken;
    });
    Thread sender([&] { Check(feed.Send(1).delivered == 1, "delivered"); });
    Thread receiver([&] {
      if (slow.TryReceive().ok()) ++taken;
    });
    sender.Join();
    receiver.Join();
    Check(taken == 1, "taken once");
    SetStallHook({});
  });
}

TEST(StallModel, AReportOfACallAgainstItsEnd) {
  Explore([] {
    SetStallThreshold(absl::Seconds(1));
    FeedOf<int> feed;
    const Channel<int> go_on(0);
    Subscription subscription = *feed.Subscribe([&](int) { go_on.Receive().IgnoreError(); });
    SetStallHook([&](const StallReport& report) {
      Check(report.cause == StallReport::Cause::kCallHasNotReturned && report.not_taken_by.size() == 1,
            "who is called");
      go_on.Close();
    });
    Thread first([&] { feed.Send(1); });
    Thread second([&] { feed.Send(2); });
    go_on.Close();
    subscription = Subscription();
    first.Join();
    second.Join();
    SetStallHook({});
  });
}

}  // namespace
}  // namespace eventbus
