#include "eventbus/internal/ground/fail.h"

#include <cstdio>
#include <cstdlib>

namespace eventbus::internal {

void Fail(absl::string_view call, absl::string_view what_is_wrong) {
  std::fprintf(stderr, "eventbus: %.*s: %.*s\n", static_cast<int>(call.size()), call.data(),
               static_cast<int>(what_is_wrong.size()), what_is_wrong.data());
  std::abort();
}

}  // namespace eventbus::internal
