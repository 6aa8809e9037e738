// The guide's example of semaphores.

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

struct Request {
  std::string body;
};

TEST(Guide, Semaphores) {
  const Context context = Context::Background();
  int handled = 0;
  const auto handle = [&](const Request&) { ++handled; };
  // [guide]
  Semaphore memory(1 << 20);
  const auto serve = [&](const Request& request) -> absl::Status {
    absl::StatusOr<SemaphorePermit> permit = memory.Hold(context, static_cast<int64_t>(request.body.size()));
    if (!permit.ok()) return permit.status();
    handle(request);
    return absl::OkStatus();  // the permit gives the units back when it goes
  };
  // [/guide]
  EXPECT_TRUE(serve({.body = "hello"}).ok());
  EXPECT_EQ(serve({.body = std::string(2 << 20, 'x')}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(memory.ApproxAvailable(), 1 << 20);
}

}  // namespace
}  // namespace eventbus
