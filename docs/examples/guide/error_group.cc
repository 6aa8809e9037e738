// The guide's example of error groups.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

absl::Status Fetch(const Context& context, const std::string& url) {
  if (url == "bad") return absl::NotFoundError(url);
  Select({context.OnDone()});  // As one that takes long.
  return context.status();
}

TEST(Guide, ErrorGroups) {
  const Context parent = Context::Background();
  const std::vector<std::string> urls = {"slow", "bad", "slower"};
  // [guide]
  ErrorGroup group(parent, {.limit = 4});  // on threads of their own; {.executor = &pool} runs them there
  for (const std::string& url : urls) {
    const absl::Status started = group.Go([url](const Context& context) { return Fetch(context, url); });
    if (!started.ok()) break;  // one has failed already
  }
  const absl::Status status = group.Wait();  // the first error; the others were cancelled because of it
  // [/guide]
  EXPECT_EQ(status, absl::NotFoundError("bad"));
}

}  // namespace
}  // namespace eventbus
