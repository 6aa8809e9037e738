// What reports for people are made of.

#ifndef EVENTBUS_INTERNAL_OBSERVING_WORDS_H_
#define EVENTBUS_INTERNAL_OBSERVING_WORDS_H_

#include <string>

#include "absl/time/time.h"
#include "eventbus/source_location.h"

namespace eventbus::internal {

// As in " (server.cc:120)"; empty if the location is not known.
std::string InBrackets(const SourceLocation& location);

// As in "5.0 s".
std::string InSeconds(absl::Duration duration);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_OBSERVING_WORDS_H_
