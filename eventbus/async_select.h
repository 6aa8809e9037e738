// `Select` for tasks.
//
//   absl::StatusOr<Order> order;
//   switch (co_await AsyncSelect(orders.OnReceive(&order), context.OnDone())) {
//     case 0: ...
//     case 1: ...
//   }
//
// As `Select` (`select.h`) in everything but this: while nothing is ready it suspends the task (`task.h`) and blocks no
// thread; the handler of the case that took effect runs in the task. If the task is stopped while it waits, no case took
// effect; what one had received in that instant is destroyed.
//
// Cost: as `Select`; about a kilobyte of the task's frame. Deadlines and timers are waited for by a thread that the process
// has for all of them.

#ifndef EVENTBUS_ASYNC_SELECT_H_
#define EVENTBUS_ASYNC_SELECT_H_

#include <array>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <span>
#include <utility>

#include "absl/strings/string_view.h"
#include "eventbus/case.h"
#include "eventbus/internal/choosing/async_select.h"
#include "eventbus/internal/choosing/case_list.h"
#include "eventbus/internal/choosing/select_core.h"
#include "eventbus/internal/waiting/async_operation.h"
#include "eventbus/internal/waiting/coroutine_activity.h"

namespace eventbus {

namespace internal {

class SelectAwaiter {
 public:
  SelectAwaiter(absl::string_view call, std::span<Case> cases, Choice choice)
      : list_(cases), wait_(list_.arms(), choice) {
    list_.RequireReadiness(call);
  }
  ~SelectAwaiter() {
    if (resumed_) return;
    wait_.Withdraw();
    list_.Drop(wait_.selected());
  }

  bool await_ready() { return false; }
  template <ActivePromise Promise>
  bool await_suspend(std::coroutine_handle<Promise> here) {
    return here.promise().activity().Await(wait_, here);
  }
  int await_resume() {
    resumed_ = true;
    const Selected selected = wait_.Resume();
    list_.Finish(selected);
    return selected.index;
  }

 private:
  CaseList list_;
  AsyncSelectWait wait_;
  bool resumed_ = false;
};

using AsyncSelection = AsyncOperation<SelectAwaiter, absl::string_view, std::span<Case>, Choice>;

// The same with the cases in it.
template <size_t n>
class OwnedCases {
 protected:
  explicit OwnedCases(std::array<Case, n> cases) : cases_(std::move(cases)) {}
  std::array<Case, n> cases_;
};

template <size_t n>
class OwningSelectAwaiter : private OwnedCases<n>, public SelectAwaiter {
 public:
  OwningSelectAwaiter(absl::string_view call, std::array<Case, n> cases, Choice choice)
      : OwnedCases<n>(std::move(cases)), SelectAwaiter(call, this->cases_, choice) {}
};

// Of one case and `rest` others.
template <size_t rest>
using AsyncSelectionOf =
    AsyncOperation<OwningSelectAwaiter<rest + 1>, absl::string_view, std::array<Case, rest + 1>, Choice>;

template <typename... Cases>
AsyncSelectionOf<sizeof...(Cases) - 1> SelectionOf(absl::string_view call, Choice choice, Cases... cases) {
  return AsyncSelectionOf<sizeof...(Cases) - 1>(call, std::array<Case, sizeof...(Cases)>{std::move(cases)...}, choice);
}

}  // namespace internal

// `co_await` gives the index of the case that took effect; of several that are ready, a fair random choice. Borrows
// `cases` until then. Fails at once if none of them can ever be ready.
inline internal::AsyncSelection AsyncSelect(std::span<Case> cases) {
  return internal::AsyncSelection("AsyncSelect", cases, internal::Choice::kFair);
}

// The same, but of several that are ready takes the first listed.
inline internal::AsyncSelection AsyncSelectInOrder(std::span<Case> cases) {
  return internal::AsyncSelection("AsyncSelectInOrder", cases, internal::Choice::kListed);
}

// The same for cases written in place, which it keeps. Not a list in braces, which some compilers cannot await.
template <std::same_as<Case>... Cases>
internal::AsyncSelectionOf<sizeof...(Cases)> AsyncSelect(Case first, Cases... rest) {
  return internal::SelectionOf("AsyncSelect", internal::Choice::kFair, std::move(first), std::move(rest)...);
}
template <std::same_as<Case>... Cases>
internal::AsyncSelectionOf<sizeof...(Cases)> AsyncSelectInOrder(Case first, Cases... rest) {
  return internal::SelectionOf("AsyncSelectInOrder", internal::Choice::kListed, std::move(first), std::move(rest)...);
}

}  // namespace eventbus

#endif  // EVENTBUS_ASYNC_SELECT_H_
