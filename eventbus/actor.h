// One owner of a state: calls to it run one at a time, in the order in which they came, and the state needs no lock.
//
//   Actor<Ledger> ledger({.name = "ledger"});                                       // with a thread of its own
//   absl::StatusOr<int> balance = ledger.Call([&](Ledger& l) { return l.Balance(id); });
//   absl::Status posted = ledger.Post(context, [](Ledger& l) { l.Audit(); });       // does not wait for the end
//   DrainReport report = ledger.Drain(budget.context());                            // or Stop, which refuses what has not begun
//
// Use it for state that is changed in steps which may block or call out, and that several threads want. For a few fields a
// mutex is simpler; to pass values along, use a channel.
//
// | | running | draining | stopped |
// |---|---|---|---|
// | `Call`, `AsyncCall` | waits its turn, then the result | `kFailedPrecondition` | `kFailedPrecondition` |
// | `Post` | waits for room, then OK | `kFailedPrecondition`, but from a function of the actor | `kFailedPrecondition` |
// | `TryPost` | OK, or `kResourceExhausted` if there is no room | the same | `kFailedPrecondition` |
// | who waits for room | waits | was refused | was refused |
// | what has been accepted | runs | runs | is refused |
// | `Drain` | begins to drain, waits for the end | waits for the end | waits for the end |
// | `Stop` | refuses what has not begun, waits for what has | the same | returns once it has ended |
// | `OnEnd` in a select | not ready | ready once it has ended | ready once it has ended |
//
// Guarantees:
//   - Every call ends. Stopped, the actor refuses what waits and what comes later; so it does, with `kUnavailable`, if its
//     executor is shut down.
//   - A call whose context ends before the call has begun is never run. One that has begun runs to its end, and its result is
//     dropped: what its function refers to must live until then, so give such a function what it needs by value.
//   - What a function throws is `kInternal` with the text of the exception, and the actor goes on.
//   - A result whose move throws ends the program: `absl::StatusOr` moves it in a function that must not throw.
//   - What was done before `Call` or `Post` is visible to the function, and what the function did to whoever gets its result.
//   - The state is destroyed when the actor has ended, before `Stop` returns.
//   - No lock is held while a function runs, is destroyed, or while the state is.
//
// A call from inside a function of the same actor would wait for itself and is refused with `kFailedPrecondition`; the
// function has the state at hand, and may `Post`. Actors that call one another in a circle wait for ever: post, or give the
// calls a context. So does a call by work that keeps the actor's executor from running it, such as work of a pool with one
// thread: that is what `AsyncCall` is for.
//
// Bounded: `capacity` calls and posts wait in the queue. More wait for room, in their order; each of them is a caller that
// blocks, so nothing grows without end.
//
// Cost: O(1) and one allocation for each call.
//
// Origin: Hewitt's actors and Lieberman's active objects; the shape is that of a goroutine that owns a state and serves a
// channel of functions.

#ifndef EVENTBUS_ACTOR_H_
#define EVENTBUS_ACTOR_H_

#include <array>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventbus/case.h"
#include "eventbus/context.h"
#include "eventbus/drain_report.h"
#include "eventbus/executor.h"
#include "eventbus/internal/choosing/async_select.h"
#include "eventbus/internal/ground/call_result.h"
#include "eventbus/internal/ground/fail.h"
#include "eventbus/internal/ground/ref_counted.h"
#include "eventbus/internal/owners/actor_core.h"
#include "eventbus/internal/owners/actor_request.h"
#include "eventbus/internal/waiting/async_operation.h"
#include "eventbus/internal/waiting/coroutine_activity.h"
#include "eventbus/thread_pool.h"

namespace eventbus {

struct ActorOptions {
  // For people: in statuses.
  std::string name = {};
  // How many calls and posts wait in the queue; at least 1.
  size_t capacity = 64;
  // Where the calls run; must outlive the actor, or be shut down before it. Null: in a thread of the actor's own.
  Executor* executor = nullptr;
  // Called for each post that came to nothing: its function threw or returned an error, or the actor was stopped before it
  // began. Runs in the owner, or in the thread that stops it. What it throws is ignored.
  absl::AnyInvocable<void(const absl::Status& error)> on_error = {};
};

namespace internal {

template <typename State>
class ActorState final : public ActorCore {
 public:
  template <typename... Args>
  ActorState(Executor& executor, ActorOptions options, Args&&... args)
      : ActorCore(executor, std::move(options.name), options.capacity, std::move(options.on_error)),
        state_(std::in_place, std::forward<Args>(args)...) {}

