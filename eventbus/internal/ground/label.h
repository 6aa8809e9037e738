// What people know a thing by: where it was made, and a name, which most have not. Two words.

#ifndef EVENTBUS_INTERNAL_GROUND_LABEL_H_
#define EVENTBUS_INTERNAL_GROUND_LABEL_H_

#include <memory>
#include <string>
#include <utility>

#include "eventbus/source_location.h"

namespace eventbus::internal {

// A constant.
class Label {
 public:
  Label() = default;
  explicit Label(SourceLocation location, std::string name = {})
      : location_(location), name_(name.empty() ? nullptr : std::make_unique<const std::string>(std::move(name))) {}

  const SourceLocation& location() const { return location_; }

  // Empty if it has none. Lives as long as this.
  const std::string& name() const {
    static const std::string& none = *new std::string;
    return name_ ? *name_ : none;
  }

 private:
  SourceLocation location_;
  std::unique_ptr<const std::string> name_;
};

}  // namespace eventbus::internal

#endif  // EVENTBUS_INTERNAL_GROUND_LABEL_H_
