// The ways to a channel. The contract is the same on each of them, so the suite is written once, in terms of a path:
//
//   Send, TrySend, Receive, TryReceive     what every path has
//   SendCopy                               sends from a `const T&`, which the path copies
//   Send(context, ...), Receive(context)   paths whose waits can be cancelled: `CancellablePath`
//   SendUntil, ReceiveUntil                paths whose waits can be bounded: `TimedPath`
//   kCost                                  of a `CancellablePath`: one for this many rounds of the races
//
// A further path is one more class here and its name in the lists of `setups.h`.

#ifndef EVENTBUS_TESTS_CONTRACT_ACCESS_PATHS_H_
#define EVENTBUS_TESTS_CONTRACT_ACCESS_PATHS_H_

#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "eventbus/async_select.h"
#include "eventbus/case.h"
#include "eventbus/channel.h"
#include "eventbus/context.h"
#include "eventbus/select.h"
#include "eventbus/task.h"
#include "eventbus/thread_pool.h"

namespace eventbus::testing {

// The calls of the channel itself.
struct DirectPath {
  static constexpr char kName[] = "Direct";

  template <typename T>
  static absl::Status Send(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    return channel.Send(std::move(value));
  }
  template <typename T>
  static absl::Status SendCopy(const Channel<T>& channel, const T& value) {
    return channel.Send(value);
  }
  template <typename T>
  static absl::Status TrySend(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    return channel.TrySend(std::move(value));
  }
  template <typename T>
  static absl::StatusOr<T> Receive(const Channel<T>& channel) {
    return channel.Receive();
  }
  template <typename T>
  static absl::StatusOr<T> TryReceive(const Channel<T>& channel) {
    return channel.TryReceive();
  }
};

// Cases of a select. Each has a second case beside it that stays unready, so that the wait is one on two queues.
struct SelectPath {
  static constexpr char kName[] = "Select";
  static constexpr int kCost = 1;

  template <typename T>
  static absl::Status Send(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const Channel<int> idle;
    absl::StatusOr<int> none;
    absl::Status sent = absl::UnknownError("not chosen");
    Select({idle.OnReceive(&none), channel.OnSend(&value, &sent)});
    return sent;
  }
  template <typename T>
  static absl::Status Send(const Context& context, const Channel<T>& channel, std::type_identity_t<T>&& value) {
    absl::Status sent = absl::UnknownError("not chosen");
    return SelectInOrder({context.OnDone(), channel.OnSend(&value, &sent)}) == 0 ? context.status() : sent;
  }
  template <typename T>
  static absl::Status SendUntil(absl::Time deadline, const Channel<T>& channel, std::type_identity_t<T>&& value) {
    absl::Status sent = absl::DeadlineExceededError("");
    SelectUntil(deadline, {channel.OnSend(&value, &sent)});
    return sent;
  }
  template <typename T>
  static absl::Status SendCopy(const Channel<T>& channel, const T& value) {
    absl::Status sent = absl::UnknownError("not chosen");
    Select({channel.OnSend(value, &sent)});
    return sent;
  }
  template <typename T>
  static absl::Status TrySend(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    absl::Status sent = absl::ResourceExhaustedError("");
    TrySelect({channel.OnSend(&value, &sent)});
    return sent;
  }

  template <typename T>
  static absl::StatusOr<T> Receive(const Channel<T>& channel) {
    const Channel<int> idle;
    int nothing = 0;
    std::optional<absl::StatusOr<T>> received;
    Select({ReceiveInto(received, channel), idle.OnSend(&nothing)});
    return *std::move(received);
  }
  template <typename T>
  static absl::StatusOr<T> Receive(const Context& context, const Channel<T>& channel) {
    std::optional<absl::StatusOr<T>> received;
    if (SelectInOrder({context.OnDone(), ReceiveInto(received, channel)}) == 0) return context.status();
    return *std::move(received);
  }
  template <typename T>
  static absl::StatusOr<T> ReceiveUntil(absl::Time deadline, const Channel<T>& channel) {
    std::optional<absl::StatusOr<T>> received;
    if (SelectUntil(deadline, {ReceiveInto(received, channel)}) < 0) return absl::DeadlineExceededError("");
    return *std::move(received);
  }
  template <typename T>
  static absl::StatusOr<T> TryReceive(const Channel<T>& channel) {
    std::optional<absl::StatusOr<T>> received;
    if (TrySelect({ReceiveInto(received, channel)}) < 0) return absl::UnavailableError("");
    return *std::move(received);
  }

