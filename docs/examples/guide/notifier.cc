// The guide's example of notifiers.

#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "eventbus/eventbus.h"
#include "gtest/gtest.h"

namespace eventbus {
namespace {

TEST(Guide, Notifiers) {
  CancelHandle cancel = Context::Background().WithCancel();
  const Context context = cancel.context();
  std::vector<int> done;
  // [guide]
  std::mutex mutex;
  std::vector<int> jobs;  // guarded by the mutex
  Notifier more;
  std::thread worker([&] {
    while (more.Wait(context).ok()) {  // several notifies since the last time are one wake-up
      std::vector<int> taken;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        taken.swap(jobs);
      }
      done.insert(done.end(), taken.begin(), taken.end());
      if (done.size() == 2) return;
    }
  });
  for (const int job : {1, 2}) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      jobs.push_back(job);
    }
    more.Notify();
  }
  // [/guide]
  worker.join();
  EXPECT_EQ(done, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace eventbus
