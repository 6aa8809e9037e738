// Drains of feeds and subscriptions: what each kind of subscription handles, what is left, and what is refused.

#include <atomic>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/event.h"
#include "eventbus/feed.h"
#include "eventbus/join_subscriptions.h"
#include "eventbus/manual_executor.h"
#include "eventbus/new_subscription.h"
#include "eventbus/select.h"
#include "eventbus/subscription.h"
#include "eventbus/subscription_scope.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

using Code = absl::StatusCode;

CancelHandle Soon() { return Context::Background().WithTimeout(absl::Milliseconds(5)); }

// A drain that cannot be done in time, since nobody does what it waits for.
template <typename Drained>
DrainReport DrainInVain(Drained& object) {
  const CancelHandle budget = Soon();
  return object.Drain(budget.context());
}

template <typename Drained>
bool HasEnded(const Drained& object) {
  return TrySelect({object.OnEnd()}) == 0;
}

// A handler's subscriptions, however values reach it: through what is common to all, past it, and by a policy.
struct Kind {
  const char* name;
  SubscribeOptions<int> (*options)(Executor& executor);
};

const Kind kKinds[] = {
    {"Common", [](Executor& executor) { return SubscribeOptions<int>{.name = "it", .executor = &executor}; }},
    {"Own",
     [](Executor& executor) {
       return SubscribeOptions<int>{.name = "it", .filter = [](int) { return true; }, .executor = &executor};
     }},
    {"Queue",
     [](Executor& executor) {
       return SubscribeOptions<int>{.name = "it", .executor = &executor, .overflow = Overflow::kDropOldest};
     }},
};

class HandlerDrain : public ::testing::TestWithParam<Kind> {
 protected:
  SubscribeOptions<int> Options() { return GetParam().options(executor_); }
  Subscription Subscribe(SubscribeOptions<int> options) {
    return MustSubscribe(feed_.Subscribe([this](int value) { handled_.push_back(value); }, std::move(options)));
  }

  ManualExecutor executor_;
  FeedOf<int> feed_{{.name = "numbers", .history = 3}};
  std::vector<int> handled_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, HandlerDrain, ::testing::ValuesIn(kKinds),
                         [](const ::testing::TestParamInfo<Kind>& kind) { return kind.param.name; });

