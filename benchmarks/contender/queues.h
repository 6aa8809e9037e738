// The scenarios of one queue between threads, `channel/*` and `latency/*`, for whatever can send and receive. The
// topologies are the same for all contenders; only the queue is theirs.

#ifndef EVENTBUS_BENCHMARKS_CONTENDER_QUEUES_H_
#define EVENTBUS_BENCHMARKS_CONTENDER_QUEUES_H_

#include <array>
#include <atomic>
#include <barrier>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "benchmarks/contender/contender.h"
#include "benchmarks/contender/sleeper.h"

namespace contender {

// Both calls block, may be called from several threads, and fail (`Fail`) where they cannot do what they are for.
template <typename Queue>
concept ThreadQueue = requires(Queue& queue, uint64_t value) {
  queue.Send(value);
  { queue.Receive() } -> std::same_as<uint64_t>;
};

// Values that say something to a receiver; none of those that are counted up.
inline constexpr uint64_t kEnd = std::numeric_limits<uint64_t>::max();
inline constexpr uint64_t kAnswer = kEnd - 1;  // "Say that all has come until here."

template <ThreadQueue Queue>
Result PlayUncontended(Play& play, Queue& queue) {
  constexpr uint64_t kValues = 1000;
  uint64_t sent = 0;
  Sequence received;
  return play.Measure(kValues, [&] {
    for (uint64_t i = 0; i < kValues; ++i) {
      queue.Send(sent++);
      received.Take(queue.Receive());
    }
  });
}

// sender ---> queue ---> receiver
template <ThreadQueue Queue>
Result PlayTwoThreads(Play& play, Queue& queue) {
  static constexpr uint64_t kValues = 500;
  Arrivals all_came;
  uint64_t received = 0;
  std::thread receiver([&] {
    Sequence values;  // Here: what the two threads count in must not lie in one cache line.
    while (true) {
      const uint64_t value = queue.Receive();
      if (value < kAnswer) {
        values.Take(value);
      } else if (value == kAnswer) {
        all_came.Arrive();
      } else {
        break;
      }
    }
    received = values.taken();
  });
  uint64_t sent = 0;
  const Result result = play.Measure(
      kValues,
      [&] {
        for (uint64_t i = 0; i < kValues; ++i) queue.Send(sent++);
      },
      [&] {
        all_came.Expect(1);
        queue.Send(kAnswer);
        all_came.Await();
      });
  queue.Send(kEnd);
  receiver.join();
  Require(received == sent, "values were lost");
  return result;
}

// 4 senders ===> queue ===> 4 receivers. Each batch has threads of its own; it is long enough that starting them does
// not count.
template <ThreadQueue Queue>
Result PlayFourByFour(Play& play, Queue& queue) {
  static constexpr uint64_t kPairs = 4;
  static constexpr uint64_t kValues = 50'000;  // Of each sender. A value tells its sender: it is that modulo 4.
  struct Received {
    uint64_t count = 0;
    uint64_t sum = 0;
    std::array<uint64_t, kPairs> least = {};  // What may come next of each sender.
  };
  // The threads are there before and after, so that a batch starts none, and allocates nothing of its own.
  std::array<Received, kPairs> received;
  bool over = false;
  std::barrier begin(2 * kPairs + 1);
  std::barrier sent(kPairs + 1);
  std::barrier end(kPairs + 1);
  const auto begins = [&] {
    begin.arrive_and_wait();
    return !over;
  };
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < kPairs; ++i) {
    threads.emplace_back([&, i] {
      while (begins()) {
        Received mine;
        for (uint64_t value = queue.Receive(); value != kEnd; value = queue.Receive()) {
          uint64_t& least = mine.least[value % kPairs];
          if (value < least) Fail("values of one sender overtook each other");
          least = value + kPairs;
          ++mine.count;
          mine.sum += value;
        }
        received[i] = mine;
        end.arrive_and_wait();
      }
    });
    threads.emplace_back([&, i] {
      while (begins()) {
        for (uint64_t value = i; value < kValues * kPairs; value += kPairs) queue.Send(value);
        sent.arrive_and_wait();
      }
    });
  }
  const auto batch = [&] {
    begin.arrive_and_wait();
    sent.arrive_and_wait();
    for (uint64_t i = 0; i < kPairs; ++i) queue.Send(kEnd);
    end.arrive_and_wait();
    Received all;
    for (const Received& one : received) {
      all.count += one.count;
      all.sum += one.sum;
    }
    constexpr uint64_t kAll = kValues * kPairs;
    Require(all.count == kAll && all.sum == kAll * (kAll - 1) / 2, "a value was lost, changed or doubled");
  };
  const Result result = play.Measure(kValues * kPairs, batch);
  over = true;
  begin.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  return result;
}

// Whether the receiver sleeps when an event is sent, or has just received the one before.
enum class Receiver { kParked, kBusy };

// One event at a time: the sender waits until the receiver has it, and has said when.
template <ThreadQueue Queue>
Result PlayLatency(Play& play, Queue& queue, Receiver kind) {
  alignas(64) std::atomic<uint64_t> came{0};  // When the last event did, in nanoseconds since `epoch`; 0: not yet.
  const Clock::time_point epoch = Clock::now();
  Sleeper receiver([&] {
    Sequence received;
    for (uint64_t value = queue.Receive(); value != kEnd; value = queue.Receive()) {
      const uint64_t now = NanosecondsSince(epoch);
      received.Take(value);
      came.store(now, std::memory_order_release);
    }
  });
  uint64_t sent = 0;
  const Result result = play.MeasureEach([&] {
    if (kind == Receiver::kParked) receiver.AwaitAsleep();
    came.store(0, std::memory_order_relaxed);
    const uint64_t before = NanosecondsSince(epoch);
    queue.Send(sent++);
    uint64_t after = 0;
    // Without sleeping, so that the next event finds this thread awake, but yielding: the receiver may have been put on
    // the same core, and would have to wait for every turn of a spin here.
    while ((after = came.load(std::memory_order_acquire)) == 0) std::this_thread::yield();
    return after - before;
  });
  queue.Send(kEnd);
  receiver.Join();
  return result;
}

}  // namespace contender

#endif  // EVENTBUS_BENCHMARKS_CONTENDER_QUEUES_H_
