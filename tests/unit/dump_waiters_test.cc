#include "eventbus/dump_waiters.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "eventbus/async_select.h"
#include "eventbus/channel.h"
#include "eventbus/clock.h"
#include "eventbus/context.h"
#include "eventbus/feed.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/keyed_tasks.h"
#include "eventbus/latest.h"
#include "eventbus/manual_executor.h"
#include "eventbus/notifier.h"
#include "eventbus/outbox.h"
#include "eventbus/pool.h"
#include "eventbus/select.h"
#include "eventbus/semaphore.h"
#include "eventbus/task.h"
#include "eventbus/task_group.h"
#include "eventbus/thread_pool.h"
#include "eventbus/wait_group.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

// Whether all of `text` is as `pattern` says.
bool Matches(const std::string& text, const std::string& pattern) {
  return std::regex_match(text, std::regex(pattern));
}

// What waits, once that are `count`.
WaiterDump DumpOf(size_t count) {
  WaiterDump dump;
  AwaitTrue([&] {
    dump = DumpWaiters();
    return dump.waiters.size() == count;
  });
  return dump;
}

// What a thread in `blocking` waits for; `free` ends that.
WaiterInfo WaiterIn(const std::function<void()>& blocking, const std::function<void()>& free) {
  std::thread thread(blocking);
  const WaiterDump dump = DumpOf(1);
  free();
  thread.join();
  EXPECT_TRUE(DumpWaiters().waiters.empty()) << DumpWaiters().ToString();
  return dump.waiters.front();
}

TEST(DumpWaiters, NobodyWaits) {
  EXPECT_TRUE(DumpWaiters().waiters.empty());
  EXPECT_EQ(DumpWaiters().ToString(), "0 wait\n");
}

TEST(DumpWaiters, AReceiveNamesItsChannelAndWhereItWasMade) {
  const uint_least32_t line = __LINE__ + 1;
  const Channel<int> channel(16, {.name = "replies"});
  const WaiterInfo info = WaiterIn([&] { channel.Receive().IgnoreError(); }, [&] { channel.Close(); });
  ASSERT_EQ(info.things.size(), 1u);
  EXPECT_EQ(info.things[0].what, "receive from channel");
  EXPECT_EQ(info.things[0].name, "replies");
  EXPECT_EQ(info.things[0].location.line(), line);
  EXPECT_TRUE(absl::StrContains(info.things[0].location.file_name(), "dump_waiters_test.cc"))
      << info.things[0].location.file_name();
  ASSERT_TRUE(info.things[0].queue.has_value());
  EXPECT_EQ(info.things[0].queue->ToString(), "queue 0 of 16");
  EXPECT_TRUE(Matches(info.ToString(),
                      "thread [0-9]+, for [0-9]+\\.[0-9] s: receive from channel replies "
                      "\\(dump_waiters_test.cc:[0-9]+\\), queue 0 of 16"))
      << info.ToString();
}

TEST(DumpWaiters, ASendToAFullChannel) {
  const Channel<int> channel(1);
  channel.Send(1).IgnoreError();
  const WaiterInfo info = WaiterIn([&] { channel.Send(2).IgnoreError(); }, [&] { channel.Close(); });
  ASSERT_EQ(info.things.size(), 1u);
  EXPECT_EQ(info.things[0].what, "send to channel");
  EXPECT_EQ(info.things[0].queue->ToString(), "queue 1 of 1");
}

TEST(DumpWaiters, TheNumberOfTheThreadIsItsOwn) {
  const Channel<int> channel;
  std::optional<uint64_t> number;
  const WaiterInfo info = WaiterIn(
      [&] {
        number = internal::ThreadNumber();
        channel.Receive().IgnoreError();
      },
      [&] { channel.Close(); });
  EXPECT_EQ(info.thread, number);
  EXPECT_NE(info.thread, internal::ThreadNumber());
}

