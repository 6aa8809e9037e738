// Where work runs: the small interface between what becomes ready (a coroutine, a handler) and the threads that serve it.
//
//   ThreadPool pool(2);                               // thread_pool.h
//   pool.Submit([] { LoadCatalogue(); });
//   Spawn(pool, Serve(channel));                      // task.h
//
// Implement it for a thread pool or an event loop that you have. The contract:
//
//   1. Each submitted work is run once (`Work::Run`) or, by an executor that has been shut down, abandoned once
//      (`Work::Abandon`). Either may destroy the work, and is the executor's last access to it.
//   2. Works that one thread submits one after another start in that order, on an executor with one thread; on any, none
//      waits for ever while later ones are started.
//   3. `Submit` does not throw, never blocks for long, and calls neither `Run` nor `Abandon` with a lock held that
//      `Submit` takes.
//   4. What was done before `Submit` is visible to the work.
//   5. Its destructor calls `Retire` before anything else, and runs or abandons what it holds.
//
// An executor that goes, or is shut down, before the coroutines spawned on it and the handlers subscribed with it: each
// ends with `kUnavailable` when it would next run; what waits is ended by `Spawned::Stop` or `Unsubscribe`.

#ifndef EVENTBUS_EXECUTOR_H_
#define EVENTBUS_EXECUTOR_H_

#include <cstddef>
#include <exception>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/executor_gate.h"

namespace eventbus {

namespace internal {
class BoundWork;
}

// One thing to run. A node of its own list, so submitting it allocates nothing; in one list at a time.
class Work {
 public:
  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  // Does it. What it throws reaches the executor, which goes on with the next.
  virtual void Run() = 0;
  // It will never run: the executor has been shut down. Called from `Submit` or from the shutdown. Must not throw.
  virtual void Abandon() = 0;

 protected:
  virtual ~Work() = default;

 private:
  friend class WorkList;

  Work* next_ = nullptr;
};

// First in, first out. Owns nothing. Not thread-safe.
class WorkList {
 public:
  WorkList() = default;
  WorkList(WorkList&& other) noexcept { Append(std::move(other)); }
  WorkList& operator=(WorkList&& other) noexcept {
    if (this == &other) return *this;
    first_ = last_ = nullptr;
    size_ = 0;
    Append(std::move(other));
    return *this;
  }

  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }

  void PushBack(Work& work) {
    work.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &work;
    last_ = &work;
    ++size_;
  }

  // Null if there is none.
  Work* PopFront() {
    Work* const work = first_;
    if (work == nullptr) return nullptr;
    first_ = work->next_;
    if (first_ == nullptr) last_ = nullptr;
    --size_;
    return work;
  }

  // Moves all of `other` to the end. O(1).
  void Append(WorkList&& other) {
    if (other.empty()) return;
    (last_ != nullptr ? last_->next_ : first_) = other.first_;
    last_ = other.last_;
    size_ += other.size_;
    other.first_ = other.last_ = nullptr;
    other.size_ = 0;
  }

 private:
  Work* first_ = nullptr;
  Work* last_ = nullptr;
  size_t size_ = 0;
};

// What an executor does with an exception that work threw, in the thread that ran it; several threads may call it at once.
// Must not throw. Empty: the executor only counts it.
using ExceptionHandler = absl::AnyInvocable<void(std::exception_ptr) const>;

// All calls are thread-safe unless an executor says otherwise.
class Executor {
 public:
  Executor() : gate_(internal::MakeRef<internal::ExecutorGate>(*this)) {}
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Has `work` run, soon. The caller keeps it alive until it has been run or abandoned.
  virtual void Submit(Work& work) = 0;

  // The same for several, in their order; an executor with a lock takes it once. By default submits one by one.
  virtual void SubmitAll(WorkList works);

  // Whether the calling thread is running work of this executor.
  virtual bool RunsHere() const = 0;

  // Has `function` run. Allocates once. Abandoned, it is destroyed without a call.
  void Submit(absl::AnyInvocable<void()> function);

 protected:
  // Returns once no waker is about to submit work; what is woken later is abandoned. Blocks for as long as `Submit` does,
  // and fails at once from inside of that: work that is abandoned or run in there must not destroy the executor. A second call
  // does nothing.
  void Retire();

  virtual ~Executor() { Retire(); }

 private:
  friend internal::BoundWork;

  const internal::Ref<internal::ExecutorGate> gate_;
};

}  // namespace eventbus

#endif  // EVENTBUS_EXECUTOR_H_
