#include <string>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace {

using namespace eventbus;

void Watch(const Context& context) { Select({context.OnDone()}); }

TEST(Guide, KeyedTasks) {
  // [guide]
  KeyedTasks<std::string> watchers({.name = "watchers"});
  const absl::Status first = watchers.Start("shard-7", [](const Context& context) { Watch(context); });
  const absl::Status second = watchers.Start("shard-7", [](const Context& context) { Watch(context); });
  // kAlreadyExists: the first has not ended

  const absl::Status stopped = watchers.Stop("shard-7");  // its context is cancelled, and it has ended
  // [/guide]
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(second.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(stopped.ok());
}

}  // namespace
