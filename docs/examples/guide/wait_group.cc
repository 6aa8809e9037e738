// The guide's example of wait groups.

#include <atomic>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, WaitGroups) {
  std::atomic<int> flushed = 0;
  const auto flush = [&flushed](int) { ++flushed; };
  const CancelHandle handle = Context::Background().WithTimeout(absl::Minutes(1));
  const Context& context = handle.context();
  ThreadPool pool(2);
  // [guide]
  WaitGroup running;
  for (int shard = 0; shard < 3; ++shard) {
    running.Add();  // before the work that will call `Done`
    pool.Submit([&running, &flush, shard] {
      flush(shard);
      running.Done();
    });
  }
  const absl::Status status = running.Wait(context);  // all three have ended, or the context has
  // [/guide]
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(flushed, 3);
  running.Wait();
}

}  // namespace
}  // namespace eventbus
