#include "eventbus/dump_waiters.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "eventbus/internal/waiting/blocked_list.h"
#include "eventbus/internal/waiting/coroutine_activity.h"

namespace eventbus {

std::string WaiterDump::ToString() const {
  std::string text = absl::StrCat(waiters.size(), waiters.size() == 1 ? " waits\n" : " wait\n");
  for (const WaiterInfo& waiter : waiters) absl::StrAppend(&text, waiter.ToString(), "\n");
  return text;
}

WaiterDump DumpWaiters() {
  WaiterDump dump;
  internal::BlockedList::Get().Describe(dump.waiters);
  internal::CoroutineActivity::DescribeAll(dump.waiters);
  std::stable_sort(dump.waiters.begin(), dump.waiters.end(),
                   [](const WaiterInfo& a, const WaiterInfo& b) { return a.waited > b.waited; });
  return dump;
}

}  // namespace eventbus