TEST(DumpWaiters, ASelectNamesAllThatMayEndIt) {
  const Channel<int> in(0, {.name = "in"});
  const Channel<int> out(kUnbounded, {.name = "out"});
  const CancelHandle handle = Context::Background().WithCancel();
  const WaiterInfo info = WaiterIn(
      [&] {
        absl::StatusOr<int> value;
        Select({in.OnSend(1), out.OnReceive(&value), handle.context().OnDone(), Case::Never()});
      },
      [&] { in.Close(); });
  ASSERT_EQ(info.things.size(), 3u);
  EXPECT_TRUE(absl::StrContains(info.ToString(), ": the first of: send to channel in (dump_waiters_test.cc:"))
      << info.ToString();
  EXPECT_TRUE(absl::StrContains(info.ToString(), "; receive from channel out (dump_waiters_test.cc:"))
      << info.ToString();
  EXPECT_TRUE(absl::StrContains(info.ToString(), ", queue 0; end of context")) << info.ToString();
}

TEST(DumpWaiters, ASendOfAFeedNamesWhoHasNotTakenTheValue) {
  FeedOf<int> feed({.name = "orders"});
  const Channel<int> quick(8);
  const Channel<int> slow(1);
  const Subscription one = MustSubscribe(feed.Subscribe(quick, {.name = "screen"}));
  const uint_least32_t line = __LINE__ + 1;
  const Subscription other = MustSubscribe(feed.Subscribe(slow, {.name = "audit"}, SourceLocation::current()));
  feed.Send(1);
  std::thread second([&] { feed.Send(2); });
  DumpOf(1);
  std::thread third([&] { feed.Send(3); });
  const WaiterDump dump = DumpOf(2);
  slow.Receive().IgnoreError();
  slow.Receive().IgnoreError();
  second.join();
  third.join();
  const WaiterInfo& sending = dump.waiters[0].not_taken_by.empty() ? dump.waiters[1] : dump.waiters[0];
  const WaiterInfo& waiting = dump.waiters[0].not_taken_by.empty() ? dump.waiters[0] : dump.waiters[1];
  ASSERT_EQ(sending.not_taken_by.size(), 1u);
  EXPECT_EQ(sending.event, 2u);
  EXPECT_EQ(sending.not_taken_by[0].subscription, other.id());
  EXPECT_EQ(sending.not_taken_by[0].location.line(), line);
  EXPECT_TRUE(absl::StrContains(sending.ToString(), ": send to feed orders (dump_waiters_test.cc:"))
      << sending.ToString();
  EXPECT_TRUE(absl::StrContains(sending.ToString(), "; event 2 not taken by subscriber audit (dump_waiters_test.cc:"))
      << sending.ToString();
  EXPECT_TRUE(absl::StrContains(sending.ToString(), "), queue 1 of 1")) << sending.ToString();
  EXPECT_TRUE(absl::StrContains(waiting.ToString(), ": turn to send to feed orders")) << waiting.ToString();
}

// What `unsubscribe` waits for, with a subscription whose handler runs and does not return.
WaiterInfo WaiterOfUnsubscribe(const std::function<void(Subscription&)>& unsubscribe) {
  ThreadPool pool(1);
  FeedOf<int> feed;
  const Channel<int> entered;
  const Channel<int> go_on;
  Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int) {
        entered.Close();
        AwaitTrue([&] { return go_on.closed(); });
      },
      {.name = "printer", .executor = &pool}));
  feed.Send(1);
  entered.Receive().IgnoreError();
  return WaiterIn([&] { unsubscribe(subscription); }, [&] { go_on.Close(); });
}

TEST(DumpWaiters, UnsubscribeNamesTheHandlerThatItWaitsFor) {
  constexpr absl::string_view kHandler = "end of handler of subscription printer (dump_waiters_test.cc:";
  const WaiterInfo without = WaiterOfUnsubscribe([](Subscription& subscription) { subscription.Unsubscribe(); });
  EXPECT_TRUE(absl::StrContains(without.ToString(), kHandler)) << without.ToString();
  const CancelHandle handle = Context::Background().WithCancel();
  const WaiterInfo with = WaiterOfUnsubscribe(
      [&](Subscription& subscription) { EXPECT_TRUE(subscription.Unsubscribe(handle.context()).ok()); });
  EXPECT_TRUE(absl::StrContains(with.ToString(), kHandler)) << with.ToString();
}

