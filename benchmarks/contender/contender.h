// For contenders in C++: the command line, the clock, the checks and the line of output that benchmarks/scenarios.md
// asks for. Needs the standard library and Linux's /proc, nothing else, so that peers are built with it too.
//
//   int main(int argc, char** argv) {
//     contender::Contender all;
//     all.Add("channel/uncontended", [](contender::Play& play) {
//       Queue queue(64);
//       uint64_t sent = 0;
//       return play.Measure(1, [&] {
//         queue.Send(sent);
//         contender::Require(queue.Receive() == sent++, "a value was lost or changed");
//       });
//     });
//     return all.Main(argc, argv);
//   }

#ifndef EVENTBUS_BENCHMARKS_CONTENDER_CONTENDER_H_
#define EVENTBUS_BENCHMARKS_CONTENDER_CONTENDER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace contender {

using Clock = std::chrono::steady_clock;

inline uint64_t NanosecondsSince(Clock::time_point start) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - start).count());
}

// A wrong answer: says so on standard error and ends the program with 1, at once and from any thread, because others
// may wait for ever for what was lost.
[[noreturn]] void Fail(const std::string& what);

inline void Require(bool right, const char* what) {
  if (!right) Fail(what);
}

// Fails unless `sum` is that of 0, 1, 2 and so on, `count` of them.
inline void RequireSum(uint64_t sum, uint64_t count) {
  Require(sum == count * (count - 1) / 2, "a value was lost, changed or doubled");
}

// What one receiver has to get: 0, 1, 2 and so on, each once.
class Sequence {
 public:
  // Fails if `value` is not the next.
  void Take(uint64_t value) {
    if (value != next_) FailInstead(value);
    ++next_;
  }

  // How many have come.
  uint64_t taken() const { return next_; }

 private:
  [[noreturn]] void FailInstead(uint64_t value) const;

  uint64_t next_ = 0;
};

// Where a sender waits until all of its receivers have what it sent.
class Arrivals {
 public:
  // Before the sends. Relaxed: receivers learn of it with the values.
  void Expect(size_t receivers) { left_.store(static_cast<int>(receivers), std::memory_order_relaxed); }

  // For a receiver that has everything. What it did before is visible to the sender.
  void Arrive() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_one();
  }

  void Await() const {
    while (const int left = left_.load(std::memory_order_acquire)) left_.wait(left, std::memory_order_acquire);
  }

 private:
  std::atomic<int> left_{0};
};

// What one scenario came to.
struct Result {
  double value = 0;
  const char* unit = "ns";
  uint64_t operations = 0;
  std::vector<std::pair<const char*, double>> more = {};  // Further numbers of the line.
};

// One run of a scenario.
class Play {
 public:
  // How often the program has allocated so far.
  using AllocationCounter = int64_t (*)();

  // `allocations` may be null.
  Play(double seconds, AllocationCounter allocations) : seconds_(seconds), allocations_(allocations) {}

  // Calls `batch` again and again, first to warm up, then until the time is over. Gives nanoseconds and allocations for
  // each of the `operations` that one call does. Where a batch leaves work to other threads, `settle` waits for the end
  // of it; it is called after the warm-up and after the last batch, before the clock is read.
  template <typename Batch, typename Settle>
  Result Measure(uint64_t operations, Batch batch, Settle settle) {
    Repeat(kWarmUp * seconds_, batch);
    settle();
    const int64_t allocated = Allocated();
    const Clock::time_point start = Clock::now();
    const uint64_t batches = Repeat(seconds_, batch);
    settle();
    const uint64_t elapsed = NanosecondsSince(start);
    return Mean(elapsed, batches * operations, Allocated() - allocated);
  }
  template <typename Batch>
  Result Measure(uint64_t operations, Batch batch) {
    return Measure(operations, batch, [] {});
  }