 private:
  template <typename T>
  static Case ReceiveInto(std::optional<absl::StatusOr<T>>& to, const Channel<T>& channel) {
    return channel.OnReceive([&to](absl::StatusOr<T> received) { to.emplace(std::move(received)); });
  }
};

// Calls under a context. There is no `TrySend` under one: a context that is done is reported before anything is tried.
struct ContextPath {
  static constexpr char kName[] = "Context";
  static constexpr int kCost = 1;

  template <typename T>
  static absl::Status Send(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const CancelHandle alive = Context::Background().WithCancel();
    return channel.Send(alive.context(), std::move(value));
  }
  template <typename T>
  static absl::Status Send(const Context& context, const Channel<T>& channel, std::type_identity_t<T>&& value) {
    return channel.Send(context, std::move(value));
  }
  template <typename T>
  static absl::Status SendUntil(absl::Time deadline, const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const CancelHandle bounded = Context::Background().WithDeadline(deadline);
    return channel.Send(bounded.context(), std::move(value));
  }
  template <typename T>
  static absl::Status SendCopy(const Channel<T>& channel, const T& value) {
    return channel.Send(Context::Background(), value);
  }
  template <typename T>
  static absl::Status TrySend(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    return channel.TrySend(std::move(value));
  }

  template <typename T>
  static absl::StatusOr<T> Receive(const Channel<T>& channel) {
    const CancelHandle alive = Context::Background().WithCancel();
    return channel.Receive(alive.context());
  }
  template <typename T>
  static absl::StatusOr<T> Receive(const Context& context, const Channel<T>& channel) {
    return channel.Receive(context);
  }
  template <typename T>
  static absl::StatusOr<T> ReceiveUntil(absl::Time deadline, const Channel<T>& channel) {
    const CancelHandle bounded = Context::Background().WithDeadline(deadline);
    return channel.Receive(bounded.context());
  }
  template <typename T>
  static absl::StatusOr<T> TryReceive(const Channel<T>& channel) {
    return channel.TryReceive();
  }
};

// Calls with a deadline. A deadline that has passed tries once.
struct DeadlinePath {
  static constexpr char kName[] = "Deadline";

  template <typename T>
  static absl::Status Send(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    return channel.SendUntil(FarAway(), std::move(value));
  }
  template <typename T>
  static absl::Status SendUntil(absl::Time deadline, const Channel<T>& channel, std::type_identity_t<T>&& value) {
    return channel.SendUntil(deadline, std::move(value));
  }
  template <typename T>
  static absl::Status SendCopy(const Channel<T>& channel, const T& value) {
    return channel.SendUntil(FarAway(), value);
  }
  template <typename T>
  static absl::Status TrySend(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const absl::Status sent = channel.SendUntil(absl::UnixEpoch(), std::move(value));
    return absl::IsDeadlineExceeded(sent) ? absl::ResourceExhaustedError("") : sent;
  }

  template <typename T>
  static absl::StatusOr<T> Receive(const Channel<T>& channel) {
    return channel.ReceiveUntil(FarAway());
  }
  template <typename T>
  static absl::StatusOr<T> ReceiveUntil(absl::Time deadline, const Channel<T>& channel) {
    return channel.ReceiveUntil(deadline);
  }
  template <typename T>
  static absl::StatusOr<T> TryReceive(const Channel<T>& channel) {
    absl::StatusOr<T> received = channel.ReceiveUntil(absl::UnixEpoch());
    if (absl::IsDeadlineExceeded(received.status())) return absl::UnavailableError("");
    return received;
  }

 private:
  static absl::Time FarAway() { return absl::Now() + absl::Hours(1); }
};

// The same calls, awaited by a coroutine for which this thread waits.
struct CoroutinePath {
  static constexpr char kName[] = "Coroutine";
  static constexpr int kCost = 10;  // Two threads meet for each call.

