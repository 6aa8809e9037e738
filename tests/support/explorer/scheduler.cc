#include "tests/support/explorer/scheduler.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <utility>

namespace eventbus::explorer {

namespace {

std::set<const void*>& Alive() {
  static auto& alive = *new std::set<const void*>;
  return alive;
}

}  // namespace

Scheduler* Scheduler::current_ = nullptr;
int64_t Scheduler::executions_ = 0;

Scheduler::Scheduler(Strategy& strategy, int64_t max_steps, bool tracing)
    : strategy_(strategy), max_steps_(max_steps), tracing_(tracing), execution_(++executions_), alive_before_(Alive()) {
  current_ = this;
}

Scheduler::~Scheduler() { current_ = nullptr; }

Failure Scheduler::Run(std::function<void()> scenario) {
  Fiber here;
  explorer_ = &here;
  threads_.reserve(16);
  Start(std::move(scenario));
  running_ = 0;
  Fiber::Switch(here, *threads_[0].fiber);
  if (!failure_.failed() && !clean_ups_.empty()) {
    // In a thread, alone: what a clean-up does may be a point.
    threads_.clear();
    running_ = Start([this] {
      for (const auto& clean_up : clean_ups_) clean_up();
    });
    Fiber::Switch(here, *threads_[running_].fiber);
  }
  if (!failure_.failed() && Alive() != alive_before_) {
    std::ostringstream out;
    out << Alive().size() - alive_before_.size()
        << " primitive(s) left behind: something that holds a mutex or an atomic was never destroyed";
    failure_.what = out.str();
  }
  if (failure_.failed()) failure_.schedule = strategy_.Schedule();
  Alive() = alive_before_;  // A failed execution leaves its stacks, and what was on them, as they are.
  return std::move(failure_);
}

size_t Scheduler::Start(std::function<void()> body) {
  const size_t number = threads_.size();
  Thread thread;
  thread.fiber = std::make_unique<Fiber>([this, number, body = std::move(body)] {
    try {
      body();
    } catch (const std::exception& e) {
      Fail(std::string("an exception left the thread: ") + e.what());
    }
    threads_[number].state = State::kFinished;
    UnblockAll(&threads_[number]);
    const bool all_finished = std::all_of(threads_.begin(), threads_.end(),
                                          [](const Thread& each) { return each.state == State::kFinished; });
    if (all_finished) {
      Fiber::Switch(*threads_[number].fiber, *explorer_);
    } else {
      Reschedule();
    }
    std::abort();  // A finished thread is never switched to.
  });
  if (number == threads_.capacity()) Fail("too many threads for one scenario");  // `Join` waits for their addresses.
  threads_.push_back(std::move(thread));
  return number;
}

void Scheduler::Join(size_t thread) {
  while (threads_[thread].state != State::kFinished) Block("join", &threads_[thread]);
}

void Scheduler::Point(const char* operation, const void* object) {
  Thread& self = threads_[running_];
  self.operation = operation;
  self.object = object;
  Reschedule();
  Trace(running_, operation, object);
}

void Scheduler::Block(const char* operation, const void* object, int64_t deadline) {
  Thread& self = threads_[running_];
  self.operation = operation;
  self.object = object;
  self.deadline = deadline;
  self.blocked_since = ++steps_;
  self.state = State::kBlocked;
  Trace(running_, operation, object);
  Reschedule();
}

void Scheduler::UnblockOne(const void* object) {
  Thread* first = nullptr;
  for (Thread& thread : threads_) {
    if (thread.state != State::kBlocked || thread.object != object) continue;
    if (first == nullptr || thread.blocked_since < first->blocked_since) first = &thread;
  }
  if (first != nullptr) first->state = State::kReady;
}

void Scheduler::UnblockAll(const void* object) {
  for (Thread& thread : threads_) {
    if (thread.state == State::kBlocked && thread.object == object) thread.state = State::kReady;
  }
}

void Scheduler::Reschedule() {
  if (++steps_ > max_steps_) Fail("livelock: too many steps");
  const bool can_go_on = threads_[running_].state == State::kReady;
  std::vector<Option> options;
  if (can_go_on) options.push_back({.thread = running_, .by_deadline = false, .preempts = false});
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (i != running_ && threads_[i].state == State::kReady) {
      options.push_back({.thread = i, .by_deadline = false, .preempts = can_go_on});
    }
  }
  const bool anybody = !options.empty();
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (threads_[i].state == State::kBlocked && threads_[i].deadline != kNoDeadline) {
      options.push_back({.thread = i, .by_deadline = true, .preempts = anybody});
    }
  }
  if (options.empty()) Fail("deadlock: " + DescribeBlocked());

  const Option chosen = options.size() == 1 ? options[0] : options[strategy_.Choose(options)];
  if (chosen.by_deadline) {
    now_ = std::max(now_, threads_[chosen.thread].deadline);
    threads_[chosen.thread].state = State::kReady;
    Trace(chosen.thread, "its deadline passes", nullptr);
  }
  SwitchTo(chosen.thread);
}

void Scheduler::SwitchTo(size_t thread) {
  if (thread == running_) return;
  const size_t from = std::exchange(running_, thread);
  Fiber::Switch(*threads_[from].fiber, *threads_[thread].fiber);
}

void Scheduler::Fail(const std::string& what) {
  failure_.what = what;
  Fiber::Switch(*threads_[running_].fiber, *explorer_);
  std::abort();  // A failed execution is never gone back to; what is on its stacks is left as it is.
}

uint64_t Scheduler::Random() {
  uint64_t z = random_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  return z ^ (z >> 27);
}

void Scheduler::Created(void* primitive) { Alive().insert(primitive); }

void Scheduler::Destroyed(const void* primitive) {
  if (Alive().erase(primitive) == 0 && current_ != nullptr) current_->Fail("a primitive was destroyed twice");
}

void Scheduler::CheckAlive(const void* primitive, const char* operation) {
  if (Alive().count(primitive) == 0 && current_ != nullptr) {
    current_->Fail(std::string("use after destruction: ") + operation);
  }
}

std::string Scheduler::DescribeBlocked() const {
  std::ostringstream out;
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (threads_[i].state == State::kBlocked) {
      out << "thread " << i << " waits in " << threads_[i].operation << " " << threads_[i].object << "; ";
    }
  }
  return out.str();
}

void Scheduler::Trace(size_t thread, const char* operation, const void* object) {
  if (!tracing_) return;
  std::ostringstream out;
  out << "thread " << thread << ": " << operation;
  if (object != nullptr) out << " " << object;
  failure_.trace.push_back(out.str());
}

}  // namespace eventbus::explorer
