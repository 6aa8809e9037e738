// A bus drains as all its topics do, under one budget and with one report.

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/event_bus.h"
#include "eventbus/manual_executor.h"
#include "eventbus/select.h"
#include "eventbus/subscription.h"
#include "gtest/gtest.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus::testing {
namespace {

using Code = absl::StatusCode;

class EventBusDrain : public ::testing::Test {
 protected:
  Subscription Subscribe(const char* subject) {
    return MustSubscribe(bus_.Subscribe<int>(subject, [this](int event) { handled_.push_back(event); },
                                             {.name = "it", .executor = &executor_}));
  }
  DrainReport DrainInVain() {
    const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(5));
    return bus_.Drain(soon.context());
  }

  ManualExecutor executor_;
  EventBus bus_{{.name = "bank"}};
  std::vector<int> handled_;
};

TEST_F(EventBusDrain, EveryTopicHandlesWhatItHas) {
  const Subscription eu = Subscribe("orders.eu");
  const Subscription us = Subscribe("orders.us");
  bus_.Publish("orders.eu", 1);
  bus_.Publish("orders.us", 2);
  bus_.Publish("orders.us", 3);
  const DrainReport late = DrainInVain();
  EXPECT_EQ(late.status.code(), Code::kDeadlineExceeded);
  EXPECT_NE(late.status.message().find("event bus 'bank': 0 running and 3 left"), absl::string_view::npos) << late;
  EXPECT_NE(late.ToString().find("orders.us/it: 0 handled, 2 left"), std::string::npos) << late;
  executor_.RunAll();
  const DrainReport report = DrainInTime(bus_);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.entries.size(), 2u);
  EXPECT_EQ(report.handled(), 3u);
  EXPECT_EQ(handled_, std::vector<int>({1, 2, 3}));
  EXPECT_TRUE(eu.ended() && us.ended());
}

TEST_F(EventBusDrain, ItsEndIsThatOfTheLastTopic) {
  const Subscription eu = Subscribe("orders.eu");
  const Subscription us = Subscribe("orders.us");
  bus_.Publish("orders.eu", 1);
  bus_.Publish("orders.us", 2);
  EXPECT_EQ(TrySelect({bus_.OnEnd()}), -1);
  std::thread waiter([&] {
    EXPECT_EQ(Select({bus_.OnEnd()}), 0);
    EXPECT_EQ(handled_.size(), 2u);
    EXPECT_TRUE(eu.ended() && us.ended());
  });
  bus_.RequestDrain();
  executor_.RunOne();
  EXPECT_EQ(TrySelect({bus_.OnEnd()}), -1);
  executor_.RunAll();
  waiter.join();
}

TEST(EventBusEnd, IsThatOfItsCloseToo) {
  std::vector<Case> end;
  {
    EventBus bus;
    bus.Publish("a", 1);
    end.push_back(bus.OnEnd());
    EXPECT_EQ(TrySelect(end), -1);
  }
  EXPECT_EQ(TrySelect(end), 0);
}

TEST(EventBusEnd, OfOneWithoutTopicsComesWithItsDrain) {
  EventBus bus;
  const Subscription nothing_matches = MustSubscribe(bus.Subscribe<int>("*", [](int) {}));
  EXPECT_EQ(TrySelect({bus.OnEnd()}), -1);
  bus.RequestDrain();
  EXPECT_EQ(TrySelect({bus.OnEnd()}), 0);
  EXPECT_TRUE(nothing_matches.ended());
}

