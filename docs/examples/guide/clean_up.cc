// The guide's example of sleeping, and of cleaning up after a cancellation.

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, CleanUp) {
  const Channel<int> farewells(1);
  // [guide]
  const auto say_goodbye = [&farewells](const Context& context) -> absl::Status {
    // `context` may be done: everything that is given it would end at once.
    const CancelHandle clean_up = context.WithoutCancel().WithTimeout(absl::Seconds(5));
    return farewells.Send(clean_up.context(), 1);
  };
  const auto attempt = [&](const Context& context) -> absl::Status {
    for (int i = 0; i < 3; ++i) {
      const absl::Status slept = SleepFor(context, absl::Milliseconds(10));  // between attempts
      if (!slept.ok()) return say_goodbye(context);
    }
    return absl::UnavailableError("three attempts failed");
  };
  // [/guide]
  CancelHandle handle = Context::Background().WithCancel();
  EXPECT_EQ(attempt(handle.context()), absl::UnavailableError("three attempts failed"));
  handle.Cancel();
  EXPECT_TRUE(attempt(handle.context()).ok());
  EXPECT_TRUE(farewells.TryReceive().ok());
}

}  // namespace
}  // namespace eventbus