TEST_P(HandlerDrain, HandlesWhatItHasAndEnds) {
  Subscription subscription = Subscribe(Options());
  for (int i = 0; i < 3; ++i) feed_.Send(i);
  executor_.RunOne();
  const size_t before = handled_.size();
  feed_.Send(3);
  feed_.RequestDrain();
  EXPECT_TRUE(feed_.closed());
  EXPECT_EQ(feed_.Send(9).status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(feed_.Subscribe([](int) {}).status().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(HasEnded(feed_));
  EXPECT_FALSE(subscription.ended());
  executor_.RunAll();
  EXPECT_EQ(handled_, std::vector<int>({0, 1, 2, 3}));
  EXPECT_TRUE(HasEnded(feed_));
  EXPECT_TRUE(subscription.ended());
  EXPECT_EQ(subscription.Err().Receive().status().code(), Code::kOutOfRange);
  const DrainReport report = DrainInTime(feed_);
  EXPECT_TRUE(report.ok()) << report;
  ASSERT_EQ(report.entries.size(), 1u);
  EXPECT_EQ(report.entries[0].name, "it");
  EXPECT_EQ(report.entries[0].feed, "numbers");
  EXPECT_EQ(report.entries[0].subscription, subscription.id());
  EXPECT_EQ(report.entries[0].handled, 4 - before);
  EXPECT_EQ(report.left() + report.running(), 0u);
  EXPECT_EQ(DrainInTime(feed_).entries, report.entries);
}

TEST_P(HandlerDrain, LateItReportsWhatIsLeftAndTheHardStopHandsItBack) {
  std::vector<int> handed_back;
  SubscribeOptions<int> options = Options();
  options.on_left = [&](int value) { handed_back.push_back(value); };
  Subscription subscription = Subscribe(std::move(options));
  for (int i = 0; i < 3; ++i) feed_.Send(i);
  const DrainReport late = DrainInVain(feed_);
  EXPECT_EQ(late.status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(late.left(), 3u);
  EXPECT_EQ(late.handled() + late.running(), 0u);
  EXPECT_TRUE(feed_.Close(absl::AbortedError("enough")));
  EXPECT_FALSE(feed_.Close());
  executor_.RunAll();
  EXPECT_EQ(handed_back, std::vector<int>({0, 1, 2}));
  EXPECT_TRUE(handled_.empty());
  EXPECT_EQ(*subscription.Err().Receive(), absl::AbortedError("enough"));
  const DrainReport stopped = DrainInTime(feed_);
  EXPECT_EQ(stopped.status.code(), Code::kAborted);
  EXPECT_EQ(stopped.left(), 3u);
}

TEST_P(HandlerDrain, ReplayThatIsNotThroughIsHandledFirst) {
  for (int i = 0; i < 3; ++i) feed_.Send(i);
  SubscribeOptions<int> options = Options();
  options.replay = 3;
  Subscription subscription = Subscribe(std::move(options));
  feed_.Send(3);
  EXPECT_EQ(DrainInVain(feed_).left(), 4u);
  executor_.RunAll();
  EXPECT_EQ(handled_, std::vector<int>({0, 1, 2, 3}));
  EXPECT_EQ(DrainInTime(feed_).handled(), 4u);
}

TEST_P(HandlerDrain, ReplayThatIsNotThroughIsHandedBack) {
  for (int i = 0; i < 3; ++i) feed_.Send(i);
  std::vector<int> handed_back;
  SubscribeOptions<int> options = Options();
  options.replay = 3;
  options.on_left = [&](int value) { handed_back.push_back(value); };
  Subscription subscription = Subscribe(std::move(options));
  feed_.Send(3);
  subscription.Unsubscribe();
  EXPECT_EQ(handed_back, std::vector<int>({0, 1, 2, 3}));
}

TEST_P(HandlerDrain, OneThatHasReachedItsLimitIsWaitedFor) {
  SubscribeOptions<int> options = Options();
  options.limit = 2;
  Subscription subscription = Subscribe(std::move(options));
  for (int i = 0; i < 3; ++i) feed_.Send(i);
  EXPECT_EQ(DrainInVain(feed_).left(), 2u);
  executor_.RunAll();
  const DrainReport report = DrainInTime(feed_);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 2u);
}

TEST_P(HandlerDrain, OfASubscriptionLeavesTheFeedAndTheOthers) {
  Subscription subscription = Subscribe(Options());
  std::vector<int> others;
  Subscription other = MustSubscribe(feed_.Subscribe([&](int value) { others.push_back(value); }));
  feed_.Send(1);
  subscription.RequestDrain();
  EXPECT_EQ(feed_.Send(2).delivered, 1u);
  EXPECT_EQ(DrainInVain(subscription).left(), 1u);
  executor_.RunAll();
  const DrainReport report = DrainInTime(subscription);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 1u);
  EXPECT_EQ(handled_, std::vector<int>({1}));
  EXPECT_EQ(others, std::vector<int>({1, 2}));
  EXPECT_FALSE(feed_.closed());
}

TEST_P(HandlerDrain, OneThatDrainsAlreadyKeepsItsCountInTheReportOfItsFeed) {
  Subscription subscription = Subscribe(Options());
  feed_.Send(1);
  subscription.RequestDrain();
  feed_.RequestDrain();
  executor_.RunAll();
  EXPECT_EQ(DrainInTime(feed_).entries, DrainInTime(subscription).entries);
  EXPECT_EQ(DrainInTime(feed_).handled(), 1u);
}

TEST_P(HandlerDrain, UnsubscribeEndsADrain) {
  Subscription subscription = Subscribe(Options());
  feed_.Send(1);
  feed_.RequestDrain();
  subscription.Unsubscribe();
  executor_.RunAll();
  EXPECT_TRUE(HasEnded(feed_));
  const DrainReport report = DrainInTime(feed_);
  EXPECT_EQ(report.status.code(), Code::kAborted);
  EXPECT_EQ(report.left(), 1u);
  EXPECT_TRUE(handled_.empty());
}

TEST_P(HandlerDrain, AFailureThatEndsItsSubscriptionEndsItsDrain) {
  std::vector<int> handed_back;
  SubscribeOptions<int> options = Options();
  options.ends_on_error = true;
  options.on_left = [&](int value) { handed_back.push_back(value); };
  Subscription subscription = MustSubscribe(
      feed_.Subscribe([](int) -> absl::Status { return absl::DataLossError("bad"); }, std::move(options)));
  feed_.Send(1);
  feed_.Send(2);
  feed_.RequestDrain();
  executor_.RunAll();
  EXPECT_EQ(*subscription.Err().Receive(), absl::DataLossError("bad"));
  const DrainReport report = DrainInTime(feed_);
  EXPECT_EQ(report.status.code(), Code::kAborted);
  EXPECT_EQ(report.handled(), 1u);
  EXPECT_EQ(report.left(), 1u);
  EXPECT_EQ(handed_back, std::vector<int>({2}));
}

TEST_P(HandlerDrain, FromInsideAHandlerIsRefusedAndRequested) {
  DrainReport feed_report;
  DrainReport own_report;
  absl::Status feed_flush;
  absl::Status own_flush;
  Subscription subscription = MustSubscribe(feed_.Subscribe(
      [&](int) {
        feed_report = DrainInTime(feed_);
        own_report = DrainInTime(subscription);
        feed_flush = feed_.Flush(Context::Background());
        own_flush = subscription.Flush(Context::Background());
        feed_.RequestDrain();
      },
      Options()));
  feed_.Send(1);
  executor_.RunAll();
  EXPECT_EQ(feed_report.status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(own_report.status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(feed_flush.code(), Code::kFailedPrecondition);
  EXPECT_EQ(own_flush.code(), Code::kFailedPrecondition);
  EXPECT_TRUE(HasEnded(feed_));
  EXPECT_TRUE(DrainInTime(feed_).ok());
}

TEST_P(HandlerDrain, FlushWaitsForWhatWasSentBefore) {
  Subscription subscription = Subscribe(Options());
  EXPECT_TRUE(feed_.Flush(Context::Background()).ok()) << "nothing to wait for";
  feed_.Send(1);
  feed_.Send(2);
  const CancelHandle soon = Soon();
  const absl::Status late = feed_.Flush(soon.context());
  EXPECT_EQ(late.code(), Code::kDeadlineExceeded);
  EXPECT_NE(late.message().find("'it' has 2 left"), absl::string_view::npos) << late;
  EXPECT_EQ(feed_.Flush(soon.context()).code(), Code::kDeadlineExceeded) << "checked first";
  const CancelHandle handle = Context::Background().WithCancel();
  std::thread flusher([&] { EXPECT_TRUE(subscription.Flush(handle.context()).ok()); });
  AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });
  executor_.RunAll();
  flusher.join();
  EXPECT_EQ(handled_, std::vector<int>({1, 2}));
  feed_.Send(3);
  EXPECT_FALSE(subscription.ended());
}

TEST_P(HandlerDrain, FlushOfAnEndedOneWaitsForNothing) {
  Subscription subscription = Subscribe(Options());
  feed_.Send(1);
  const CancelHandle handle = Context::Background().WithCancel();
  std::thread flusher([&] { EXPECT_TRUE(feed_.Flush(handle.context()).ok()); });
  AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });
  subscription.Unsubscribe();
  flusher.join();
  EXPECT_TRUE(subscription.Flush(handle.context()).ok());
}