 private:
  void* state() override { return &*state_; }
  void DestroyState() override { state_.reset(); }

  std::optional<State> state_;
};

template <typename State, typename Function>
using ActorResult = std::invoke_result_t<Function&, State&>;

// What can be called with the state: gives nothing, a status or a value. A reference into the state would leave its owner.
template <typename Function, typename State>
concept ActorFunction = std::invocable<Function&, State&> && !std::is_reference_v<ActorResult<State, Function>>;

template <typename State, typename Function>
class ActorCall final : public ActorRequest {
 public:
  using Result = CallResult<ActorResult<State, Function>>;

  ActorCall(ActorCore& core, Function function, Settles settles)
      : ActorRequest(settles),
        core_(core),
        posted_(settles == Settles::kOnceAccepted),
        function_(std::move(function)) {}

  // Once, when it has run.
  Result TakeResult() { return *std::move(result_); }

 private:
  void Run(void* state) override {
    KeepResultOfCall<ActorResult<State, Function>>(result_, *function_, *static_cast<State*>(state),
                                                   [this](absl::string_view what) { return core_.Threw(what); });
    function_.reset();
    if (!posted_) return;
    if constexpr (std::is_same_v<Result, absl::Status>) {
      core_.Report(*result_);
    } else {
      core_.Report(result_->status());
    }
    result_.reset();
  }
  void Drop() override { function_.reset(); }

  ActorCore& core_;  // Alive whenever this runs.
  const bool posted_;
  std::optional<Function> function_;
  std::optional<Result> result_;  // Written before the request is settled, and read after it.
};

// What `co_await actor.AsyncCall(...)` waits in.
template <typename State, typename Function>
class ActorCallAwaiter {
 public:
  ActorCallAwaiter(Ref<ActorCore> core, Context context, Function function)
      : core_(std::move(core)),
        context_(std::move(context)),
        call_(MakeRef<ActorCall<State, Function>>(*core_, std::move(function), ActorRequest::Settles::kOnceRun)),
        arms_{Arm{.target = ContextAccess::state(context_)}, Arm{.target = &call_->settled()}},
        wait_(arms_, Choice::kListed) {}
  ~ActorCallAwaiter() {
    wait_.Withdraw();
    core_->Withdraw(*call_);
  }

  bool await_ready() {
    refusal_ = context_.done() ? core_->NotRun(context_) : core_->Enqueue(*call_, ActorCore::Room::kAwaited);
    return !refusal_.ok();
  }
  template <ActivePromise Promise>
  bool await_suspend(std::coroutine_handle<Promise> here) {
    return here.promise().activity().Await(wait_, here);
  }
  typename ActorCall<State, Function>::Result await_resume() {
    if (!refusal_.ok()) return refusal_;
    wait_.Resume();
    if (absl::Status status = core_->Conclude(context_, *call_); !status.ok()) return status;
    return call_->TakeResult();
  }

 private:
  const Ref<ActorCore> core_;
  const Context context_;
  const Ref<ActorCall<State, Function>> call_;
  const std::array<Arm, 2> arms_;
  AsyncSelectWait wait_;
  absl::Status refusal_;
};

}  // namespace internal

// Not movable. Thread-safe but for destruction. Destruction stops it; from inside one of its own calls that is right on an
// executor, where the call runs to its end and is the last, and fails at once with a thread of its own, which cannot wait for
// its own end.
template <typename State>
class Actor {
 public:
  // The state is made from `args` in the calling thread. Throws what its constructor throws, and `std::system_error` if the
  // system refuses the thread. Fails at once if the capacity is 0.
  template <typename... Args>
  explicit Actor(ActorOptions options = {}, Args&&... args) {
    if (options.capacity == 0) internal::Fail("Actor", "the capacity must be at least 1");
    Executor* executor = options.executor;
    if (executor == nullptr) {
      thread_ = std::make_unique<ThreadPool>(1, ThreadPoolOptions{.name = options.name});
      executor = thread_.get();
    }
    core_ = internal::MakeRef<internal::ActorState<State>>(*executor, std::move(options), std::forward<Args>(args)...);
    core_->Begin();
  }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  ~Actor() {
    if (thread_ != nullptr && core_->RunsHere())
      internal::Fail("~Actor", "destroyed by a call that its own thread runs");
    core_->Stop();
  }

