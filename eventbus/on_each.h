// A handler for the values of a channel, called on an executor: a receiver without a thread.
//
//   Spawned<absl::Status> indexer = blocks.OnEach(pool, [&](Block block) { index.Add(std::move(block)); },
//                                                 {.name = "indexer"});
//   ...
//   blocks.Close();
//   absl::Status status = indexer.Join();   // every value has been handled
//
// One call at a time, in the order of the channel. Each value goes to one receiver, as with `Receive`: several handlers of
// one channel share its values. For all values to everyone, subscribe handlers to a feed (`feed.h`).
//
// The handle (`task.h`) joins or stops it; destroying the handle stops it. No call begins once `Stop` has returned, and none
// is in progress unless `Stop` was called from inside it. What is in the channel stays there.
//
// | ends | `Join` gives |
// |---|---|
// | the channel was closed, and every value handled | OK |
// | a call failed, with `ends_on_error` | its status |
// | `Stop` | `kCancelled` |
// | the executor was shut down | `kUnavailable` |
//
// Cost: two allocations for the handler's life, none for a value. After many values in a row others of the executor go
// first.

#ifndef EVENTBUS_ON_EACH_H_
#define EVENTBUS_ON_EACH_H_

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "eventbus/channel.h"
#include "eventbus/executor.h"
#include "eventbus/internal/channel/channel_handle.h"
#include "eventbus/internal/ground/safe_status.h"
#include "eventbus/internal/ground/status_of_call.h"
#include "eventbus/receive_channel.h"
#include "eventbus/task.h"

namespace eventbus {

struct OnEachOptions {
  // For people: in statuses.
  std::string name = {};
  // Called after each call of the handler that failed, in the same thread, with the status or, for an exception,
  // `kInternal`. What it throws is ignored.
  absl::AnyInvocable<void(const absl::Status& error)> on_error = {};
  // Whether such a failure ends the handler.
  bool ends_on_error = false;
};

// What can be called with each `T` of a channel: gives nothing or an `absl::Status`.
template <typename Handler, typename T>
concept EachHandlerOf = std::invocable<Handler&, T> &&
    (std::is_void_v<std::invoke_result_t<Handler&, T>> ||
     std::convertible_to<std::invoke_result_t<Handler&, T>, absl::Status>);

namespace internal {

template <typename T, typename Handler>
Task<absl::Status> HandleEach(ReceiveChannel<T> channel, Handler handler, OnEachOptions options) {
  while (std::optional<T> value = co_await channel.AsyncNext()) {
    const absl::Status status = StatusOfCall([&] { return handler(*std::move(value)); },
                                             [&](absl::string_view what) {
                                               return SafeStatus(absl::StatusCode::kInternal, [&] {
                                                 return absl::StrCat("OnEach: the handler '", options.name, "' threw",
                                                                     what.empty() ? "" : ": ", what);
                                               });
                                             });
    if (status.ok()) continue;
    if (options.on_error) {
      StatusOfCall([&] { options.on_error(status); }, [](absl::string_view) { return absl::OkStatus(); }).IgnoreError();
    }
    if (options.ends_on_error) co_return status;
  }
  co_return absl::OkStatus();
}

}  // namespace internal

template <typename Self, typename T>
template <typename Handler>
auto ReceiveSide<Self, T>::OnEach(Executor& executor, Handler handler) const {
  return OnEach(executor, std::move(handler), OnEachOptions());
}

template <typename Self, typename T>
template <typename Handler>
auto ReceiveSide<Self, T>::OnEach(Executor& executor, Handler handler, OnEachOptions options) const {
  static_assert(EachHandlerOf<Handler, T>,
                "eventbus: the handler is called with a T and gives nothing or an absl::Status");
  self().Core("OnEach");
  return Spawn(executor, internal::HandleEach<T>(internal::ChannelAccess::Make<ReceiveChannel<T>>(self().core_),
                                                 std::move(handler), std::move(options)));
}

}  // namespace eventbus

#endif  // EVENTBUS_ON_EACH_H_
