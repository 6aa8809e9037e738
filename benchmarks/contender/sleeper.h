// A thread of which another can wait until it sleeps.

#ifndef EVENTBUS_BENCHMARKS_CONTENDER_SLEEPER_H_
#define EVENTBUS_BENCHMARKS_CONTENDER_SLEEPER_H_

#include <atomic>
#include <functional>
#include <thread>

namespace contender {

class Sleeper {
 public:
  explicit Sleeper(std::function<void()> body);
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper();  // After `Join`.

  // Returns once the kernel says that the thread sleeps, whatever it sleeps in: asks again and again.
  void AwaitAsleep() const;

  void Join() { thread_.join(); }

 private:
  std::atomic<int> state_file_{0};  // 0: not open yet.
  std::thread thread_;
};

}  // namespace contender

#endif  // EVENTBUS_BENCHMARKS_CONTENDER_SLEEPER_H_
