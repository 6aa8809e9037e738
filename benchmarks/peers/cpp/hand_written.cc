// The contender `hand-written`: what people write when they have no library: a mutex, two condition variables and a
// std::deque; for handlers, functions in a std::map that a mutex guards.
//
// `fanout/*` has a queue and a thread for each receiver, not two worker threads: there is no lighter consumer to be had
// by hand, which is why it ends at 100 receivers.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "benchmarks/contender/bursts.h"
#include "benchmarks/contender/contender.h"
#include "benchmarks/contender/queues.h"

namespace {

using contender::Play;
using contender::Result;

// Bounded: a sender waits for room.
class Queue {
 public:
  explicit Queue(size_t capacity) : capacity_(capacity) {}

  void Send(uint64_t value) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return values_.size() < capacity_; });
      values_.push_back(value);
    }
    filled_.notify_one();
  }

  uint64_t Receive() {
    uint64_t value = 0;
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return !values_.empty(); });
      value = values_.front();
      values_.pop_front();
    }
    room_.notify_one();
    return value;
  }

 private:
  const size_t capacity_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<uint64_t> values_;
};

// Capacity 0: a sender puts its value on the table and waits until it has been taken.
class Rendezvous {
 public:
  void Send(uint64_t value) {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !full_; });
    value_ = value;
    full_ = true;
    const uint64_t mine = ++put_;
    filled_.notify_one();
    taken_changed_.wait(lock, [this, mine] { return taken_ >= mine; });
  }

  uint64_t Receive() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return full_; });
    const uint64_t value = value_;
    full_ = false;
    ++taken_;
    free_.notify_one();
    taken_changed_.notify_all();  // Of several senders that wait here, it is for one, and not known which.
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  std::condition_variable filled_;
  std::condition_variable taken_changed_;
  bool full_ = false;
  uint64_t value_ = 0;
  uint64_t put_ = 0;
  uint64_t taken_ = 0;
};

Result PlayTwoThreads(Play& play, size_t capacity) {
  if (capacity == 0) {
    Rendezvous rendezvous;
    return contender::PlayTwoThreads(play, rendezvous);
  }
  Queue queue(capacity);
  return contender::PlayTwoThreads(play, queue);
}

Result PlayFanOut(Play& play, size_t receivers) {
  contender::Bursts bursts;
  std::deque<Queue> queues;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < receivers; ++i) {
    Queue& queue = queues.emplace_back(contender::kRoom);
    threads.emplace_back([&queue, receiver = contender::BurstReceiver(bursts)]() mutable {
      for (uint64_t value = queue.Receive(); value != contender::kEnd; value = queue.Receive()) receiver.Take(value);
    });
  }
  const auto send = [&queues](uint64_t value) {
    for (Queue& queue : queues) queue.Send(value);
  };
  const Result result = bursts.Measure(play, receivers, send);
  send(contender::kEnd);
  for (std::thread& thread : threads) thread.join();
  return result;
}

// Handlers, called by the sender under the lock: no handler runs once `Remove` has returned.
class Handlers {
 public:
  using Handler = std::function<void(uint64_t)>;

  uint64_t Add(Handler handler) {
    const std::lock_guard lock(mutex_);
    handlers_.emplace(++last_, std::move(handler));
    return last_;
  }
  void Remove(uint64_t id) {
    const std::lock_guard lock(mutex_);
    handlers_.erase(id);
  }
  void Send(uint64_t value) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, handler] : handlers_) handler(value);
  }

 private:
  std::mutex mutex_;
  std::map<uint64_t, Handler> handlers_;
  uint64_t last_ = 0;
};

Result PlayHandlers(Play& play, size_t count) {
  Handlers handlers;
  std::vector<uint64_t> sums(count);
  for (uint64_t& sum : sums) handlers.Add([&sum](uint64_t value) { sum += value; });
  const uint64_t sends = contender::SendsOfBatch(count);
  uint64_t sent = 0;
  const Result result = play.Measure(sends * count, [&] {
    for (uint64_t i = 0; i < sends; ++i) handlers.Send(sent++);
  });
  for (const uint64_t sum : sums) contender::RequireSum(sum, sent);
  return result;
}

Result PlaySubscribe(Play& play, size_t others) {
  constexpr uint64_t kSubscriptions = 100;
  Handlers handlers;
  std::vector<uint64_t> sums(others);
  for (uint64_t& sum : sums) handlers.Add([&sum](uint64_t value) { sum += value; });
  uint64_t calls = 0;
  const Result result = play.Measure(kSubscriptions, [&] {
    for (uint64_t i = 0; i < kSubscriptions; ++i) handlers.Remove(handlers.Add([&calls](uint64_t) { ++calls; }));
  });
  handlers.Send(1);
  contender::Require(calls == 0, "a handler was not removed");
  for (const uint64_t sum : sums) contender::Require(sum == 1, "a handler was not called once");
  handlers.Add([&calls](uint64_t) { ++calls; });
  handlers.Send(1);
  contender::Require(calls == 1, "a new handler was not called once");
  return result;
}

// A thread waits here until another says so.
class Bell {
 public:
  void Ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    changed_.notify_one();
  }
  void Await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

Result PlayPark(Play& play) {
  constexpr uint64_t kRounds = 100;
  Bell there;
  Bell back;
  bool over = false;
  uint64_t turn = 0;  // Passed to and fro: whoever is awake owns it.
  std::thread other([&] {
    while (true) {
      there.Await();
      if (over) return;
      contender::Require(turn++ % 2 == 1, "a thread was awake out of turn");
      back.Ring();
    }
  });
  const Result result = play.Measure(2 * kRounds, [&] {
    for (uint64_t i = 0; i < kRounds; ++i) {
      contender::Require(turn++ % 2 == 0, "a thread was awake out of turn");
      there.Ring();
      back.Await();
    }
  });
  over = true;
  there.Ring();
  other.join();
  return result;
}

Result PlayLatency(Play& play, contender::Receiver kind) {
  Queue queue(64);
  return contender::PlayLatency(play, queue, kind);
}

}  // namespace

int main(int argc, char** argv) {
  contender::Contender contender;
  contender.Add("channel/uncontended", [](Play& play) {
    Queue queue(64);
    return contender::PlayUncontended(play, queue);
  });
  contender.AddEach("channel/two_threads/", {0, 1, 64, 1024}, PlayTwoThreads);
  contender.Add("channel/four_by_four", [](Play& play) {
    Queue queue(64);
    return contender::PlayFourByFour(play, queue);
  });
  contender.AddEach("fanout/", {1, 10, 100}, PlayFanOut);
  contender.AddEach("handlers/", contender::kFanOuts, PlayHandlers);
  contender.AddEach("subscribe/", contender::kOthers, PlaySubscribe);
  contender.Add("latency/parked", [](Play& play) { return PlayLatency(play, contender::Receiver::kParked); });
  contender.Add("latency/busy", [](Play& play) { return PlayLatency(play, contender::Receiver::kBusy); });
  contender.Add("park", PlayPark);
  return contender.Main(argc, argv);
}
