// Questions over a bus, and their answers.

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "eventbus/event_bus.h"
#include "eventbus/manual_executor.h"
#include "eventbus/thread_pool.h"
#include "gtest/gtest.h"
#include "tests/support/payloads.h"
#include "tests/support/subscribed.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;
using testing::MoveOnly;
using testing::MustSubscribe;

Context NoEnd() { return Context::Background(); }

TEST(Request, GetsTheAnswer) {
  EventBus bus;
  const Subscription server = MustSubscribe(
      bus.Serve<std::string, int>("length", [](const std::string& text) { return static_cast<int>(text.size()); }));
  EXPECT_EQ(*bus.Request<int>("length", std::string("four"), NoEnd()), 4);
}

TEST(Request, GetsTheAnswerOfAnotherThread) {
  EventBus bus;
  ThreadPool pool(2);
  const Subscription server =
      MustSubscribe(bus.Serve<int, int>("double", [](int n) { return 2 * n; }, {.executor = &pool}));
  for (int n = 0; n < 100; ++n) EXPECT_EQ(*bus.Request<int>("double", n, NoEnd()), 2 * n);
}

TEST(Request, AnErrorIsAnAnswer) {
  EventBus bus;
  const Subscription server = MustSubscribe(bus.Serve<int, int>("root", [](int n) -> absl::StatusOr<int> {
    return n < 0 ? absl::OutOfRangeError("negative") : absl::StatusOr<int>(0);
  }));
  EXPECT_EQ(bus.Request<int>("root", -1, NoEnd()).status(), absl::OutOfRangeError("negative"));
}

TEST(Request, MovesWhatCannotBeCopied) {
  EventBus bus;
  const Subscription server = MustSubscribe(bus.Serve<MoveOnly, std::unique_ptr<int>>(
      "a", [](const MoveOnly& n) { return std::make_unique<int>(n.number()); }));
  EXPECT_EQ(**bus.Request<std::unique_ptr<int>>("a", MoveOnly(7), NoEnd()), 7);
}

TEST(Request, NobodyToAskIsToldAtOnce) {
  EventBus bus({.name = "main"});
  const absl::Status status = bus.Request<int>("length", std::string("four"), NoEnd()).status();
  EXPECT_EQ(status, absl::UnavailableError("bus 'main': nobody answers on topic 'length'"));
}

TEST(Request, AServerThatGoesWithoutAnAnswerIsToldAtOnce) {
  EventBus bus;
  ManualExecutor executor;
  Subscription server = MustSubscribe(bus.Serve<int, int>("a", [](int n) { return n; }, {.executor = &executor}));
  std::thread asking(
      [&] { EXPECT_EQ(bus.Request<int>("a", 1, NoEnd()).status().code(), absl::StatusCode::kUnavailable); });
  AwaitTrue([&] { return executor.size() == 1; });
  server.Unsubscribe();
  asking.join();
}

