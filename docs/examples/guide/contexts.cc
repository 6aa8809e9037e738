// The guide's example of contexts.

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Contexts) {
  const Channel<int> replies;
  // [guide]
  CancelHandle server = Context::Background().WithCancel();
  const CancelHandle request = server.context().WithTimeout(absl::Seconds(2));  // a child: ends with the server
  server.Cancel(absl::UnavailableError("the server stops"));

  const absl::StatusOr<int> reply = replies.Receive(request.context());
  // reply.status() is kCancelled, or kDeadlineExceeded had two seconds passed first
  const absl::Status why = request.context().cause();  // "the server stops"
  // [/guide]
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(why, absl::UnavailableError("the server stops"));
}

}  // namespace
}  // namespace eventbus