TEST(FeedDrain, ARunningHandlerIsReportedAsRunning) {
  ThreadPool pool(1);
  Channel<int> entered;
  Channel<int> go_on;
  FeedOf<int> feed({.name = "numbers"});
  Subscription subscription = MustSubscribe(feed.Subscribe(
      [&](int) {
        entered.Close();
        go_on.Receive().IgnoreError();
      },
      {.name = "slow", .executor = &pool}));
  feed.Send(1);
  feed.Send(2);
  entered.Receive().IgnoreError();
  const DrainReport late = DrainInVain(feed);
  EXPECT_EQ(late.status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(late.running(), 1u);
  EXPECT_EQ(late.left(), 1u);
  EXPECT_NE(late.ToString().find("numbers/slow: 0 handled, 1 left, 1 running"), std::string::npos) << late;
  go_on.Close();
  const DrainReport report = DrainInTime(feed);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 2u);
}

TEST(FeedDrain, AHandlerInTheSendersThreadIsWaitedForAndTheRestOfTheSendIsCut) {
  Channel<int> entered;
  Channel<int> go_on;
  FeedOf<int> feed;
  Subscription slow = MustSubscribe(feed.Subscribe([&](int) {
    entered.Close();
    go_on.Receive().IgnoreError();
  }));
  int calls = 0;
  Subscription never = MustSubscribe(feed.Subscribe([&](int) { ++calls; }));
  SendResult result;
  std::thread sender([&] { result = feed.Send(1); });
  entered.Receive().IgnoreError();
  const DrainReport late = DrainInVain(feed);
  EXPECT_EQ(late.status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(late.running(), 1u);
  EXPECT_TRUE(never.ended());
  EXPECT_FALSE(slow.ended());
  go_on.Close();
  const DrainReport report = DrainInTime(feed);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 1u);
  EXPECT_TRUE(slow.ended());
  sender.join();
  EXPECT_EQ(result.status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(result.delivered, 1u);
  EXPECT_EQ(calls, 0);
}

TEST(FeedDrain, AFilterIsWaitedFor) {
  ManualExecutor executor;
  Channel<int> entered;
  Channel<int> go_on;
  FeedOf<int> feed;
  Subscription subscription = MustSubscribe(feed.Subscribe([](int) {}, {.filter =
                                                                            [&](int) {
                                                                              entered.Close();
                                                                              go_on.Receive().IgnoreError();
                                                                              return true;
                                                                            },
                                                                        .executor = &executor}));
  std::thread sender([&] { feed.Send(1); });
  entered.Receive().IgnoreError();
  subscription.RequestDrain();
  executor.RunAll();
  EXPECT_FALSE(subscription.ended());
  go_on.Close();
  const DrainReport report = DrainInTime(subscription);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 0u);
  sender.join();
}

