// An executor of this library over one of Boost.Asio: coroutines and handlers run in the threads that run an `io_context`,
// in those of an Asio `thread_pool`, or in a strand.
//
//   boost::asio::io_context context;
//   AsioExecutor executor(context);                       // or a thread pool, or a strand
//   auto guard = boost::asio::make_work_guard(context);   // else `run` returns while all consumers wait
//   Spawned<> server = Spawn(executor, Serve(orders));
//   context.run();                                        // in as many threads as are to serve it
//
// Use it where a program has an event loop of Asio and wants its consumers in it. It has no threads of its own, and what
// waits for a channel is no work in the eyes of Asio. Needs Asio's headers (Debian: libboost-dev), nothing to link.
//
// | | what was posted | `Submit` |
// |---|---|---|
// | the context is run | runs | posts |
// | the context is stopped, or nobody runs it | waits to be run | posts |
// | the context is being destroyed | is abandoned | abandons; allowed from an `Abandon` only |
// | this is destroyed, the context lives | runs, or is abandoned with the context | not allowed |
//
// Guarantees:
//   - Each work is a handler that is posted. It runs once, never inside of `Submit`; or is abandoned once, when its context
//     is destroyed, or by `Submit` where Asio fails to post it, as without memory.
//   - With one thread that runs the context, and in a strand, works run in the order in which they were submitted.
//   - What work throws is counted and given to `on_exception`. It does not leave `io_context::run`.
//
// Lifetime: destroy the context after this. What was posted may outlive this in the context, and its exceptions still reach
// `on_exception`. A consumer that is woken when this has gone ends with `kUnavailable`, as does one that was still queued
// when the context went.
//
//   boost::asio::io_context context;                      // right: declared first, destroyed last
//   AsioExecutor executor(context);
//
// Submitting takes one handler of Asio: an allocation, which Asio recycles in threads that run the context.

#ifndef EVENTBUS_ADAPTERS_ASIO_EXECUTOR_H_
#define EVENTBUS_ADAPTERS_ASIO_EXECUTOR_H_

#include <concepts>
#include <cstdint>
#include <utility>

#include "boost/asio/post.hpp"
#include "eventbus/executor.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/waiting/guarded_run.h"

namespace eventbus {

// An executor of Asio that knows its threads: of an `io_context`, of a `thread_pool`, a strand of either.
template <typename T>
concept AsioExecutorType = std::copy_constructible<T> && requires(const T& executor) {
  { executor.running_in_this_thread() } -> std::convertible_to<bool>;
};

// What has such an executor.
template <typename T>
concept AsioContext = requires(T& context) {
  requires AsioExecutorType<typename T::executor_type>;
  { context.get_executor() } -> std::convertible_to<typename T::executor_type>;
};

template <AsioExecutorType Inner>
class AsioExecutor final : public Executor {
 public:
  explicit AsioExecutor(Inner inner, ExceptionHandler on_exception = {})
      : inner_(std::move(inner)), run_(internal::MakeRef<SharedRun>(std::move(on_exception))) {}
  // Over the executor of `context`.
  template <AsioContext Context>
  requires std::same_as<typename Context::executor_type, Inner>
  explicit AsioExecutor(Context& context, ExceptionHandler on_exception = {})
      : AsioExecutor(context.get_executor(), std::move(on_exception)) {}
  // Does not wait for what was posted. From any thread, also from work that it runs.
  ~AsioExecutor() { Retire(); }

  using Executor::Submit;
  void Submit(Work& work) override {
    try {
      boost::asio::post(inner_, Posted(run_, work));
    } catch (...) {
      // The handler was destroyed on the way here, and abandoned the work.
    }
  }

  // Whether the calling thread is inside of a handler of the context, or of the strand; whoever posted it.
  bool RunsHere() const override { return inner_.running_in_this_thread(); }

  // How many works have thrown.
  uint64_t exceptions() const { return run_->exceptions(); }

 private:
  // Shared with what is posted, which may be run when this is gone. Holds nothing of Asio's: a strand in here would be
  // owned by its own queue.
  struct SharedRun final : internal::RefCounted, internal::GuardedRun {
    using GuardedRun::GuardedRun;
  };

  // The handler. Whoever destroys the one that holds the work abandons it.
  class Posted {
   public:
    Posted(internal::Ref<SharedRun> run, Work& work) : run_(std::move(run)), work_(&work) {}
    Posted(Posted&& other) noexcept : run_(std::move(other.run_)), work_(std::exchange(other.work_, nullptr)) {}
    ~Posted() {
      if (work_ != nullptr) work_->Abandon();
    }

    void operator()() { (*run_)(*std::exchange(work_, nullptr)); }

   private:
    internal::Ref<SharedRun> run_;
    Work* work_;  // Null once it has run, or been moved on.
  };

  const Inner inner_;
  const internal::Ref<SharedRun> run_;
};

template <AsioContext Context>
AsioExecutor(Context&) -> AsioExecutor<typename Context::executor_type>;
template <AsioContext Context>
AsioExecutor(Context&, ExceptionHandler) -> AsioExecutor<typename Context::executor_type>;

}  // namespace eventbus

#endif  // EVENTBUS_ADAPTERS_ASIO_EXECUTOR_H_