  template <typename T>
  static absl::Status Send(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const auto send = [](const Channel<T>* to, T* sent) -> Task<absl::Status> {
      co_return co_await to->AsyncSend(std::move(*sent));
    };
    return Spawn(Pool(), send(&channel, &value)).Join();
  }
  template <typename T>
  static absl::Status Send(const Context& context, const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const auto send = [](Context until, const Channel<T>* to, T* sent) -> Task<absl::Status> {
      co_return co_await to->AsyncSend(until, std::move(*sent));
    };
    return Spawn(Pool(), send(context, &channel, &value)).Join();
  }
  template <typename T>
  static absl::Status SendUntil(absl::Time deadline, const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const CancelHandle bounded = Context::Background().WithDeadline(deadline);
    return Send(bounded.context(), channel, std::move(value));
  }
  template <typename T>
  static absl::Status SendCopy(const Channel<T>& channel, const T& value) {
    const auto send = [](const Channel<T>* to, const T* sent) -> Task<absl::Status> {
      co_return co_await to->AsyncSend(*sent);
    };
    return Spawn(Pool(), send(&channel, &value)).Join();
  }
  template <typename T>
  static absl::Status TrySend(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    return channel.TrySend(std::move(value));
  }

  template <typename T>
  static absl::StatusOr<T> Receive(const Channel<T>& channel) {
    const auto receive = [](const Channel<T>* from) -> Task<absl::StatusOr<T>> {
      co_return co_await from->AsyncReceive();
    };
    return Spawn(Pool(), receive(&channel)).Join();
  }
  template <typename T>
  static absl::StatusOr<T> Receive(const Context& context, const Channel<T>& channel) {
    const auto receive = [](Context until, const Channel<T>* from) -> Task<absl::StatusOr<T>> {
      co_return co_await from->AsyncReceive(until);
    };
    return Spawn(Pool(), receive(context, &channel)).Join();
  }
  template <typename T>
  static absl::StatusOr<T> ReceiveUntil(absl::Time deadline, const Channel<T>& channel) {
    const CancelHandle bounded = Context::Background().WithDeadline(deadline);
    return Receive(bounded.context(), channel);
  }
  template <typename T>
  static absl::StatusOr<T> TryReceive(const Channel<T>& channel) {
    return channel.TryReceive();
  }

  static ThreadPool& Pool() {
    static ThreadPool& pool = *new ThreadPool(2);  // For as long as the process.
    return pool;
  }
};

// Cases of a select that a coroutine awaits, with a second one beside each that stays unready.
struct AsyncSelectPath : CoroutinePath {
  static constexpr char kName[] = "AsyncSelect";

  template <typename T>
  static absl::Status Send(const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const auto send = [](const Channel<T>* to, T* from) -> Task<absl::Status> {
      const Channel<int> idle;
      absl::StatusOr<int> none;
      absl::Status sent = absl::UnknownError("not chosen");
      co_await AsyncSelect(idle.OnReceive(&none), to->OnSend(from, &sent));
      co_return sent;
    };
    return Spawn(Pool(), send(&channel, &value)).Join();
  }
  template <typename T>
  static absl::Status Send(const Context& context, const Channel<T>& channel, std::type_identity_t<T>&& value) {
    const auto send = [](Context until, const Channel<T>* to, T* from) -> Task<absl::Status> {
      absl::Status sent = absl::UnknownError("not chosen");
      const int chosen = co_await AsyncSelectInOrder(until.OnDone(), to->OnSend(from, &sent));
      co_return chosen == 0 ? until.status() : sent;
    };
    return Spawn(Pool(), send(context, &channel, &value)).Join();
  }

  template <typename T>
  static absl::StatusOr<T> Receive(const Channel<T>& channel) {
    const CancelHandle alive = Context::Background().WithCancel();
    return Receive(alive.context(), channel);
  }
  template <typename T>
  static absl::StatusOr<T> Receive(const Context& context, const Channel<T>& channel) {
    const auto receive = [](Context until, const Channel<T>* from) -> Task<absl::StatusOr<T>> {
      std::optional<absl::StatusOr<T>> received;
      const int chosen = co_await AsyncSelectInOrder(
          until.OnDone(),
          from->OnReceive([&received](absl::StatusOr<T> value) { received.emplace(std::move(value)); }));
      if (chosen == 0) co_return until.status();
      co_return *std::move(received);
    };
    return Spawn(Pool(), receive(context, &channel)).Join();
  }
};

}  // namespace eventbus::testing

#endif  // EVENTBUS_TESTS_CONTRACT_ACCESS_PATHS_H_
