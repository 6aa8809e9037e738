#include "eventbus/waiter_info.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "eventbus/internal/observing/words.h"

namespace eventbus {

using internal::InBrackets;
using internal::InSeconds;

std::string QueueFill::ToString() const {
  const bool limited = capacity != std::numeric_limits<size_t>::max();
  return absl::StrCat("queue ", size, limited ? absl::StrCat(" of ", capacity) : "");
}

std::string WaitedFor::ToString() const {
  return absl::StrCat(what, name.empty() ? "" : " ", name, InBrackets(location), queue ? ", " : "",
                      queue ? queue->ToString() : "");
}

std::string SlowSubscriber::Who() const {
  return absl::StrCat("subscriber ", name.empty() ? absl::StrCat(subscription) : name, InBrackets(location));
}

std::string SlowSubscriber::ToString() const { return absl::StrCat(Who(), ", ", queue.ToString()); }

std::string WaiterInfo::ToString() const {
  constexpr auto kWords = [](std::string* out, const auto& thing) { absl::StrAppend(out, thing.ToString()); };
  std::string text =
      absl::StrCat(thread ? absl::StrCat("thread ", *thread) : "a coroutine", ", for ", InSeconds(waited),
                   things.size() > 1 ? ": the first of: " : ": ", absl::StrJoin(things, "; ", kWords));
  if (!not_taken_by.empty()) {
    absl::StrAppend(&text, "; event ", event, " not taken by ", absl::StrJoin(not_taken_by, "; ", kWords));
  }
  return text;
}

}  // namespace eventbus