TEST(FeedDrain, FreesSendersThatAreBlocked) {
  ManualExecutor executor;
  FeedOf<int> feed;
  int handled = 0;
  Subscription slow = MustSubscribe(feed.Subscribe([&](int) { ++handled; }, {.executor = &executor, .capacity = 1}));
  EXPECT_EQ(feed.Send(0).delivered, 1u);
  std::atomic<int> refused{0};
  const auto send = [&](const Context& context) {
    const SendResult result = feed.Send(context, 1);
    refused += result.status.code() == Code::kFailedPrecondition && result.delivered == 0;
  };
  // One for room, the others for their turn.
  const CancelHandle of_the_first = Context::Background().WithCancel();
  std::vector<std::thread> senders;
  senders.emplace_back(send, of_the_first.context());
  AwaitTrue([&] { return WaitingFor(of_the_first.context()) == 1; });
  for (int i = 1; i < 3; ++i) senders.emplace_back(send, Context::Background());
  AwaitTrue([&] { return WaitingSends(feed) == 2; });
  feed.RequestDrain();
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(refused, 3);
  executor.RunAll();
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(DrainInTime(feed).handled(), 1u);
}

TEST(FeedDrain, OfAHeldFeedLetsItsSendersGoRefused) {
  FeedOf<int> feed({.held = true});
  int calls = 0;
  Subscription subscription = MustSubscribe(feed.Subscribe([&](int) { ++calls; }));
  SendResult result;
  std::thread sender([&] { result = feed.Send(1); });
  AwaitTrue([&] { return WaitingSends(feed) == 1; });
  EXPECT_TRUE(DrainInTime(feed).ok());
  sender.join();
  EXPECT_EQ(result.status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(calls, 0);
  EXPECT_FALSE(feed.Release());
}

TEST(FeedDrain, OneThatJoinedDuringASendAndHasGotNothingEnds) {
  ManualExecutor executor;
  Channel<int> full(1);
  FeedOf<int> feed;
  Subscription slow = MustSubscribe(feed.Subscribe(full));
  feed.Send(0);
  std::thread sender([&] { feed.Send(1); });
  AwaitSenders(full, 1);
  Subscription late = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor}));
  late.RequestDrain();
  executor.RunAll();
  EXPECT_TRUE(late.ended());
  full.Receive().IgnoreError();
  sender.join();
}

// Channels: what is in one must be received.
class ChannelDrain : public ::testing::TestWithParam<std::ptrdiff_t> {};

INSTANTIATE_TEST_SUITE_P(Capacities, ChannelDrain, ::testing::Values(4, 1000));

