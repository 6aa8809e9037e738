#include "eventbus/stall_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "eventbus/internal/observing/words.h"

namespace eventbus {

using internal::InBrackets;
using internal::InSeconds;

std::string StallReport::ToString() const {
  constexpr size_t kMost = 3;
  const std::string who = feed.empty() ? absl::StrCat("a feed", InBrackets(location)) : absl::StrCat("feed ", feed);
  const bool full = cause == Cause::kQueueIsFull;
  std::string text;
  for (size_t i = 0; i < std::min(not_taken_by.size(), kMost); ++i) {
    const SlowSubscriber& subscriber = not_taken_by[i];
    absl::StrAppend(&text, who, ": ", subscriber.Who(),
                    full ? " has not taken event " : " has not returned from event ", event, " for ", InSeconds(waited),
                    full ? ", " : "", full ? subscriber.queue.ToString() : "", ", ", senders_waiting,
                    senders_waiting == 1 ? " sender waiting" : " senders waiting",
                    left_out > 0 && i == 0 ? absl::StrCat(" (", left_out, " reports left out)") : "", "\n");
  }
  if (not_taken_by.size() > kMost) {
    absl::StrAppend(&text, who, ": and ", not_taken_by.size() - kMost, " more have not taken event ", event, "\n");
  }
  return text;
}

}  // namespace eventbus
