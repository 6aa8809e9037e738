#include "eventbus/held_mutex_report.h"

#include "absl/strings/str_cat.h"
#include "eventbus/internal/observing/words.h"

namespace eventbus {

std::string HeldMutexReport::ToString() const {
  return absl::StrCat(send.ToString(), " blocks while its thread holds mutex ", mutex, internal::InBrackets(location),
                      "\n");
}

}  // namespace eventbus
