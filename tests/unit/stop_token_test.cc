#include "eventbus/stop_token.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitReceivers;

TEST(ContextFromStopToken, IsCancelledByTheStop) {
  std::stop_source source;
  const ContextFromStopToken bridge(source.get_token());
  EXPECT_FALSE(bridge.context().done());
  source.request_stop();
  EXPECT_EQ(bridge.context().status().code(), absl::StatusCode::kCancelled);
  const ContextFromStopToken late(source.get_token());
  EXPECT_TRUE(late.context().done());
}

TEST(ContextFromStopToken, EndsAWaitInAThreadThatIsStopped) {
  const Channel<int> channel;
  std::jthread thread([&channel](std::stop_token stop) {
    const ContextFromStopToken stopped(std::move(stop));
    EXPECT_EQ(channel.Receive(stopped.context()).status().code(), absl::StatusCode::kCancelled);
  });
  AwaitReceivers(channel, 1);
  thread.request_stop();
}

TEST(ContextFromStopToken, EndsWithItsParentAndWithItself) {
  CancelHandle parent = Context::Background().WithCancel();
  const std::stop_source source;
  std::optional<ContextFromStopToken> bridge(std::in_place, source.get_token(), parent.context());
  std::optional<ContextFromStopToken> other(std::in_place, source.get_token());
  const Context context = other->context();
  parent.Cancel();
  EXPECT_TRUE(bridge->context().done());
  EXPECT_FALSE(source.stop_requested());
  EXPECT_FALSE(context.done());
  other.reset();
  EXPECT_TRUE(context.done());
}

TEST(ContextFromStopToken, OfATokenThatCannotBeStoppedIsItsParentsChild) {
  const ContextFromStopToken bridge{std::stop_token()};
  EXPECT_FALSE(bridge.context().done());
}

TEST(StopTokenFromContext, IsStoppedByTheEnd) {
  CancelHandle handle = Context::Background().WithCancel();
  const StopTokenFromContext bridge(handle.context());
  const std::stop_token token = bridge.token();
  EXPECT_TRUE(token.stop_possible());
  EXPECT_FALSE(token.stop_requested());
  handle.Cancel();
  EXPECT_TRUE(token.stop_requested());
  EXPECT_TRUE(StopTokenFromContext(handle.context()).token().stop_requested());
}

TEST(StopTokenFromContext, EndsAWaitOfTheStandardLibraryAtTheDeadline) {
  const CancelHandle handle = Context::Background().WithTimeout(absl::Milliseconds(2));
  const StopTokenFromContext bridge(handle.context());
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  EXPECT_FALSE(condition.wait(lock, bridge.token(), [] { return false; }));
}

TEST(StopTokenFromContext, DoesNotReachTheContextAndEndsWithItself) {
  CancelHandle handle = Context::Background().WithCancel();
  std::optional<StopTokenFromContext> bridge(handle.context());
  StopTokenFromContext moved = *std::move(bridge);
  bridge.reset();
  std::stop_source source = moved.source();
  source.request_stop();
  EXPECT_FALSE(handle.context().done());
  std::stop_token left;
  {
    const StopTokenFromContext dropped(handle.context());
    left = dropped.token();
  }
  handle.Cancel();
  EXPECT_FALSE(left.stop_requested());
}

}  // namespace
}  // namespace eventbus
