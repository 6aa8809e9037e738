// Fan-in: several tasks of a group, and the first results that they give.
//
//   ErrorGroup group(context);
//   Gather<Reply> replies(group, 2);                     // two are enough
//   for (Replica& replica : replicas) {
//     replies.Go([&replica](const Context& context) { return replica.Ask(context); }).IgnoreError();
//   }
//   absl::StatusOr<std::vector<Reply>> two = replies.Collect(context);
//   group.Cancel();                                      // the others need not go on
//
// Use it to race tasks, or for the results of all in the order in which they come. For one result for each input, in the order
// of the inputs, `ParallelMap`.
//
// | a task gives a result while | then |
// |---|---|
// | fewer than `n` have been given | it is kept for `Collect`; the task ends |
// | `n` have been given, and not all collected | the task waits, until its context is done |
// | `Collect` has ended, or the `Gather` is closed or gone | it is dropped; the task ends |
//
// Guarantees: once `Collect` has given its results, or this was closed or destroyed, no task is blocked on it. A result that
// came in the instant of a cancellation is there for the next `Collect`. Errors of tasks are the group's affair.
//
// Thread-safe but for destruction; one `Collect` at a time. Cost: one allocation, and those of the group.
//
// Origin: the fan-in of Go's pipelines.

#ifndef EVENTBUS_GATHER_H_
#define EVENTBUS_GATHER_H_

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "eventbus/wait_group.h"

namespace eventbus {

namespace internal {

// Called with a group's context, or with nothing, gives a `T` or a `StatusOr<T>`.
template <typename Function, typename T>
concept GivesWithContext = std::invocable<Function&, const Context&> &&
    std::convertible_to<std::invoke_result_t<Function&, const Context&>, absl::StatusOr<T>>;
template <typename Function, typename T>
concept GivesWithNothing =
    std::invocable<Function&> && std::convertible_to<std::invoke_result_t<Function&>, absl::StatusOr<T>>;
template <typename Function, typename T>
concept Gives = GivesWithContext<Function, T> || GivesWithNothing<Function, T>;

}  // namespace internal

// Neither copyable nor movable. `T` is what a channel can carry, and no status.
template <typename T>
class Gather {
  static_assert(!std::is_same_v<T, absl::Status>, "eventbus: a task that gives a status needs no Gather");

 public:
  // Of `group`, an `ErrorGroup` or a `TaskGroup` that outlives this, whose tasks may outlive this.
  template <typename Group>
  Gather(Group& group, size_t n)
      : n_(n),
        start_([&group](const Context& context, absl::AnyInvocable<absl::Status(const Context&)> function) {
          return group.Go(context, std::move(function));
        }),
        shared_(std::make_shared<Shared>(n)) {}
  Gather(const Gather&) = delete;
  Gather& operator=(const Gather&) = delete;
  ~Gather() { Close(); }

  // Has the group run `function`, called with the group's context or with nothing, which gives a `T` or a `StatusOr<T>`. As
  // `Go` of the group; with a limit there, it may wait for a task that waits for `Collect`.
  template <internal::Gives<T> Function>
  absl::Status Go(Function function) {
    return Go(Context::Background(), std::move(function));
  }
  template <internal::Gives<T> Function>
  absl::Status Go(const Context& context, Function function) {
    return start_(
        context,
        [producer = Producer(shared_), function = std::move(function)](const Context& tasks) mutable -> absl::Status {
          absl::StatusOr<T> result = Call(function, tasks);
          if (!result.ok()) return result.status();
          const absl::Status sent = producer.shared()->results.Send(tasks, *std::move(result));
          // Closed: nobody needs it.
          return sent.code() == absl::StatusCode::kFailedPrecondition ? absl::OkStatus() : sent;
        });
  }

  // Blocks until there are `n` results, or all tasks that were started here have ended; gives them in the order in which they came, and
  // closes. With a `context`, its status once that is done, which is looked at first; what has come is kept for the next call.
  absl::StatusOr<std::vector<T>> Collect() { return Collect(Context::Background()); }
  absl::StatusOr<std::vector<T>> Collect(const Context& context) {
    while (collected_.size() < n_) {
      // Before something is received, so that it cannot be lost.
      if (collected_.size() == collected_.capacity()) collected_.reserve(2 * collected_.size() + 1);
      absl::StatusOr<T> result;
      const int chosen =
          SelectInOrder({context.OnDone(), shared_->results.OnReceive(&result), shared_->producers.OnZero()});
      if (chosen == 0) return context.status();
      if (chosen == 2 || !result.ok()) break;
      collected_.push_back(*std::move(result));
    }
    Close();
    return std::exchange(collected_, {});
  }

  // Refuses results from now on. True for the first call.
  bool Close() { return shared_->results.Close(); }

 private:
  struct Shared {
    explicit Shared(size_t n) : results(static_cast<std::ptrdiff_t>(n)) {}

    const Channel<T> results;
    WaitGroup producers;  // Tasks that have not ended.
  };

  // Counts a task for as long as the group keeps its function.
  class Producer {
   public:
    explicit Producer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) { shared_->producers.Add(); }
    Producer(Producer&&) = default;
    Producer& operator=(Producer&&) = delete;
    ~Producer() {
      if (shared_) shared_->producers.Done();
    }

    const std::shared_ptr<Shared>& shared() const { return shared_; }

   private:
    std::shared_ptr<Shared> shared_;
  };

  template <typename Function>
  static absl::StatusOr<T> Call(Function& function, const Context& context) {
    if constexpr (internal::GivesWithContext<Function, T>) {
      return std::invoke(function, context);
    } else {
      return std::invoke(function);
    }
  }

  const size_t n_;
  absl::AnyInvocable<absl::Status(const Context&, absl::AnyInvocable<absl::Status(const Context&)>) const> start_;
  const std::shared_ptr<Shared> shared_;
  std::vector<T> collected_;
};

}  // namespace eventbus

#endif  // EVENTBUS_GATHER_H_