  // Blocks until `function(state)` has run, and returns its result. Of a function that returns nothing or an `absl::Status`,
  // an `absl::Status`; of one that returns an `absl::StatusOr<U>`, that; of any other, an `absl::StatusOr` of its value. What
  // it returns is moved, so return values and not references. Status:
  //   kFailedPrecondition              the actor is stopped, or this was called from inside one of its functions
  //   kUnavailable                     the actor's executor was shut down
  //   kInternal                        the function threw
  //   and whatever the function returns
  // Unless it ran, the function is destroyed without a call.
  template <internal::ActorFunction<State> Function>
  auto Call(Function function) {
    return Call(Context::Background(), std::move(function));
  }

  // As above, but ends with `kCancelled` or `kDeadlineExceeded` once `context` is done, which is checked first. The message
  // says whether the call had begun.
  template <internal::ActorFunction<State> Function>
  auto Call(const Context& context, Function function) {
    using Request = internal::ActorCall<State, Function>;
    const auto core = core_;  // The function may destroy this.
    const auto request =
        internal::MakeRef<Request>(*core, std::move(function), internal::ActorRequest::Settles::kOnceRun);
    absl::Status status = core->Perform(context, *request, "Call");
    return status.ok() ? request->TakeResult() : typename Request::Result(std::move(status));
  }

  // `co_await actor.AsyncCall(function)` in a task (`task.h`): as `Call`, and blocks no thread. A task that is stopped
  // meanwhile withdraws its call, if that has not begun.
  template <internal::ActorFunction<State> Function>
  auto AsyncCall(Function function) {
    return AsyncCall(Context::Background(), std::move(function));
  }
  template <internal::ActorFunction<State> Function>
  auto AsyncCall(Context context, Function function) {
    return internal::AsyncOperation<internal::ActorCallAwaiter<State, Function>, internal::Ref<internal::ActorCore>,
                                    Context, Function>(core_, std::move(context), std::move(function));
  }

  // Blocks until there is room in the queue: OK, and `function(state)` will run, unless the actor is stopped first, of which
  // `on_error` is told. Otherwise as `Call`. From inside a function of the same actor it never waits, as `TryPost`.
  template <internal::ActorFunction<State> Function>
  absl::Status Post(const Context& context, Function function) {
    return PostWith(context, std::move(function), internal::ActorCore::Room::kAwaited);
  }
  template <internal::ActorFunction<State> Function>
  absl::Status Post(Function function) {
    return Post(Context::Background(), std::move(function));
  }

  // Never blocks: `kResourceExhausted` if there is no room.
  template <internal::ActorFunction<State> Function>
  absl::Status TryPost(Function function) {
    return PostWith(Context::Background(), std::move(function), internal::ActorCore::Room::kRequired);
  }

  // Refuses what comes later and who waits for room, but for what functions of the actor post, and blocks until all that was accepted
  // has run and the state has been destroyed: OK; or until `context` is done, which must have a deadline. The other outcomes are those of
  // `drain_report.h`; after a late one, what was accepted still runs. Not from a function of the actor.
  DrainReport Drain(const Context& context) {
    const auto core = core_;  // Its last function may destroy this.
    return core->Drain(context);
  }

  // Begins that and does not wait: for functions of the actor, and for who waits with `OnEnd`.
  void RequestDrain() {
    const auto core = core_;
    core->RequestDrain();
  }

  // Refuses what has not begun and what comes later, and returns when nothing runs and the state has been destroyed. From
  // inside a function of the actor it returns at once, and that function is the last. Any number of times, from any thread.
  void Stop() {
    const auto core = core_;  // Its last function may destroy this.
    core->Stop();
  }

  // A case that is ready once the actor has ended.
  Case OnEnd() const {
    internal::CaseParts parts;
    parts.target = &core_->end();
    parts.kept_alive = core_;
    return Case(std::move(parts));
  }

  // How many calls and posts have not begun. Other threads may change it at any time.
  size_t ApproxPending() const { return core_->CountPending(); }

 private:
  template <typename Function>
  absl::Status PostWith(const Context& context, Function function, internal::ActorCore::Room room) {
    const auto core = core_;  // The function may destroy this.
    const auto request = internal::MakeRef<internal::ActorCall<State, Function>>(
        *core, std::move(function), internal::ActorRequest::Settles::kOnceAccepted);
    return core->PerformPost(context, *request, room);
  }

  std::unique_ptr<ThreadPool> thread_;  // Null on an executor. Goes after the core has ended.
  internal::Ref<internal::ActorState<State>> core_;
};

}  // namespace eventbus

#endif  // EVENTBUS_ACTOR_H_
