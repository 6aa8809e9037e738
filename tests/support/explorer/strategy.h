// Who decides at a point: depth-first, random, or a schedule that is repeated.

#ifndef EVENTBUS_TESTS_SUPPORT_EXPLORER_STRATEGY_H_
#define EVENTBUS_TESTS_SUPPORT_EXPLORER_STRATEGY_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace eventbus::explorer {

// One way to go on at a point.
struct Option {
  size_t thread;
  bool by_deadline;  // Its deadline passes.
  bool preempts;     // It takes the turn from a thread that could go on.
};

class Strategy {
 public:
  virtual ~Strategy() = default;

  // Called before each execution.
  virtual void Begin() = 0;
  // The index of one of `options`, of which there is at least one. If the running thread can go on, it is the first.
  virtual size_t Choose(const std::vector<Option>& options) = 0;
  // Called after each execution that did not fail. False if there is nothing left to explore.
  virtual bool Next() = 0;

  // What was chosen in this execution, for `Replay`. Points with one option are left out.
  std::string Schedule() const;

 protected:
  std::vector<size_t> chosen_;
};

// All executions with at most `preemptions` preemptions, each once.
// Origin: Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", 2007.
class DepthFirst final : public Strategy {
 public:
  explicit DepthFirst(int preemptions) : preemptions_(preemptions) {}

  void Begin() override;
  size_t Choose(const std::vector<Option>& options) override;
  bool Next() override;

 private:
  struct Decision {
    size_t chosen;  // Among `allowed`.
    std::vector<size_t> allowed;
  };

  const int preemptions_;
  std::vector<Decision> decisions_;  // Of the execution before, up to the one that changes now.
  size_t depth_ = 0;
  int left_ = 0;
};

// Threads have random priorities; at a few random points the one that runs becomes the last. Finds a bug that needs d such
// points with a probability of at least 1 / (threads * points^(d-1)) in each execution.
// Origin: Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (PCT), 2010.
class RandomPriorities final : public Strategy {
 public:
  RandomPriorities(uint64_t seed, int64_t executions, int changes)
      : random_(seed), executions_(executions), changes_(changes) {}

  void Begin() override;
  size_t Choose(const std::vector<Option>& options) override;
  bool Next() override { return ++done_ < executions_; }

 private:
  int64_t PriorityOf(const Option& option);

  std::mt19937_64 random_;
  const int64_t executions_;
  const int changes_;
  int64_t done_ = 0;
  size_t longest_ = 64;  // Points of the longest execution so far.
  std::vector<int64_t> priorities_;
  std::vector<size_t> change_points_;
  int64_t lowest_ = 0;
};

// One execution, as `Schedule` wrote it down.
class Replay final : public Strategy {
 public:
  explicit Replay(const std::string& schedule);

  void Begin() override { chosen_.clear(); }
  size_t Choose(const std::vector<Option>& options) override;
  bool Next() override { return false; }

 private:
  std::vector<size_t> schedule_;
};

}  // namespace eventbus::explorer

#endif  // EVENTBUS_TESTS_SUPPORT_EXPLORER_STRATEGY_H_
