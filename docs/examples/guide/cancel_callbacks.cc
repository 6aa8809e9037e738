// The guide's example of callbacks of contexts.

#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"
#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, CancelCallbacks) {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  // [guide]
  const CancelHandle limit = Context::Background().WithTimeout(absl::Milliseconds(5));
  const CancelCallback stop = limit.context().OnCancel([&] {  // although nobody looks at the context
    const std::lock_guard lock(mutex);
    stopped = true;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return stopped; });  // what could not wait for a context ends with it
  // [/guide]
  EXPECT_TRUE(limit.context().done());
}

}  // namespace
}  // namespace eventbus