  // The same for a batch that gives itself the nanoseconds that count; the time is over when these are enough. Allocations are
  // those of the whole batch.
  template <typename Batch>
  Result MeasureTimed(uint64_t operations, Batch batch) {
    const auto enough = static_cast<uint64_t>(seconds_ * 1e9);
    for (uint64_t elapsed = 0; elapsed < enough / 4;) elapsed += batch();
    const int64_t allocated = Allocated();
    uint64_t elapsed = 0;
    uint64_t batches = 0;
    for (; elapsed < enough; ++batches) elapsed += batch();
    return Mean(elapsed, batches * operations, Allocated() - allocated);
  }

  // Calls `event`, which gives the nanoseconds that one event took, in the same way. Gives the median as the value, and
  // the percentiles 99 and 99.9.
  template <typename Event>
  Result MeasureEach(Event event) {
    std::vector<uint64_t> samples;
    samples.reserve(kMostSamples);
    Repeat(kWarmUp * seconds_, event);
    const int64_t allocated = Allocated();
    const Clock::time_point start = Clock::now();
    while (SecondsSince(start) < seconds_ && samples.size() < kMostSamples) samples.push_back(event());
    return Percentiles(std::move(samples), Allocated() - allocated);
  }

 private:
  static constexpr double kWarmUp = 0.25;  // Of the time measured.
  static constexpr size_t kMostSamples = size_t{1} << 22;

  static double SecondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  // At least once. Gives how often.
  template <typename Batch>
  static uint64_t Repeat(double seconds, Batch& batch) {
    const Clock::time_point start = Clock::now();
    uint64_t times = 0;
    do {
      batch();
      ++times;
    } while (SecondsSince(start) < seconds);
    return times;
  }

  int64_t Allocated() const { return allocations_ == nullptr ? 0 : allocations_(); }

  Result Mean(uint64_t nanoseconds, uint64_t operations, int64_t allocated) const;
  Result Percentiles(std::vector<uint64_t> samples, int64_t allocated) const;
  void AddAllocations(Result& result, int64_t allocated) const;

  const double seconds_;
  const AllocationCounter allocations_;
};

// A program that plays scenarios.
class Contender {
 public:
  using Scenario = std::function<Result(Play&)>;

  // `allocations`, if it is given, counts those of the whole program; they are then part of each result.
  explicit Contender(Play::AllocationCounter allocations = nullptr) : allocations_(allocations) {}

  void Add(std::string name, Scenario scenario) { scenarios_.emplace_back(std::move(name), std::move(scenario)); }

  // One scenario for each of `counts`: `family` followed by the count, as in "fanout/1000".
  void AddEach(const std::string& family, const std::vector<size_t>& counts,
               const std::function<Result(Play&, size_t count)>& scenario);

  // Does what the command line says. 0: it was done; 1: a wrong answer; 2: it is not known.
  int Main(int argc, char** argv) const;

 private:
  void List() const;
  int PlayOne(const std::string& name, double seconds) const;

  const Play::AllocationCounter allocations_;
  std::vector<std::pair<std::string, Scenario>> scenarios_;
};

// The sizes of the scenarios.
inline const std::vector<size_t> kFanOuts = {1, 10, 100, 1000, 10000};
inline const std::vector<size_t> kOthers = {0, 1000, 100000};
inline const std::vector<size_t> kOtherTimers = {0, 100000};
inline const std::vector<size_t> kChildren = {10000};
inline const std::vector<size_t> kTasks = {100};
inline constexpr size_t kRoom = 200;
inline constexpr size_t kIdleSubscriptions = 100000;

// Of the process, from /proc.
int64_t ResidentBytes();

// Calls `subscribe` for each of the idle subscriptions. Gives the resident memory that each came to.
Result MeasureMemory(const std::function<void(size_t index)>& subscribe);

// How many sends to `receivers`, at least 1, take long beside a look at the clock.
inline uint64_t SendsOfBatch(size_t receivers) { return receivers < 10000 ? 10000 / receivers : 1; }

}  // namespace contender

#endif  // EVENTBUS_BENCHMARKS_CONTENDER_CONTENDER_H_
