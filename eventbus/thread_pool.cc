#include "eventbus/thread_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventbus/internal/draining/drain_rules.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/waiting/parker.h"
#include "eventbus/internal/waiting/spin_backoff.h"
#include "eventbus/internal/waiting/worker_thread.h"

namespace eventbus {

struct ThreadPool::Idle {
  void Await() {
    internal::SpinBackoff backoff(internal::SpinBackoff::First::kSome);
    while (backoff.Pause()) {
      if (parker.Has(internal::Parker::kWoken)) return;
    }
    parker.Park(internal::Parker::kWoken, internal::Instant::Never());
  }

  Idle* next = nullptr;
  internal::Parker parker;
};

ThreadPool::ThreadPool(int threads, ThreadPoolOptions options)
    : name_(std::move(options.name)),
      run_(std::move(options.on_exception)),
      serving_(static_cast<size_t>(std::max(threads, 1))),
      identities_(static_cast<size_t>(std::max(threads, 1))) {
  if (threads < 1) internal::Fail("ThreadPool", "a pool needs at least one thread");
  threads_.reserve(identities_.size());
  try {
    for (size_t i = 0; i < identities_.size(); ++i) threads_.emplace_back([this, i] { Serve(i); });
  } catch (...) {  // The system has no more threads.
    JoinAll();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  if (RunsHere()) internal::Fail("~ThreadPool", "destroyed from one of its own threads");
  Retire();
  JoinAll();
}

void ThreadPool::JoinAll() {
  StopAccepting(Accepts::kNone);
  for (internal::Thread& thread : threads_) thread.join();
}

void ThreadPool::Submit(Work& work) {
  WorkList works;
  works.PushBack(work);
  SubmitAll(std::move(works));
}

void ThreadPool::SubmitAll(WorkList works) {
  Idle* woken = nullptr;
  {
    internal::MutexLock lock(&mutex_);
    if (accepts_ == Accepts::kAll || (accepts_ == Accepts::kOwn && RunsHere())) {
      queue_.Append(std::move(works));
      queued_.Set(queue_.size());
      woken = TakeNeededLocked();
    }
  }
  Wake(woken);
  Refuse(std::move(works));
}

void ThreadPool::Refuse(WorkList works) {
  while (Work* work = works.PopFront()) work->Abandon();
}

bool ThreadPool::RunsHere() const {
  const internal::ThreadIdentity self = internal::ThisThread();
  return std::any_of(identities_.begin(), identities_.end(),
                     [self](const auto& identity) { return identity.load(std::memory_order_relaxed) == self; });
}

void ThreadPool::StopAccepting(Accepts rest) {
  Idle* first;
  {
    internal::MutexLock lock(&mutex_);
    accepts_ = std::max(accepts_, rest);
    first = TakeIdleLocked();
  }
  Wake(first);
}

std::string ThreadPool::Describe() const { return absl::StrCat("thread pool '", name_, "'"); }

DrainReport ThreadPool::Report() const {
  DrainReport report = {.entries = {{.name = name_}}};
  DrainEntry& entry = report.entries.front();
  internal::MutexLock lock(&mutex_);
  entry.handled = handled_;
  entry.left = queue_.size() + abandoned_;
  entry.running = busy_;
  return report;
}

DrainReport ThreadPool::Drain(const Context& context) {
  const std::string self = Describe();
  if (RunsHere()) return {.status = internal::RefuseDrainFromInside(self)};
  if (absl::Status refused = internal::RefuseDrain(self, context); !refused.ok()) return {.status = std::move(refused)};
  RequestDrain();
  const bool ended = internal::AwaitEnd({.target = &finished_}, context);
  DrainReport report = Report();
  internal::Conclude(self, ended, context, report);
  return report;
}

void ThreadPool::RequestDrain() { StopAccepting(Accepts::kOwn); }

DrainReport ThreadPool::Close() {
  StopAccepting(Accepts::kNone);
  WorkList abandoned;
  {
    internal::MutexLock lock(&mutex_);
    abandoned = std::exchange(queue_, WorkList());
    queued_.Set(0);
    abandoned_ += abandoned.size();
  }
  Refuse(std::move(abandoned));
  if (!RunsHere()) finished_.Wait();
  DrainReport report = Report();
  internal::ConcludeHardStop(Describe(), report);
  return report;
}

ThreadPool::Idle* ThreadPool::TakeIdleLocked() {
  Idle* const taken = idle_;
  if (taken != nullptr) idle_ = taken->next;
  return taken;
}

void ThreadPool::Wake(Idle* idle) {
  if (idle != nullptr) idle->parker.Unpark(internal::Parker::kWoken);
}

void ThreadPool::Serve(size_t thread) {
  identities_[thread].store(internal::ThisThread(), std::memory_order_relaxed);
  const internal::WorkerThread of_this(*this, queued_);
  bool was_busy = false;
  while (Work* work = Next(was_busy)) {
    run_(*work);
    was_busy = true;
  }
  identities_[thread].store(nullptr, std::memory_order_relaxed);
  bool last;
  {
    internal::MutexLock lock(&mutex_);
    last = --serving_ == 0;
  }
  if (last) finished_.Happen();
}

Work* ThreadPool::Next(bool was_busy) {
  while (true) {
    Idle self;
    Idle* another = nullptr;
    Work* work = nullptr;
    bool leaves = false;
    {
      internal::MutexLock lock(&mutex_);
      if (std::exchange(was_busy, false)) {
        --busy_;
        handled_ += accepts_ != Accepts::kAll;
      }
      work = queue_.PopFront();
      queued_.Set(queue_.size());
      if (work != nullptr) {
        ++busy_;
        another = TakeNeededLocked();  // Each thread that finds more than it takes wakes one more.
      } else if (accepts_ == Accepts::kAll || (accepts_ == Accepts::kOwn && busy_ > 0)) {
        self.next = std::exchange(idle_, &self);
      } else {
        another = TakeIdleLocked();  // Each thread that leaves sends the next.
        leaves = true;
      }
    }
    Wake(another);
    if (work != nullptr || leaves) return work;
    self.Await();
  }
}

}  // namespace eventbus
