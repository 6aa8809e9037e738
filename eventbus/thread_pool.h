// A fixed number of threads that run submitted work, in the order in which it came.
//
//   ThreadPool pool(2, {.name = "workers"});
//   pool.Submit([] { ... });
//   DrainReport report = pool.Drain(budget.context());   // everything accepted has run, or kDeadlineExceeded and what is left
//
// Use it for what is short and does not block: handlers and coroutines. Work that blocks a thread of the pool until other
// work of the pool has run needs as many threads as can block at once.
//
// | | open | draining, after `Drain` | closed, after `Close` |
// |---|---|---|---|
// | `Submit` | runs | runs if called by work of the pool, else abandoned | abandoned |
// | what was queued | runs | runs | abandoned |
// | what is running | runs on | runs on | runs on |
// | `Drain` | starts draining, waits for the end | waits for the end | waits for the end |
// | `Close` | abandons, waits for the end | abandons, waits for the end | waits for the end |
// | `OnEnd` in a select | not ready | ready once all has run | ready once nothing runs |
//
// Guarantees: first in, first out, one at a time for each thread. A thread with nothing to do sleeps, once it has waited awake for
// a few microseconds: what comes meanwhile costs nobody a wake-up. What work throws is
// counted and given to `on_exception`; the thread goes on. Destruction runs what was accepted, refuses what comes later,
// also from its own works, and joins: destroy the pool after what uses it, never from one of its own threads.
//
// Submitting allocates nothing and takes one lock; many works, one lock.

#ifndef EVENTBUS_THREAD_POOL_H_
#define EVENTBUS_THREAD_POOL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/executor.h"
#include "eventbus/internal/observing/statistic.h"
#include "eventbus/internal/primitives/primitives.h"
#include "eventbus/internal/waiting/event.h"
#include "eventbus/internal/waiting/guarded_run.h"

namespace eventbus {

struct ThreadPoolOptions {
  // For people: in statuses.
  std::string name = {};
  ExceptionHandler on_exception = {};
};

class ThreadPool final : public Executor {
 public:
  // `threads` is at least 1. Throws `std::system_error` if the system refuses one.
  explicit ThreadPool(int threads, ThreadPoolOptions options = {});
  ~ThreadPool();

  using Executor::Submit;
  void Submit(Work& work) override;
  void SubmitAll(WorkList works) override;
  bool RunsHere() const override;

  // Accepts no more but what work of the pool submits, such as a handler that has more values to handle, and blocks until
  // all that was accepted has run and the threads have ended: OK; or until `context` is done, which must have a deadline. The
  // other outcomes are those of `drain_report.h`; after a late one, what was accepted still runs. From any thread but the
  // pool's own, any number of times.
  DrainReport Drain(const Context& context);

  // Begins that and does not wait: for work of the pool, and for who waits with `OnEnd`.
  void RequestDrain();

  // A case that is ready once the threads have ended. The pool must outlive the wait.
  Case OnEnd() { return Case({.target = &finished_}); }

  // Accepts no more, abandons what has not begun, and returns when nothing runs any more: OK, or `kAborted` with the number
  // of works that were left, by this or an earlier call. From one of the pool's own threads it does not wait, and that one is among
  // those that still run.
  DrainReport Close();

  size_t threads() const { return threads_.size(); }

  // How many works have thrown.
  uint64_t exceptions() const { return run_.exceptions(); }

 private:
  struct Idle;  // A thread with nothing to do.

  void JoinAll();

  // One thread of the pool: works until there is nothing left and no more is accepted.
  void Serve(size_t thread);
  // The next work; null if there will be none. `was_busy`: the thread has just run one.
  Work* Next(bool was_busy);

  // Takes an idle thread out, to be woken once the mutex is released; null if there is none.
  Idle* TakeIdleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same; null too if there is no work.
  Idle* TakeNeededLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return queue_.empty() ? nullptr : TakeIdleLocked(); }
  static void Wake(Idle* idle);
  static void Refuse(WorkList works);
  std::string Describe() const;
  DrainReport Report() const;
  enum class Accepts {
    kAll,
    kOwn,  // What work of the pool submits.
    kNone,
  };

  // Accepts no more than `rest`. Wakes one who sleeps: if there is nothing left for it, it leaves and sends the next.
  void StopAccepting(Accepts rest);

  const std::string name_;
  internal::GuardedRun run_;

  mutable internal::Mutex mutex_;  // Nothing is woken, run or abandoned under it.
  Accepts accepts_ ABSL_GUARDED_BY(mutex_) = Accepts::kAll;
  WorkList queue_ ABSL_GUARDED_BY(mutex_);
  internal::Statistic queued_;                      // Its size, for who has not got the mutex. Written under that.
  Idle* idle_ ABSL_GUARDED_BY(mutex_) = nullptr;    // The last one first: it may still be awake.
  size_t busy_ ABSL_GUARDED_BY(mutex_) = 0;         // Threads that run work, and may submit more.
  size_t serving_ ABSL_GUARDED_BY(mutex_);          // Threads that have not ended.
  uint64_t handled_ ABSL_GUARDED_BY(mutex_) = 0;    // Works that have ended since a drain began.
  uint64_t abandoned_ ABSL_GUARDED_BY(mutex_) = 0;  // Works that were accepted, and then taken out by `Close`.

  internal::EventCalled<"end of thread pool"> finished_;                // All threads have ended.
  std::vector<internal::Atomic<internal::ThreadIdentity>> identities_;  // Relaxed: each thread looks for itself only.
  std::vector<internal::Thread> threads_;
};

}  // namespace eventbus

#endif  // EVENTBUS_THREAD_POOL_H_