TEST(Request, AServerThatThrowsIsAnError) {
  EventBus bus;
  int errors = 0;
  const Subscription server = MustSubscribe(bus.Serve<int, int>("a", [](int) -> int { throw std::runtime_error("no"); },
                                                                {.on_error = [&](const absl::Status&) { ++errors; }}));
  EXPECT_EQ(bus.Request<int>("a", 1, NoEnd()).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(errors, 1);
}

TEST(Request, EndsWithItsContext) {
  EventBus bus;
  std::vector<RequestOf<int, int>> pending;
  const Subscription server = MustSubscribe(
      bus.Subscribe<RequestOf<int, int>>("a", [&](const RequestOf<int, int>& request) { pending.push_back(request); }));
  EXPECT_EQ(bus.Request<int>("a", 1, Context::Background().WithTimeout(absl::ZeroDuration()).context()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(pending.empty()) << "the context is looked at first";
  CancelHandle handle = Context::Background().WithCancel();
  std::thread asking(
      [&] { EXPECT_EQ(bus.Request<int>("a", 7, handle.context()).status().code(), absl::StatusCode::kCancelled); });
  AwaitTrue([&] { return testing::WaitingFor(handle.context()) == 1; });
  handle.Cancel();
  asking.join();
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].value(), 7);
  EXPECT_FALSE(pending[0].Respond(1)) << "nobody waits any more";
}

TEST(Request, WhoKeepsTheRequestAnswersLater) {
  EventBus bus;
  const Channel<RequestOf<int, int>> pending(1);
  const Subscription server = MustSubscribe(bus.Subscribe<RequestOf<int, int>>("a", pending));
  std::thread asking([&] { EXPECT_EQ(*bus.Request<int>("a", 7, NoEnd()), 8); });
  const RequestOf<int, int> request = *pending.Receive();
  EXPECT_TRUE(request.Respond(request.value() + 1));
  asking.join();
}

TEST(Request, TheWrongTypesAreRefused) {
  EventBus bus;
  const Subscription server = MustSubscribe(bus.Serve<int, int>("a", [](int n) { return n; }));
  EXPECT_EQ(bus.Request<double>("a", 1, NoEnd()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.Request<int>("a", 1.5, NoEnd()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(bus.Request<int>("a.*", 1, NoEnd()).status().code(), absl::StatusCode::kInvalidArgument);
  bus.Close();
  EXPECT_EQ(bus.Request<int>("a", 1, NoEnd()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(RequestAll, GathersFromAll) {
  EventBus bus;
  ThreadPool pool(2);
  std::vector<Subscription> servers;
  for (int i = 1; i <= 3; ++i) {
    servers.push_back(MustSubscribe(bus.Serve<int, int>("a.*", [i](int n) { return i * n; }, {.executor = &pool})));
  }
  servers.push_back(
      MustSubscribe(bus.Serve<int, int>("a.b", [](int) -> absl::StatusOr<int> { return absl::DataLossError("bad"); })));
  const RepliesOf<int> gathered = bus.RequestAll<int>("a.b", 10, NoEnd());
  EXPECT_TRUE(gathered.status.ok());
  EXPECT_EQ(gathered.asked, 4u);
  std::vector<int> replies = gathered.replies;
  std::sort(replies.begin(), replies.end());
  EXPECT_EQ(replies, (std::vector<int>{10, 20, 30}));
  EXPECT_EQ(gathered.errors, (std::vector<absl::Status>{absl::DataLossError("bad")}));
}

TEST(RequestAll, GivesWhatCameBeforeTheDeadline) {
  EventBus bus;
  const Subscription quick = MustSubscribe(bus.Serve<int, int>("a", [](int n) { return n; }));
  const Channel<RequestOf<int, int>> pending(1);
  const Subscription slow = MustSubscribe(bus.Subscribe<RequestOf<int, int>>("a", pending));
  CancelHandle handle = Context::Background().WithCancel();
  std::thread canceller([&] {
    AwaitTrue([&] { return testing::WaitingFor(handle.context()) == 1; });
    handle.Cancel();
  });
  const RepliesOf<int> gathered = bus.RequestAll<int>("a", 7, handle.context());
  canceller.join();
  EXPECT_EQ(gathered.status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(gathered.asked, 2u);
  EXPECT_EQ(gathered.replies, (std::vector<int>{7}));
}

TEST(RequestAll, GivesUpOnThoseWhoAreGone) {
  EventBus bus;
  const Subscription quick = MustSubscribe(bus.Serve<int, int>("a", [](int n) { return n; }));
  const Subscription silent = MustSubscribe(bus.Subscribe<RequestOf<int, int>>("a", [](const RequestOf<int, int>&) {}));
  const RepliesOf<int> gathered = bus.RequestAll<int>("a", 7, NoEnd());
  EXPECT_TRUE(gathered.status.ok());
  EXPECT_EQ(gathered.asked, 2u);
  EXPECT_EQ(gathered.replies, (std::vector<int>{7}));
}

TEST(RequestAll, NobodyToAskIsToldAtOnce) {
  EventBus bus;
  EXPECT_EQ(bus.RequestAll<int>("a", 7, NoEnd()).status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace eventbus