TEST_P(ChannelDrain, EndsOnceItsReadersHaveTakenWhatIsThere) {
  const Channel<int> channel(GetParam());
  FeedOf<int> feed;
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.name = "reader"}));
  for (int i = 0; i < 3; ++i) feed.Send(i);
  channel.Receive().IgnoreError();
  const DrainReport late = DrainInVain(feed);
  EXPECT_EQ(late.status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(late.left(), 2u);
  EXPECT_EQ(*channel.Receive(), 1);
  EXPECT_EQ(DrainInVain(feed).handled(), 1u);
  EXPECT_FALSE(subscription.ended());
  EXPECT_TRUE(channel.TrySend(9).ok()) << "of others";
  EXPECT_EQ(*channel.Receive(), 2);
  EXPECT_TRUE(subscription.ended());
  const DrainReport report = DrainInTime(feed);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 2u);
  EXPECT_EQ(channel.ApproxSize(), 1u);
}

TEST_P(ChannelDrain, OfAnEmptyOneEndsAtOnce) {
  const Channel<int> channel(GetParam());
  FeedOf<int> feed;
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  EXPECT_TRUE(DrainInTime(subscription).ok());
  EXPECT_TRUE(DrainInTime(feed).ok());
}

TEST_P(ChannelDrain, HardStopsLeaveWhatIsThere) {
  const Channel<int> a(GetParam());
  const Channel<int> b(GetParam());
  FeedOf<int> feed;
  Subscription first = MustSubscribe(feed.Subscribe(a));
  Subscription second = MustSubscribe(feed.Subscribe(b));
  feed.Send(1);
  feed.RequestDrain();
  first.Unsubscribe();
  EXPECT_TRUE(first.ended());
  EXPECT_FALSE(HasEnded(feed));
  feed.Close();
  EXPECT_TRUE(second.ended());
  const DrainReport report = DrainInTime(feed);
  EXPECT_EQ(report.status.code(), Code::kAborted);
  EXPECT_EQ(report.left(), 2u);
  EXPECT_EQ(*a.Receive(), 1);
  EXPECT_EQ(*b.Receive(), 1);
}

TEST_P(ChannelDrain, OfEvents) {
  const Channel<Event<int>> channel(GetParam());
  FeedOf<int> feed;
  Subscription subscription = MustSubscribe(feed.Subscribe(channel));
  feed.Send(1);
  subscription.RequestDrain();
  EXPECT_FALSE(subscription.ended());
  EXPECT_EQ(channel.Receive()->value, 1);
  EXPECT_TRUE(subscription.ended());
}

TEST_P(ChannelDrain, FlushWaitsForItsReaders) {
  const Channel<int> channel(GetParam());
  FeedOf<int> feed;
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.name = "reader"}));
  feed.Send(1);
  const CancelHandle soon = Soon();
  const absl::Status late = feed.Flush(soon.context());
  EXPECT_NE(late.message().find("'reader' has 1 left"), absl::string_view::npos) << late;
  const CancelHandle handle = Context::Background().WithCancel();
  std::thread flusher([&] { EXPECT_TRUE(feed.Flush(handle.context()).ok()); });
  AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });
  feed.Send(2);
  channel.Receive().IgnoreError();
  flusher.join();
  EXPECT_FALSE(subscription.ended());
}

TEST(FeedDrain, ContextsThatAllowNoDrainAreRefused) {
  FeedOf<int> feed;
  Subscription subscription = MustSubscribe(feed.Subscribe([](int) {}));
  CancelHandle done = Context::Background().WithTimeout(absl::Hours(1));
  done.Cancel();
  EXPECT_EQ(feed.Drain(done.context()).status.code(), Code::kInvalidArgument);
  EXPECT_EQ(feed.Drain(Context::Background()).status.code(), Code::kInvalidArgument);
  EXPECT_EQ(subscription.Drain(done.context()).status.code(), Code::kInvalidArgument);
  EXPECT_EQ(subscription.Drain(Context::Background()).status.code(), Code::kInvalidArgument);
  EXPECT_FALSE(feed.closed());
  EXPECT_FALSE(subscription.ended());
}

TEST(FeedDrain, WhatIsHandedBackIsForHandlersWithAnExecutor) {
  FeedOf<int> feed;
  EXPECT_EQ(feed.Subscribe([](int) {}, {.on_left = [](int) {}}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(feed.Subscribe(Channel<int>(1), {.on_left = [](int) {}}).status().code(), Code::kInvalidArgument);
}

TEST(FeedDrain, CloseReportsWhatItDropped) {
  ManualExecutor executor;
  FeedOf<int> feed({.name = "numbers"});
  Subscription subscription = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor}));
  feed.Send(1);
  feed.Close();
  const DrainReport report = DrainInTime(feed);
  EXPECT_EQ(report.status.code(), Code::kAborted);
  EXPECT_EQ(report.left(), 1u);
}