TEST(DumpWaiters, GroupsSemaphoresAndPools) {
  WaitGroup group;
  group.Add(1);
  EXPECT_EQ(WaiterIn([&] { group.Wait(); }, [&] { group.Done(); }).things[0].what, "end of wait group");

  Semaphore semaphore(3);
  semaphore.Acquire(2).IgnoreError();
  const WaiterInfo units = WaiterIn([&] { semaphore.Acquire(2).IgnoreError(); }, [&] { semaphore.Release(2); });
  EXPECT_EQ(units.things[0].ToString(), "2 units of semaphore, queue 2 of 3");

  Pool<int> pool({.name = "connections", .max_size = 1}, [](const Context&) { return 1; });
  std::optional<Pool<int>::Lease> lease = *pool.Acquire();
  const WaiterInfo resource = WaiterIn([&] { pool.Acquire().IgnoreError(); }, [&] { lease.reset(); });
  EXPECT_EQ(resource.things[0].ToString(), "resource of pool connections");
}

TEST(DumpWaiters, EachKindOfWaitSaysWhatItIs) {
  const auto what = [](const std::function<void()>& blocking, const std::function<void()>& free) {
    return WaiterIn(blocking, free).things[0].ToString();
  };
  TaskGroup group;
  TaskToken token = group.Add();
  EXPECT_EQ(what([&] { group.Wait().IgnoreError(); }, [&] { token.Done(); }), "end of group");

  Notifier notifier;
  EXPECT_EQ(what([&] { notifier.Wait(); }, [&] { notifier.Notify(); }), "notifier");

  Latest<int> latest;
  LatestReader<int> reader = latest.Reader();
  EXPECT_EQ(what([&] { reader.Next().IgnoreError(); }, [&] { latest.Set(1); }), "newer value");

  KeyedTasks<int> tasks({.name = "shards"});
  const Channel<int> end;
  ASSERT_TRUE(tasks.Start(7, [&](const Context&) { AwaitTrue([&] { return end.closed(); }); }).ok());
  EXPECT_EQ(what([&] { tasks.Wait(Context::Background()).IgnoreError(); }, [&] { end.Close(); }),
            "end of keyed tasks shards");

  FeedOf<int> feed;
  const Channel<int> channel(1);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  EXPECT_EQ(what([&] { Select({subscription.OnEnd()}); }, [&] { feed.Close(); }), "end of subscription");

  ThreadPool pool(1);
  const Channel<int> released;
  pool.Submit([&] { AwaitTrue([&] { return released.closed(); }); });
  EXPECT_EQ(what([&] { DrainInTime(pool); }, [&] { released.Close(); }), "end of thread pool");
}

TEST(DumpWaiters, AFlushWaitsForItsTurnOfAnOutbox) {
  const Channel<int> channel(0);
  Outbox<int> outbox(channel);
  outbox.Add(1);
  std::thread first([&] { outbox.Flush().IgnoreError(); });
  AwaitSenders(channel, 1);
  outbox.Add(2);
  std::thread second([&] { outbox.Flush().IgnoreError(); });
  const WaiterDump dump = DumpOf(2);
  EXPECT_TRUE(absl::StrContains(dump.ToString(), "turn of outbox")) << dump.ToString();
  EXPECT_EQ(*channel.Receive(), 1);
  EXPECT_EQ(*channel.Receive(), 2);
  first.join();
  second.join();
}

