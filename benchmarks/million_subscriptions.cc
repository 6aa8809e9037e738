// A million subscriptions on one feed: makes them, sends to all, ends them all, and says what that took.
//
//   ./bazelw run -c opt //benchmarks:million_subscriptions -- [COUNT]
//
// Each is a handler on a pool of two threads, with a queue for one value. Ends with 0 if every handler was called.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/channel.h"
#include "eventbus/feed.h"
#include "eventbus/thread_pool.h"

namespace {

using namespace eventbus;

// A number from /proc/self/status, in KiB; 0 where there is none.
int64_t Memory(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1));
  }
  return 0;
}

class Stopwatch {
 public:
  // Says what took the time since the last call.
  void Say(const std::string& what, int64_t count) {
    const absl::Time now = absl::Now();
    std::cout << what << ": " << now - last_ << ", " << (now - last_) / count << " each\n";
    last_ = now;
  }

 private:
  absl::Time last_ = absl::Now();
};

}  // namespace

int main(int argc, char** argv) {
  const int64_t count = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  if (count < 1) {
    std::cerr << "usage: million_subscriptions [COUNT], at least 1\n";
    return 2;
  }
  ThreadPool pool(2);
  FeedOf<int64_t> feed;
  struct {
    std::atomic<int64_t> sum{0};
    std::atomic<int64_t> left{0};
    Channel<int> done{1};
  } shared;
  shared.left = count;
  std::vector<Subscription> subscriptions;
  subscriptions.reserve(count);
  const int64_t before = Memory("VmRSS");

  Stopwatch watch;
  for (int64_t i = 0; i < count; ++i) {
    subscriptions.push_back(*feed.Subscribe(
        [all = &shared](const int64_t& value) {
          all->sum += value;
          if (all->left.fetch_sub(1) == 1) all->done.TrySend(1).IgnoreError();
        },
        {.executor = &pool, .capacity = 1}));
  }
  watch.Say("subscribed", count);
  const int64_t idle = Memory("VmRSS");
  const SendResult result = feed.Send(3);
  watch.Say("sent", count);
  shared.done.Receive().IgnoreError();
  watch.Say("all handled after another", count);
  subscriptions.clear();
  watch.Say("unsubscribed", count);
  std::cout << "memory: " << (idle - before) * 1024 / count
            << " bytes for each idle subscription with its handle and buffer, " << Memory("VmHWM") / 1024
            << " MiB at the peak\n";
  return result.delivered == static_cast<size_t>(count) && shared.sum == 3 * count && feed.subscribers() == 0 ? 0 : 1;
}
