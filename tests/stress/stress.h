// What the stress tests share: a time box, and a seed that is printed and can be given again.
//
//   EVENTBUS_STRESS_SECONDS=600 EVENTBUS_STRESS_SEED=42 ...    (--test_env with Bazel)

#ifndef EVENTBUS_TESTS_STRESS_STRESS_H_
#define EVENTBUS_TESTS_STRESS_STRESS_H_

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace eventbus::testing {

class StressRun {
 public:
  explicit StressRun(const char* seconds_variable = "EVENTBUS_STRESS_SECONDS", int default_seconds = 3) {
    const char* seed = std::getenv("EVENTBUS_STRESS_SEED");
    seed_ = seed != nullptr ? std::strtoull(seed, nullptr, 10) : std::random_device()();
    const char* seconds = std::getenv(seconds_variable);
    end_ = Clock::now() + std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : default_seconds);
    std::cout << "EVENTBUS_STRESS_SEED=" << seed_ << std::endl;
  }

  bool goes_on() const { return Clock::now() < end_; }

  // The random numbers of one thread; each `thread` gets others.
  std::mt19937_64 Random(uint64_t thread) const { return std::mt19937_64(seed_ * 1'000'003 + thread); }

 private:
  using Clock = std::chrono::steady_clock;

  uint64_t seed_;
  Clock::time_point end_;
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_STRESS_STRESS_H_