TEST_F(EventBusDrain, WhatIsNewIsRefused) {
  const absl::StatusOr<TopicOf<int>> topic = bus_.Topic<int>("orders");
  bus_.RequestDrain();
  EXPECT_TRUE(bus_.closed());
  EXPECT_EQ(topic->Publish(1).status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(bus_.Topic<int>("other").status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(bus_.Subscribe<int>("orders.*", [](int) {}).status().code(), Code::kFailedPrecondition);
  EXPECT_TRUE(DrainInTime(bus_).ok());
  EXPECT_TRUE(bus_.Close()) << "the hard stop";
}

TEST_F(EventBusDrain, AWildcardHandlesWhatItHasAtEachTopic) {
  Subscription all = Subscribe("orders.*");
  Subscription of_none = Subscribe("payments.*");
  bus_.Publish("orders.eu", 1);
  bus_.Publish("orders.us", 2);
  bus_.RequestDrain();
  EXPECT_FALSE(all.ended());
  EXPECT_TRUE(of_none.ended());
  executor_.RunAll();
  EXPECT_EQ(handled_, std::vector<int>({1, 2}));
  EXPECT_TRUE(all.ended());
  const DrainReport report = DrainInTime(bus_);
  EXPECT_TRUE(report.ok()) << report;
  EXPECT_EQ(report.entries.size(), 2u);
  EXPECT_EQ(DrainInTime(all).handled(), 2u);
}

TEST_F(EventBusDrain, OfAWildcardAloneLeavesTheTopics) {
  Subscription all = Subscribe("orders.*");
  bus_.Publish("orders.eu", 1);
  all.RequestDrain();
  EXPECT_EQ(bus_.Publish("orders.eu", 2).delivered, 0u);
  EXPECT_EQ(bus_.Publish("orders.new", 3).delivered, 0u);
  EXPECT_FALSE(all.ended());
  executor_.RunAll();
  EXPECT_TRUE(all.ended());
  EXPECT_EQ(handled_, std::vector<int>({1}));
  EXPECT_FALSE(bus_.closed());
}

TEST_F(EventBusDrain, UnsubscribeEndsTheDrainOfAWildcard) {
  Subscription all = Subscribe("orders.*");
  bus_.Publish("orders.eu", 1);
  bus_.RequestDrain();
  all.Unsubscribe();
  executor_.RunAll();
  EXPECT_TRUE(all.ended());
  EXPECT_EQ(DrainInTime(bus_).left(), 1u);
}

TEST_F(EventBusDrain, TheHardStopEndsAWildcard) {
  const Subscription handler = Subscribe("orders.*");
  const Channel<int> channel(4);
  const Subscription to_channel = MustSubscribe(bus_.Subscribe<int>("orders.*", channel));
  bus_.Publish("orders.eu", 1);
  bus_.Publish("orders.us", 2);
  bus_.RequestDrain();
  EXPECT_FALSE(handler.ended() || to_channel.ended());
  bus_.Close(absl::AbortedError("late"));
  ASSERT_TRUE(handler.ended());
  ASSERT_TRUE(to_channel.ended());
  EXPECT_EQ(*handler.Err().Receive(), absl::AbortedError("late"));
  EXPECT_EQ(*to_channel.Err().Receive(), absl::AbortedError("late"));
  executor_.RunAll();
  EXPECT_TRUE(handled_.empty());
}

TEST_F(EventBusDrain, AWildcardMayStopItsDrainFromItsHandler) {
  std::vector<int> left;
  Subscription all;
  all = MustSubscribe(
      bus_.Subscribe<int>("orders.*",
                          [&](int event) {
                            handled_.push_back(event);
                            all.Unsubscribe();
                          },
                          {.executor = &executor_, .on_left = [&](int event) { left.push_back(event); }}));
  bus_.Publish("orders.eu", 1);
  bus_.Publish("orders.eu", 2);
  bus_.Publish("orders.us", 3);
  all.RequestDrain();
  executor_.RunAll();
  EXPECT_TRUE(all.ended());
  EXPECT_EQ(handled_, std::vector<int>({1}));
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, std::vector<int>({2, 3}));
}

TEST_F(EventBusDrain, FlushOfAWildcardFromItsHandlerIsRefused) {
  bool flushed = false;
  Subscription all;
  all = MustSubscribe(bus_.Subscribe<int>("orders.*",
                                          [&](int event) {
                                            if (event != 1) return;
                                            const CancelHandle soon =
                                                Context::Background().WithTimeout(absl::Milliseconds(5));
                                            EXPECT_EQ(all.Flush(soon.context()).code(), Code::kFailedPrecondition);
                                            flushed = true;
                                          },
                                          {.executor = &executor_}));
  ASSERT_TRUE(bus_.Topic<int>("orders.eu").ok());
  bus_.Publish("orders.us", 1);
  bus_.Publish("orders.eu", 2);  // The first part would wait for this.
  executor_.RunAll();
  EXPECT_TRUE(flushed);
}

TEST_F(EventBusDrain, FromInsideAHandlerIsRefused) {
  DrainReport report;
  absl::Status flushed;
  const Subscription subscription = MustSubscribe(bus_.Subscribe<int>("orders", [&](int) {
    report = DrainInTime(bus_);
    flushed = bus_.Flush(Context::Background());
    bus_.RequestDrain();
  }));
  bus_.Publish("orders", 1);
  EXPECT_EQ(report.status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(flushed.code(), Code::kFailedPrecondition);
  EXPECT_TRUE(DrainInTime(bus_).ok());
}

TEST_F(EventBusDrain, ContextsThatAllowNoDrainAreRefused) {
  CancelHandle done = Context::Background().WithTimeout(absl::Hours(1));
  done.Cancel();
  EXPECT_EQ(bus_.Drain(done.context()).status.code(), Code::kInvalidArgument);
  EXPECT_EQ(bus_.Drain(Context::Background()).status.code(), Code::kInvalidArgument);
  EXPECT_FALSE(bus_.closed());
}

TEST_F(EventBusDrain, FlushOfAWildcardWaitsForAllItsTopics) {
  ManualExecutor executor;
  Subscription all = MustSubscribe(bus_.Subscribe<int>("late.>", [](const int&) {}, {.executor = &executor}));
  bus_.Publish("late.one", 1);
  bus_.Publish("late.two", 2);
  CancelHandle late = Context::Background().WithCancel();
  late.Cancel();
  EXPECT_EQ(all.Flush(late.context()).code(), Code::kCancelled);
  executor.RunAll();
  EXPECT_TRUE(all.Flush(Context::Background()).ok());
}

TEST_F(EventBusDrain, FlushWaitsForAllTopicsAndEndsNothing) {
  const Subscription eu = Subscribe("orders.eu");
  const Subscription all = Subscribe("orders.*");
  bus_.Publish("orders.eu", 1);
  bus_.Publish("orders.us", 2);
  const CancelHandle soon = Context::Background().WithTimeout(absl::Milliseconds(5));
  const absl::Status late = bus_.Flush(soon.context());
  EXPECT_EQ(late.code(), Code::kDeadlineExceeded);
  EXPECT_NE(late.message().find("orders.eu"), absl::string_view::npos) << late;
  const CancelHandle handle = Context::Background().WithCancel();
  std::thread flusher([&] { EXPECT_TRUE(bus_.Flush(handle.context()).ok()); });
  AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });
  executor_.RunAll();
  flusher.join();
  EXPECT_EQ(handled_.size(), 3u);
  EXPECT_TRUE(bus_.Publish("orders.eu", 3).status.ok());
}

}  // namespace
}  // namespace eventbus::testing
