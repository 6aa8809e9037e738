#include "eventbus/sleep.h"

#include <thread>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/context.h"
#include "gtest/gtest.h"
#include "tests/support/waiting.h"

namespace eventbus {
namespace {

using testing::AwaitTrue;
using testing::WaitingFor;

const Context& Forever() {
  static const Context background = Context::Background();
  return background;
}

TEST(SleepFor, IsOkOnceTheTimeHasPassed) {
  const absl::Time start = absl::Now();
  EXPECT_TRUE(SleepFor(Forever(), absl::Milliseconds(3)).ok());
  EXPECT_GE(absl::Now(), start + absl::Milliseconds(2));
  const CancelHandle alive = Context::Background().WithTimeout(absl::Hours(1));
  EXPECT_TRUE(SleepFor(alive.context(), absl::Milliseconds(1)).ok());
  EXPECT_EQ(WaitingFor(alive.context()), 0u);
}

TEST(SleepFor, OfNothingReturnsAtOnce) {
  const CancelHandle alive = Context::Background().WithCancel();
  EXPECT_TRUE(SleepFor(Forever(), absl::ZeroDuration()).ok());
  EXPECT_TRUE(SleepFor(alive.context(), absl::Seconds(-1)).ok());
  EXPECT_TRUE(SleepFor(alive.context(), -absl::InfiniteDuration()).ok());
}

TEST(SleepFor, EndsWithItsContext) {
  CancelHandle handle = Context::Background().WithCancel();
  std::thread sleeper(
      [&] { EXPECT_EQ(SleepFor(handle.context(), absl::InfiniteDuration()).code(), absl::StatusCode::kCancelled); });
  AwaitTrue([&] { return WaitingFor(handle.context()) == 1; });
  handle.Cancel();
  sleeper.join();
  const CancelHandle late = Context::Background().WithTimeout(absl::Milliseconds(1));
  EXPECT_EQ(SleepFor(late.context(), absl::Hours(1)).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(SleepFor, AContextThatHasEndedComesFirst) {
  CancelHandle handle = Context::Background().WithCancel();
  handle.Cancel();
  EXPECT_EQ(SleepFor(handle.context(), absl::ZeroDuration()).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(SleepFor(handle.context(), -absl::InfiniteDuration()).code(), absl::StatusCode::kCancelled);
}

TEST(SleepUntil, SleepsUntilTheTime) {
  const absl::Time until = absl::Now() + absl::Milliseconds(3);
  EXPECT_TRUE(SleepUntil(Forever(), until).ok());
  EXPECT_GE(absl::Now(), until - absl::Milliseconds(1));
  EXPECT_TRUE(SleepUntil(Forever(), absl::InfinitePast()).ok());
}

}  // namespace
}  // namespace eventbus