TEST(DumpWaiters, CoroutinesThatWaitAndNotThoseThatRunOrHaveEnded) {
  ManualExecutor executor;
  const Channel<int> channel(4, {.name = "replies"});
  const Channel<int> other(0, {.name = "other"});
  const auto receive = [](ReceiveChannel<int> from) -> Task<int> {
    const absl::StatusOr<int> value = co_await from.AsyncReceive();
    co_return value.value_or(0);
  };
  const auto select = [](ReceiveChannel<int> one, ReceiveChannel<int> two) -> Task<> {
    absl::StatusOr<int> value;
    co_await AsyncSelect(one.OnReceive(&value), two.OnReceive(&value));
  };
  Spawned<int> receiving = Spawn(executor, receive(channel));
  Spawned<> selecting = Spawn(executor, select(channel, other));
  EXPECT_TRUE(DumpWaiters().waiters.empty()) << "they have not begun";
  executor.RunAll();
  const WaiterDump dump = DumpWaiters();
  ASSERT_EQ(dump.waiters.size(), 2u);
  const bool first = dump.waiters[0].things.size() == 1;
  EXPECT_FALSE(dump.waiters[0].thread.has_value());
  EXPECT_TRUE(Matches(dump.waiters[first ? 0 : 1].ToString(),
                      "a coroutine, for [0-9.]+ s: receive from channel replies .*, queue 0 of 4"));
  EXPECT_EQ(dump.waiters[first ? 1 : 0].things.size(), 2u);
  ASSERT_TRUE(channel.TrySend(7).ok());
  EXPECT_EQ(DumpWaiters().waiters.size(), 1u) << "one is about to run";
  executor.RunAll();
  EXPECT_EQ(*receiving.Join(), 7);
  selecting.Stop();
  EXPECT_TRUE(DumpWaiters().waiters.empty());
}

TEST(DumpWaiters, AgreesWithCoroutinesThatComeAndGo) {
  ThreadPool pool(2);
  const Channel<int> ping;
  const Channel<int> pong;
  Spawned<> other = Spawn(pool, [](ReceiveChannel<int> from, SendChannel<int> to) -> Task<> {
    while (std::optional<int> value = co_await from.AsyncNext()) (co_await to.AsyncSend(*value)).IgnoreError();
  }(ping, pong));
  std::thread dumper([&] {
    while (!pong.closed()) DumpWaiters();
  });
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(ping.Send(i).ok());
    ASSERT_EQ(*pong.Receive(), i);
  }
  ping.Close();
  EXPECT_TRUE(other.Join().ok());
  pong.Close();
  dumper.join();
}

TEST(DumpWaiters, SaysForHowLongAndBeginsWithTheLongest) {
  VirtualClock clock;
  const Channel<int> first(0, {.name = "first"});
  const Channel<int> second(0, {.name = "second"});
  std::thread one([&] { first.Receive().IgnoreError(); });
  DumpOf(1);
  clock.Advance(absl::Seconds(10));
  std::thread other([&] { second.Receive().IgnoreError(); });
  DumpOf(2);
  clock.Advance(absl::Milliseconds(2500));
  const WaiterDump dump = DumpWaiters();
  first.Close();
  second.Close();
  one.join();
  other.join();
  ASSERT_EQ(dump.waiters.size(), 2u);
  EXPECT_EQ(dump.waiters[0].waited, absl::Milliseconds(12500));
  EXPECT_EQ(dump.waiters[0].things[0].name, "first");
  EXPECT_EQ(dump.waiters[1].waited, absl::Milliseconds(2500));
  EXPECT_TRUE(Matches(dump.ToString(), "2 wait\nthread [0-9]+, for 12\\.5 s: .*\nthread [0-9]+, for 2\\.5 s: .*\n"))
      << dump.ToString();
}

// Waits end while they are described.
TEST(DumpWaiters, AgreesWithThreadsThatComeAndGo) {
  const Channel<int> ping;
  const Channel<int> pong;
  std::thread other([&] {
    for (const int value : ping) pong.Send(value).IgnoreError();
  });
  std::thread dumper([&] {
    while (!pong.closed()) EXPECT_LE(DumpWaiters().waiters.size(), 2u);
  });
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(ping.Send(i).ok());
    ASSERT_EQ(*pong.Receive(), i);
  }
  ping.Close();
  pong.Close();
  other.join();
  dumper.join();
}

}  // namespace
}  // namespace eventbus::testing
