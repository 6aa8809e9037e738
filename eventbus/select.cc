#include "eventbus/select.h"

#include "eventbus/internal/choosing/case_list.h"
#include "eventbus/internal/choosing/select_core.h"

namespace eventbus {

namespace internal {

namespace {

int SelectFrom(CaseList& list, Choice choice, Instant deadline) {
  const Selected selected = SelectAmong(list.arms(), choice, deadline);
  list.Finish(selected);
  return selected.index;
}

int SelectForEver(absl::string_view call, std::span<Case> cases, Choice choice) {
  CaseList list(cases);
  list.RequireReadiness(call);
  return SelectFrom(list, choice, Instant::Never());
}

int SelectUntilInstant(std::span<Case> cases, Instant deadline) {
  CaseList list(cases);
  return SelectFrom(list, Choice::kFair, deadline);
}

}  // namespace

}  // namespace internal

int Select(std::span<Case> cases) { return internal::SelectForEver("Select", cases, internal::Choice::kFair); }

int TrySelect(std::span<Case> cases) { return internal::SelectUntilInstant(cases, internal::Instant::Past()); }

int SelectUntil(absl::Time deadline, std::span<Case> cases) {
  return internal::SelectUntilInstant(cases, internal::ToInstant(deadline));
}

int SelectInOrder(std::span<Case> cases) {
  return internal::SelectForEver("SelectInOrder", cases, internal::Choice::kListed);
}

}  // namespace eventbus
