// Where in the source something was made, as `std::source_location` says it. Compilers whose library does not have that, such as
// clang 14 with libstdc++, get a type with the same functions.
//
// A constructor that takes one as its last parameter, with the default `SourceLocation::current()`, knows where it was called.

#ifndef EVENTBUS_SOURCE_LOCATION_H_
#define EVENTBUS_SOURCE_LOCATION_H_

#include <version>

#ifdef __cpp_lib_source_location

#include <source_location>

namespace eventbus {

// One word. `line()` is 0 if it is nowhere.
using SourceLocation = std::source_location;

}  // namespace eventbus

#else

#include <cstdint>

namespace eventbus {

class SourceLocation {
 public:
  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          const char* function = __builtin_FUNCTION(),
                                          uint_least32_t line = __builtin_LINE()) noexcept {
    SourceLocation location;
    location.file_ = file;
    location.function_ = function;
    location.line_ = line;
    return location;
  }

  constexpr SourceLocation() noexcept = default;

  constexpr uint_least32_t line() const noexcept { return line_; }
  // Not known here.
  constexpr uint_least32_t column() const noexcept { return 0; }
  constexpr const char* file_name() const noexcept { return file_; }
  constexpr const char* function_name() const noexcept { return function_; }

 private:
  const char* file_ = "";
  const char* function_ = "";
  uint_least32_t line_ = 0;
};

}  // namespace eventbus

#endif

#endif  // EVENTBUS_SOURCE_LOCATION_H_