TEST(FeedDrain, AnExecutorThatIsShutDownEndsIt) {
  ManualExecutor executor;
  FeedOf<int> feed;
  Subscription subscription = MustSubscribe(feed.Subscribe([](int) {}, {.executor = &executor}));
  feed.Send(1);
  feed.RequestDrain();
  executor.Close();
  EXPECT_EQ(subscription.Err().Receive()->code(), Code::kUnavailable);
  const DrainReport report = DrainInTime(feed);
  EXPECT_EQ(report.status.code(), Code::kAborted);
  EXPECT_EQ(report.left(), 1u);
}

TEST(FeedDrain, ManySubscriptionsInTheOrderOfTheirIds) {
  ThreadPool pool(2);
  FeedOf<int> feed;
  std::atomic<int> handled{0};
  std::vector<Subscription> subscriptions;
  for (int i = 0; i < 50; ++i) {
    subscriptions.push_back(MustSubscribe(feed.Subscribe([&](int) { ++handled; }, {.executor = &pool})));
    subscriptions.push_back(MustSubscribe(feed.Subscribe([&](int) { ++handled; })));
  }
  for (int i = 0; i < 20; ++i) feed.Send(i);
  const DrainReport report = DrainInTime(feed);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(handled, 100 * 20);
  ASSERT_EQ(report.entries.size(), 100u);
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(report.entries[i].subscription, subscriptions[i].id());
}

TEST(SubscriptionDrain, OfNothingIsOk) {
  Subscription subscription;
  EXPECT_TRUE(DrainInTime(subscription).ok());
  EXPECT_TRUE(subscription.Flush(Context::Background()).ok());
}

TEST(SubscriptionDrain, OfAJoinIsThatOfItsMembers) {
  ManualExecutor executor;
  FeedOf<int> feed;
  int handled = 0;
  std::vector<Subscription> members;
  for (int i = 0; i < 2; ++i) {
    members.push_back(MustSubscribe(feed.Subscribe([&](int) { ++handled; }, {.executor = &executor})));
  }
  ThreadPool pool(1);
  Subscription joined = JoinSubscriptions(std::move(members), {.executor = &pool});
  feed.Send(1);
  joined.RequestDrain();
  EXPECT_EQ(DrainInVain(joined).left(), 2u);
  executor.RunAll();
  const DrainReport report = DrainInTime(joined);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.handled(), 2u);
  EXPECT_EQ(handled, 2);
}

TEST(SubscriptionDrain, OfATrackedOne) {
  ManualExecutor executor;
  FeedOf<int> feed;
  int handled = 0;
  SubscriptionScope scope;
  Subscription tracked =
      scope.Track(MustSubscribe(feed.Subscribe([&](int) { ++handled; }, {.name = "it", .executor = &executor})));
  feed.Send(1);
  tracked.RequestDrain();
  executor.RunAll();
  EXPECT_EQ(DrainInTime(tracked).handled(), 1u);
}

TEST(SubscriptionDrain, OfAProducerAsksItToStop) {
  Subscription producer =
      NewSubscription([](const Context& context) { Select({context.OnDone()}); }, {.name = "producer"});
  const DrainReport report = DrainInTime(producer);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_TRUE(producer.ended());
}

TEST(HandlerDrain, AFlushFromInsideWhatHandsBackIsRefused) {
  ManualExecutor executor;
  FeedOf<int> feed;
  std::vector<absl::StatusCode> codes;
  Subscription subscription = MustSubscribe(feed.Subscribe(
      [](int) {},
      {.executor = &executor, .on_left = [&](int) { codes.push_back(feed.Flush(Context::Background()).code()); }}));
  feed.Send(1);
  feed.RequestDrain();
  subscription.Unsubscribe();
  EXPECT_EQ(codes, std::vector<absl::StatusCode>{absl::StatusCode::kFailedPrecondition});
}

TEST(ChannelDrain, AFlushOfAnEndedOneWaitsForNothing) {
  FeedOf<int> feed;
  const Channel<int> channel(4);
  Subscription subscription = MustSubscribe(feed.Subscribe(channel, {.limit = 1}));
  feed.Send(1);
  ASSERT_TRUE(subscription.ended());
  EXPECT_TRUE(subscription.Flush(Context::Background()).ok()) << "though its value is still there";
}

}  // namespace
}  // namespace eventbus::testing
