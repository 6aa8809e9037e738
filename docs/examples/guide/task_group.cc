// The guide's example of task groups.

#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

absl::Status Serve(const Context& context) {
  Select({context.OnDone()});
  return absl::OkStatus();
}

TEST(Guide, TaskGroups) {
  const Context parent = Context::Background();
  const CancelHandle budget = Context::Background().WithTimeout(absl::Minutes(1));
  // [guide]
  TaskGroup server(parent, {.name = "server"});
  TaskGroup connections = server.Sub({.name = "connections"});  // ends with the server, which waits for it
  const absl::Status started = server.Go([](const Context& context) { return Serve(context); });
  TaskToken connection = connections.Add();  // for what runs elsewhere: done when it is destroyed
  std::thread elsewhere([connection = std::move(connection)] {});

  server.Cancel();
  const absl::Status waited = server.Wait(budget.context());  // of the wait: OK, or late and work is left
  const absl::Status failed = server.status();                // of the tasks: the first error
  // [/guide]
  elsewhere.join();
  EXPECT_TRUE(started.ok());
  EXPECT_TRUE(waited.ok());
  EXPECT_TRUE(failed.ok() || failed.code() == absl::StatusCode::kCancelled) << "if it had not begun";
}

}  // namespace
}  // namespace eventbus
