// The contender `boost-fiber`: buffered_channel, unbuffered_channel and fibers of Boost.Fiber.
//
// A buffered_channel has a power of two of slots, one of which stays empty. The capacities are the nearest that it has:
// exact for 1, one less for 64 and 1024, 255 where room for 200 is asked for.

#include <boost/fiber/algo/shared_work.hpp>
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/unbuffered_channel.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "benchmarks/contender/bursts.h"
#include "benchmarks/contender/contender.h"
#include "benchmarks/contender/queues.h"

namespace {

using boost::fibers::channel_op_status;
using contender::Play;
using contender::Result;

// Enough for what the fibers do here. Only the pages that they touch become memory.
constexpr size_t kStackBytes = size_t{16} << 10;

// Either channel as the scenarios between threads want it.
template <typename Channel>
class Queue {
 public:
  template <typename... Arguments>
  explicit Queue(Arguments... arguments) : channel_(arguments...) {}

  void Send(uint64_t value) { contender::Require(channel_.push(value) == channel_op_status::success, "a send failed"); }

  uint64_t Receive() {
    uint64_t value = 0;
    contender::Require(channel_.pop(value) == channel_op_status::success, "a receive failed");
    return value;
  }

 private:
  Channel channel_;
};

using Buffered = Queue<boost::fibers::buffered_channel<uint64_t>>;
using Unbuffered = Queue<boost::fibers::unbuffered_channel<uint64_t>>;

Result PlayTwoThreads(Play& play, size_t capacity) {
  if (capacity == 0) {
    Unbuffered channel;
    return contender::PlayTwoThreads(play, channel);
  }
  Buffered channel(capacity == 1 ? 2 : capacity);
  return contender::PlayTwoThreads(play, channel);
}

// Fibers on two threads that share one queue of those that are ready, as a pool does. With work stealing, or with half
// of the fibers on each thread, these scenarios take about as long.
class Workers {
 public:
  // `body` is the fiber of each of the `queues`.
  template <typename Body>
  Workers(std::deque<Buffered>& queues, Body body) {
    constexpr size_t kThreads = 2;
    started_.Expect(kThreads);
    for (size_t first = 0; first < kThreads; ++first) {
      threads_.emplace_back([this, &queues, body, first] {
        constexpr bool kSleepWhenIdle = true;
        boost::fibers::use_scheduling_algorithm<boost::fibers::algo::shared_work>(kSleepWhenIdle);
        std::vector<boost::fibers::fiber> fibers;
        for (size_t i = first; i < queues.size(); i += kThreads) {
          fibers.emplace_back(std::allocator_arg, boost::fibers::fixedsize_stack(kStackBytes), body,
                              std::ref(queues[i]));
        }
        boost::this_fiber::yield();  // All of them run until they wait.
        started_.Arrive();
        for (boost::fibers::fiber& fiber : fibers) fiber.join();
      });
    }
    started_.Await();
  }

  void Join() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  contender::Arrivals started_;
  std::vector<std::thread> threads_;
};

Result PlayFanOut(Play& play, size_t receivers) {
  contender::Bursts bursts;
  std::deque<Buffered> queues;
  for (size_t i = 0; i < receivers; ++i) queues.emplace_back(size_t{256});
  Workers workers(queues, [&bursts](Buffered& queue) {
    contender::BurstReceiver receiver(bursts);
    for (uint64_t value = queue.Receive(); value != contender::kEnd; value = queue.Receive()) receiver.Take(value);
  });
  const auto send = [&queues](uint64_t value) {
    for (Buffered& queue : queues) queue.Send(value);
  };
  const Result result = bursts.Measure(play, receivers, send);
  send(contender::kEnd);
  workers.Join();
  return result;
}

Result PlayMemory(Play&) {
  contender::Arrivals arrivals;
  std::deque<Buffered> queues;
  std::optional<Workers> workers;
  const Result result = contender::MeasureMemory([&](size_t index) {
    queues.emplace_back(size_t{2});
    if (index + 1 < contender::kIdleSubscriptions) return;
    workers.emplace(queues, [&arrivals](Buffered& queue) {
      contender::Require(queue.Receive() == 7, "a value was changed");
      arrivals.Arrive();
    });
  });
  arrivals.Expect(contender::kIdleSubscriptions);
  for (Buffered& queue : queues) queue.Send(7);
  arrivals.Await();
  workers->Join();
  return result;
}

Result PlayLatency(Play& play, contender::Receiver kind) {
  Buffered channel(size_t{64});
  return contender::PlayLatency(play, channel, kind);
}

}  // namespace

int main(int argc, char** argv) {
  contender::Contender contender;
  contender.Add("channel/uncontended", [](Play& play) {
    Buffered channel(size_t{64});
    return contender::PlayUncontended(play, channel);
  });
  contender.AddEach("channel/two_threads/", {0, 1, 64, 1024}, PlayTwoThreads);
  contender.Add("channel/four_by_four", [](Play& play) {
    Buffered channel(size_t{64});
    return contender::PlayFourByFour(play, channel);
  });
  contender.AddEach("fanout/", contender::kFanOuts, PlayFanOut);
  contender.Add("memory/subscription", PlayMemory);
  contender.Add("latency/parked", [](Play& play) { return PlayLatency(play, contender::Receiver::kParked); });
  contender.Add("latency/busy", [](Play& play) { return PlayLatency(play, contender::Receiver::kBusy); });
  return contender.Main(argc, argv);
}
