// Names of topics, and patterns for them.
//
//   name       one or more tokens with dots between them: "orders.eu.filled"
//   token      one or more characters, none of them a dot, a space, a control character, '*' or '>'
//   pattern    a name in which "*" may stand for any one token, and ">", as the last, for one or more
//
// So "orders.*" is for "orders.eu" and neither for "orders" nor for "orders.eu.filled"; "orders.>" is for both of the longer
// names.
//
// Origin: the subjects of NATS, which allow a '*' within a token and give it no meaning; here it is refused.

#ifndef EVENTBUS_INTERNAL_BUS_SUBJECT_H_
#define EVENTBUS_INTERNAL_BUS_SUBJECT_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace eventbus::internal {

// In characters. It bounds how deep a trie of subjects is.
inline constexpr size_t kLongestSubject = 1024;

// OK; or `kInvalidArgument` that says what is wrong with it.
absl::Status CheckName(absl::string_view name);
absl::Status CheckPattern(absl::string_view pattern);

// Whether `subject`, a name or a pattern, has a wildcard.
bool HasWildcard(absl::string_view subject);

// The first token of `subject`, which is cut off with its dot. Requires that `subject` is not empty.
absl::string_view PopToken(absl::string_view& subject);

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_BUS_SUBJECT_H_
