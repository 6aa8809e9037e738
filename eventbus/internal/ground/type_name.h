// The name of a type as a person wrote it, for messages. Needs no run-time type information.

#ifndef EVENTBUS_INTERNAL_GROUND_TYPE_NAME_H_
#define EVENTBUS_INTERNAL_GROUND_TYPE_NAME_H_

#include "absl/strings/string_view.h"

namespace eventbus::internal {

template <typename T>
const char* FunctionNamedAfter() {
  return __PRETTY_FUNCTION__;
}

// For `int`: "int". The compiler prints a type's name in the middle of a text that is otherwise the same for every
// type, so what surrounds a known name surrounds them all.
template <typename T>
absl::string_view TypeName() {
  constexpr absl::string_view known = "double";
  const absl::string_view probe = FunctionNamedAfter<double>();
  const size_t before = probe.find(known);
  const size_t around = probe.size() - known.size();
  const absl::string_view text = FunctionNamedAfter<T>();
  return text.substr(before, text.size() - around);
}

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_TYPE_NAME_H_
