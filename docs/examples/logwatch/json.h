// Text as JSON.

#ifndef DOCS_EXAMPLES_LOGWATCH_JSON_H_
#define DOCS_EXAMPLES_LOGWATCH_JSON_H_

#include <string>

#include "absl/strings/string_view.h"

namespace logwatch {

// `bytes` as a JSON string, with its quotes. Each byte that does not belong to a character in UTF-8 becomes \ufffd, the
// replacement character.
std::string JsonString(absl::string_view bytes);

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_JSON_H_
