// One result for each input, computed several at a time, in the order of the inputs.
//
//   absl::StatusOr<std::vector<Page>> pages = ParallelMap(
//       context, urls, {.limit = 8}, [](const Context& context, const Url& url) { return Fetch(context, url); });
//
// Use it where all results are needed. For the first few, or in the order in which they come, `Gather`; for tasks that give no
// values, `ErrorGroup`.
//
// Guarantees: `limit` tasks at most, each of which takes the next input that nobody has taken. The first error stops the rest: no
// further input is taken, the context that the function gets is cancelled with the error as its cause, and the error is what is
// returned. So is the end of `context`. An exception counts as `kInternal` with its text, or is thrown if so wished. When this
// returns nothing runs any more, and nothing refers to the inputs.
//
// Blocks. The function is called by several threads at once, with no lock held; it gets the group's context, if it takes one, and a
// reference to an input. Cost: a task of an `ErrorGroup` for each of `limit`, not for each input; one array for the results.

#ifndef EVENTBUS_PARALLEL_MAP_H_
#define EVENTBUS_PARALLEL_MAP_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventbus/context.h"
#include "eventbus/error_group.h"
#include "eventbus/executor.h"
#include "eventbus/internal/groups/next_index.h"

namespace eventbus {

struct ParallelMapOptions {
  // How many inputs are worked on at once: at least 1.
  int limit = 1;
  // Where. Not one whose threads could all wait here. Null: threads of its own.
  Executor* executor = nullptr;
  // For people: in statuses.
  std::string name = {};
  // If what failed first was an exception, throws it.
  bool rethrow = false;
};

namespace internal {

template <typename T>
struct MappedValue {
  using type = T;
};
template <typename T>
struct MappedValue<absl::StatusOr<T>> {
  using type = T;
};

template <typename Function, typename Input>
decltype(auto) CallMap(const Function& function, const Context& context, const Input& input) {
  if constexpr (std::invocable<const Function&, const Context&, const Input&>) {
    return std::invoke(function, context, input);
  } else {
    return std::invoke(function, input);
  }
}

template <typename Function, typename Input>
using MapResult = typename MappedValue<std::remove_cvref_t<decltype(CallMap(
    std::declval<const Function&>(), std::declval<const Context&>(), std::declval<const Input&>()))>>::type;

}  // namespace internal

// `inputs` is an array of some kind: a `std::vector`, a `std::span`. `function(context, input)` or `function(input)` gives an `R` or
// a `StatusOr<R>`; the results are a `std::vector<R>`. A limit below 1 fails at once.
template <std::ranges::random_access_range Inputs, typename Function>
auto ParallelMap(const Context& context, const Inputs& inputs, ParallelMapOptions options, const Function& function)
    -> absl::StatusOr<std::vector<internal::MapResult<Function, std::ranges::range_value_t<Inputs>>>> {
  using Result = internal::MapResult<Function, std::ranges::range_value_t<Inputs>>;
  internal::CheckMapLimit(options.limit);
  const auto count = static_cast<size_t>(std::ranges::size(inputs));
  std::vector<std::optional<Result>> results(count);
  internal::NextIndex next(count);
  absl::Status started;
  absl::Status ended;
  {
    ErrorGroup group(context,
                     {.name = std::move(options.name), .executor = options.executor, .rethrow = options.rethrow});
    for (size_t i = std::min(static_cast<size_t>(options.limit), count); i > 0 && started.ok(); --i) {
      started = group.Go([&](const Context& tasks) -> absl::Status {
        while (const std::optional<size_t> at = next.Take()) {
          if (tasks.done()) return tasks.status();
          absl::StatusOr<Result> result = internal::CallMap(function, tasks, std::ranges::begin(inputs)[*at]);
          if (!result.ok()) return result.status();
          results[*at].emplace(*std::move(result));
        }
        return absl::OkStatus();
      });
    }
    ended = group.Wait();
  }
  if (!ended.ok()) return ended;
  std::vector<Result> values;
  values.reserve(count);
  for (std::optional<Result>& result : results) {
    if (!result) return started;  // Nobody could be started any more.
    values.push_back(*std::move(result));
  }
  return values;
}

}  // namespace eventbus

#endif  // EVENTBUS_PARALLEL_MAP_H_
