#include "eventbus/internal/observing/words.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace eventbus::internal {

std::string InBrackets(const SourceLocation& location) {
  if (location.line() == 0) return {};
  absl::string_view file = location.file_name();
  if (const size_t slash = file.rfind('/'); slash != absl::string_view::npos) file.remove_prefix(slash + 1);
  return absl::StrCat(" (", file, ":", location.line(), ")");
}

std::string InSeconds(absl::Duration duration) {
  const int64_t tenths = absl::ToInt64Milliseconds(duration + absl::Milliseconds(50)) / 100;
  return absl::StrCat(tenths / 10, ".", tenths % 10, " s");
}

}  // namespace eventbus::internal
